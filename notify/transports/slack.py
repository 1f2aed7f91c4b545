"""Slack's incoming webhooks: one address for each person or team, one POST for each message.

The standard library's client does what is needed here: it follows no redirect, takes no proxy
from the environment and checks certificates.
"""

import http.client
import json
import threading
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from django.conf import settings

from notify import selectors
from notify.models import Destination, Message
from notify.registry import Text
from notify.rules.text import absolute_link, one_line
from notify.rules.webhook import (
    Webhook,
    error_code,
    escaped,
    escaped_within,
    read_webhook,
    retry_after_seconds,
)
from notify.transports.base import (
    MAX_HANGING,
    DestinationGone,
    NowhereToSend,
    PermanentFailure,
    TemporaryFailure,
    hang_up,
    http_connection,
    within,
)

# More of an answer is not read.
ANSWER_BYTES = 64 * 1024
# Slack refuses a block with more than 3,000 characters and a button with more than 75.
BLOCK_LENGTH = 2_900
# A hundred lines of this fit into the fifty blocks that it takes.
LINE_LENGTH = 600
BODY_LENGTH = 2_000
BUTTON_LENGTH = 70
GONE = frozenset({HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND, HTTPStatus.GONE})
PASSING = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS})

_slots = threading.BoundedSemaphore(MAX_HANGING)


class SlackTransport:
    """A connection of its own for every message: there are few for each address."""

    def send(self, messages: Sequence[Message], text: Text) -> None:
        destination = selectors.live_destination(messages[0])
        if destination is None:
            raise NowhereToSend("There is no Slack address to send it to now.")
        webhook = read_webhook(destination.secret, settings.NOTIFY_SLACK_HOSTS)
        if webhook is None:
            raise TemporaryFailure("The address is on none of the hosts in NOTIFY_SLACK_HOSTS.")
        _judge(_post(webhook, json.dumps(compose(text)).encode()), destination)

    def close(self) -> None:
        """Nothing is kept open."""


class Answer:
    """What came back: the status, what was asked for, and the beginning of the body."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status = response.status
        self.retry_after = retry_after_seconds(response.getheader("Retry-After"))
        self.code = error_code(response.read(ANSWER_BYTES))


def _post(webhook: Webhook, body: bytes) -> Answer:
    connection = http_connection(
        webhook.host, webhook.port, is_tls=webhook.is_tls, seconds=settings.NOTIFY_SEND_SECONDS
    )
    answers: list[Answer] = []

    def work() -> None:
        try:
            headers = {"Content-Type": "application/json; charset=utf-8", "Connection": "close"}
            connection.request("POST", webhook.path, body, headers)
            answers.append(Answer(connection.getresponse()))
        finally:
            connection.close()

    try:
        within(
            settings.NOTIFY_SEND_SECONDS,
            work,
            interrupt=lambda: hang_up(connection.sock),
            slots=_slots,
        )
    except (OSError, http.client.HTTPException) as error:
        raise TemporaryFailure(f"Slack could not be reached: {type(error).__name__}") from error
    return answers[0]


def _judge(answer: Answer, destination: Destination) -> None:
    """Raise the failure that the answer means, if any. A redirect is a refusal."""
    if HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES:
        return
    reason = f"Slack answered {answer.status} {answer.code}".rstrip()
    if answer.status in GONE:
        raise DestinationGone(reason, destination)
    if answer.status in PASSING or answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise TemporaryFailure(reason, retry_after=answer.retry_after)
    raise PermanentFailure(reason)


def compose(text: Text) -> dict[str, Any]:
    """The message as Slack takes it, with one button; a digest has a link in each line too."""
    subject = escaped(one_line(text.subject))
    words = [f"*{subject}*"]
    if text.body:
        words.append(escaped_within(text.body, BODY_LENGTH))
    blocks = [_section(part) for part in _parts([*words, *map(_line, text.lines)])]
    if text.path:
        blocks.append({"type": "actions", "elements": [_button(text)]})
    # The text is what a notification shows; the blocks are what the channel shows.
    return {"text": subject, "blocks": blocks, "unfurl_links": False, "unfurl_media": False}


def _section(words: str) -> dict[str, Any]:
    # Verbatim: names of channels and people in a text stay words.
    return {"type": "section", "text": {"type": "mrkdwn", "text": words, "verbatim": True}}


def _button(text: Text) -> dict[str, Any]:
    return {
        "type": "button",
        "text": {"type": "plain_text", "text": one_line(text.action, BUTTON_LENGTH)},
        "url": absolute_link(settings.SITE_URL, text.path),
        "style": "primary",
    }


def _line(text: Text) -> str:
    words = escaped_within(one_line(text.subject), LINE_LENGTH)
    # A bar would end the address, so it is written as browsers write it.
    link = absolute_link(settings.SITE_URL, text.path).replace("|", "%7C")
    return f"• <{escaped(link)}|{words}>" if link else f"• {words}"


def _parts(lines: Sequence[str]) -> list[str]:
    """The lines put together into as few blocks as hold them; none of them is cut."""
    parts = [lines[0]]
    for line in lines[1:]:
        if len(parts[-1]) + 1 + len(line) <= BLOCK_LENGTH:
            parts[-1] += f"\n{line}"
        else:
            parts.append(line)
    return parts
