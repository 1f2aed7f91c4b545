"""The ways out of the house. A transport raises one of the failures, or sends."""

from collections.abc import Callable
from types import TracebackType
from typing import Self

from notify.choices import Channel
from notify.transports.base import (
    DestinationGone,
    NowhereToSend,
    PermanentFailure,
    TemporaryFailure,
    Transport,
)
from notify.transports.mail import EmailTransport
from notify.transports.slack import SlackTransport

__all__ = [
    "TRANSPORTS",
    "DestinationGone",
    "NowhereToSend",
    "PermanentFailure",
    "TemporaryFailure",
    "Transport",
    "Transports",
]

# In this order they get their turn.
TRANSPORTS: dict[str, Callable[[], Transport]] = {
    Channel.EMAIL: EmailTransport,
    Channel.SLACK: SlackTransport,
}


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

    def of(self, channel: str) -> Transport:
        if channel not in self._open:
            self._open[channel] = TRANSPORTS[channel]()
        return self._open[channel]
