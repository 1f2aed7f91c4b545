"""A mail server that keeps what it takes and misbehaves as a test says."""

import asyncio
import contextlib
import email
from collections import Counter
from collections.abc import Callable, Iterator
from email.message import Message
from typing import Any

from aiosmtpd.controller import Controller

from tests.support.servers import START_SECONDS, free_port

OK = "250 OK"


class Mailbox:
    """What arrived, and how the next mails are answered.

    `recipients` maps an address to the answer that it gets; `sender` is the answer to every
    MAIL FROM; `on_data` is called with the parsed mail before the answer to it, and may return
    another answer. While `hang` is set no mail that was taken is answered; while `hang_quit` is
    set nobody is let go.
    """

    def __init__(self) -> None:
        self.mails: list[Message] = []
        self.connections = 0
        self.recipients: dict[str, str] = {}
        self.sender: str | None = None
        self.on_data: Callable[[Message], str | None] | None = None
        self.hang = False
        self.hang_quit = False
        self.port = 0

    def ids(self) -> Counter[str]:
        """How often each message of the outbox arrived, alone or in a digest."""
        listed = [pk for mail in self.mails for pk in mail["X-Handoff-Message"].split(",")]
        return Counter(pk.strip() for pk in listed)

    async def handle_EHLO(
        self, server: Any, session: Any, envelope: Any, hostname: str, responses: list[str]
    ) -> list[str]:
        self.connections += 1
        session.host_name = hostname
        return responses

    async def handle_MAIL(
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        if self.sender is not None:
            return self.sender
        envelope.mail_from = address
        return OK

    async def handle_RCPT(
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        answer = self.recipients.get(address, OK)
        if answer == OK:
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        mail = email.message_from_bytes(envelope.content)
        self.mails.append(mail)
        while self.hang:
            await asyncio.sleep(0.02)
        return (self.on_data and self.on_data(mail)) or OK

    async def handle_QUIT(self, server: Any, session: Any, envelope: Any) -> str:
        while self.hang_quit:
            await asyncio.sleep(0.02)
        return "221 Bye"


@contextlib.contextmanager
def mail_server(port: int | None = None) -> Iterator[Mailbox]:
    box = Mailbox()
    box.port = port or free_port()
    controller = Controller(box, hostname="127.0.0.1", port=box.port, ready_timeout=START_SECONDS)
    controller.start()
    try:
        yield box
    finally:
        box.hang = False
        controller.stop()
