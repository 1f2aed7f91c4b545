"""The mail address (EMAIL_URL) to Django's mail settings."""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from config.env import EnvironmentProblem, port_of

SMTP_PORT = 25
SUBMISSION_PORT = 587
SMTPS_PORT = 465


@dataclass(frozen=True, slots=True)
class MailSettings:
    backend: str
    file_path: str | None = None
    host: str = "localhost"
    port: int = SMTP_PORT
    user: str = ""
    password: str = ""
    use_tls: bool = False
    use_ssl: bool = False


def mail_settings(url: str, folder: Path) -> MailSettings:
    """`smtp://`, `smtp+tls://` (STARTTLS) or `smtps://` with user:password@host:port.

    `file:` writes each mail into `folder`; an empty address is a mail server on this machine.
    """
    parts = urlsplit(url or "smtp://localhost")
    if parts.scheme == "file":
        return MailSettings("django.core.mail.backends.filebased.EmailBackend", str(folder))
    ports = {"smtp": SMTP_PORT, "smtp+tls": SUBMISSION_PORT, "smtps": SMTPS_PORT}
    if parts.scheme not in ports:
        raise EnvironmentProblem(
            "EMAIL_URL must begin with smtp://, smtp+tls://, smtps:// or file:"
        )
    if parts.query:
        # Some libraries read options there; ignoring one would send a password in the clear.
        raise EnvironmentProblem(
            "EMAIL_URL takes no options after ?; for STARTTLS it begins with smtp+tls://"
        )
    return MailSettings(
        "django.core.mail.backends.smtp.EmailBackend",
        host=parts.hostname or "localhost",
        port=port_of(parts, "EMAIL_URL") or ports[parts.scheme],
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        use_tls=parts.scheme == "smtp+tls",
        use_ssl=parts.scheme == "smtps",
    )
