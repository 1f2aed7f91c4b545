"""E-mail: as text and as HTML, over Django's mail framework."""

import contextlib
import hashlib
import smtplib
import threading
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.smtp import EmailBackend as SmtpBackend
from django.template.loader import render_to_string

from notify.models import Message
from notify.registry import Text
from notify.rules.text import absolute_link, one_line
from notify.transports.base import (
    MAX_HANGING,
    PermanentFailure,
    TemporaryFailure,
    hang_up,
    within,
)

SMTP_PERMANENT = 500
_slots = threading.BoundedSemaphore(MAX_HANGING)


class EmailTransport:
    """Django's mail framework; an SMTP connection serves several messages until one fails."""

    def __init__(self) -> None:
        self._backend: Any = None

    def send(self, messages: Sequence[Message], text: Text) -> None:
        mail = compose(messages, text)
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
            within(
                settings.NOTIFY_SEND_SECONDS,
                send,
                interrupt=lambda: hang_up(_socket_of(backend)),
                slots=_slots,
            )
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
                    interrupt=lambda: hang_up(_socket_of(backend)),
                    slots=_slots,
                )


def compose(messages: Sequence[Message], text: Text) -> EmailMultiAlternatives:
    """The mail, as text and as HTML, with one thing to do; a digest has a link in each line too.

    Its Message-ID is the same at every try of the same messages.
    """
    recipient = messages[0].recipient
    if recipient is None:
        raise AssertionError("only a person has a mailbox")
    subject = one_line(text.subject)
    mail = EmailMultiAlternatives(
        subject,
        render_to_string("notify/mail.txt", {"mail": _lettered(text), "recipient": recipient}),
        to=[recipient.email],
        headers={
            "Message-ID": f"<handoff.{_name_of(messages)}@{urlsplit(settings.SITE_URL).hostname}>",
            "X-Handoff-Message": ", ".join(str(message.pk) for message in messages),
            # Holiday notices and the like must not be sent in answer.
            "Auto-Submitted": "auto-generated",
        },
    )
    html = render_to_string("notify/mail.html", {"mail": _lettered(text), "recipient": recipient})
    mail.attach_alternative(html, "text/html")
    return mail


def _lettered(text: Text) -> dict[str, Any]:
    """What the templates need of a text: one line where it must be, and whole links."""
    return {
        "subject": one_line(text.subject),
        "body": text.body,
        "tone": text.tone,
        "action": one_line(text.action),
        "link": absolute_link(settings.SITE_URL, text.path),
        "lines": [_lettered(line) for line in text.lines],
    }


def _name_of(messages: Sequence[Message]) -> str:
    if len(messages) == 1:
        return f"message.{messages[0].pk}"
    ids = ",".join(str(pk) for pk in sorted(message.pk for message in messages))
    return f"digest.{hashlib.sha256(ids.encode()).hexdigest()[:32]}"


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


def _socket_of(backend: Any) -> Any:
    return getattr(getattr(backend, "connection", None), "sock", None)
