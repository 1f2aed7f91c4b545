"""The ways out of the house. A transport raises TemporaryFailure or PermanentFailure, or sends."""

import contextlib
import smtplib
import socket
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any, Protocol, Self
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.smtp import EmailBackend as SmtpBackend
from django.template.loader import render_to_string

from notify.choices import Channel
from notify.models import Message
from notify.registry import Text
from notify.rules.text import absolute_link, one_line

SMTP_PERMANENT = 500
# Tries that hang where nobody can interrupt them, such as in a name lookup, end by themselves;
# until then no more than this many are left behind.
MAX_HANGING = 4


class TemporaryFailure(Exception):
    """The message did not go out, and a later try may succeed."""


class PermanentFailure(Exception):
    """The receiving side will not take this message, now or later."""


class Transport(Protocol):
    def send(self, message: Message, text: Text) -> None:
        """Hand the text over within `NOTIFY_SEND_SECONDS`, or raise one of the two failures."""

    def close(self) -> None: ...


class EmailTransport:
    """Django's mail framework; an SMTP connection serves several messages until one fails."""

    def __init__(self) -> None:
        self._backend: Any = None

    def send(self, message: Message, text: Text) -> None:
        mail = compose(message, text)
        backend = self._backend or get_connection(timeout=settings.NOTIFY_SEND_SECONDS)
        # A connection on which something went wrong is in an unknown state, and is not reused.
        self._backend = None
        is_smtp = isinstance(backend, SmtpBackend)

        def send() -> None:
            try:
                if is_smtp:
                    # What was opened before stays open after.
                    backend.open()
                backend.send_messages([mail])
            except Exception:
                _close(backend)
                raise

        try:
            within(settings.NOTIFY_SEND_SECONDS, send, interrupt=lambda: _hang_up(backend))
        except (OSError, ValueError, smtplib.SMTPException) as error:
            raise _failure(error) from error
        if is_smtp:
            self._backend = backend

    def close(self) -> None:
        backend, self._backend = self._backend, None
        if backend is not None:
            with contextlib.suppress(TemporaryFailure):
                within(
                    settings.NOTIFY_SEND_SECONDS,
                    lambda: _close(backend),
                    interrupt=lambda: _hang_up(backend),
                )


def compose(message: Message, text: Text) -> EmailMultiAlternatives:
    """The mail, as text and as HTML, with one link; its Message-ID is the same at every try."""
    host = urlsplit(settings.SITE_URL).hostname
    subject = one_line(text.subject)
    context = {
        "subject": subject,
        "body": text.body,
        "action": one_line(text.action),
        "link": absolute_link(settings.SITE_URL, text.path),
        "recipient": message.recipient,
    }
    mail = EmailMultiAlternatives(
        subject,
        render_to_string("notify/mail.txt", context),
        to=[message.recipient.email],
        headers={
            "Message-ID": f"<handoff.message.{message.pk}@{host}>",
            "X-Handoff-Message": str(message.pk),
            # Holiday notices and the like must not be sent in answer.
            "Auto-Submitted": "auto-generated",
        },
    )
    mail.attach_alternative(render_to_string("notify/mail.html", context), "text/html")
    return mail


def _failure(error: Exception) -> TemporaryFailure | PermanentFailure:
    """What a refusal means for this message. A server that refuses us all may be set right."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        answers = [
            one_line(f"{code} {_text(answer)}") for code, answer in error.recipients.values()
        ]
        is_final = all(code >= SMTP_PERMANENT for code, _ in error.recipients.values())
        reason = f"The mail server refused the address: {'; '.join(answers)}"
        return PermanentFailure(reason) if is_final else TemporaryFailure(reason)
    if isinstance(error, smtplib.SMTPResponseException):
        reason = f"The mail server answered {error.smtp_code} {_text(error.smtp_error)}"
        if isinstance(error, smtplib.SMTPDataError) and error.smtp_code >= SMTP_PERMANENT:
            return PermanentFailure(reason)
        return TemporaryFailure(reason)
    if isinstance(error, ValueError):
        return PermanentFailure(f"The mail cannot be written: {error}")
    return TemporaryFailure(f"The mail server could not be used: {type(error).__name__}: {error}")


def _text(answer: bytes | str) -> str:
    return answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer


def _close(backend: Any) -> None:
    # The server may be gone already, and then there is nobody to take leave of.
    with contextlib.suppress(OSError, smtplib.SMTPException):
        backend.close()


def _hang_up(backend: Any) -> None:
    """Wake a thread that waits for the mail server: its read ends at once, and it cleans up."""
    connected = getattr(getattr(backend, "connection", None), "sock", None)
    if connected is not None:
        with contextlib.suppress(OSError):
            connected.shutdown(socket.SHUT_RDWR)


_hanging = threading.BoundedSemaphore(MAX_HANGING)


def within(seconds: float, work: Callable[[], None], *, interrupt: Callable[[], None]) -> None:
    """Do the work, or raise TemporaryFailure after so many seconds whatever it waits for.

    The timeout of a socket holds for each read, and none holds for a name lookup, so the work
    is done in a thread that is left behind, after `interrupt`, when the time is over.
    """
    if not _hanging.acquire(blocking=False):
        raise TemporaryFailure("Not tried: earlier tries still hang.")
    errors: list[Exception] = []

    def run() -> None:
        try:
            work()
        except Exception as error:  # noqa: BLE001  # raised again by the caller's thread
            errors.append(error)
        finally:
            _hanging.release()

    thread = threading.Thread(target=run, name="notify-send", daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        interrupt()
        raise TemporaryFailure(f"No answer within {seconds:g} seconds.")
    if errors:
        raise errors[0]


TRANSPORTS: dict[str, Callable[[], Transport]] = {Channel.EMAIL: EmailTransport}


class Transports:
    """One transport for each channel, made when it is first needed and closed at the end."""

    def __init__(self) -> None:
        self._open: dict[str, Transport] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for transport in self._open.values():
            transport.close()

    def of(self, message: Message) -> Transport:
        if message.channel not in self._open:
            self._open[message.channel] = TRANSPORTS[message.channel]()
        return self._open[message.channel]
