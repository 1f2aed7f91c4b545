"""What all ways out of the house share: the failures, and an end to every wait."""

import contextlib
import http.client
import socket
import ssl
import threading
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from notify.models import Destination, Message
from notify.registry import Text

# Tries that hang where nobody can interrupt them, such as in a name lookup, end by themselves;
# until then no more than this many are left behind on each channel.
MAX_HANGING = 4


class TemporaryFailure(Exception):
    """The message did not go out, and a later try may succeed.

    `retry_after` is the wait in seconds that the receiving side has asked for, for everything
    that goes to the same address.
    """

    def __init__(self, reason: str, *, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class PermanentFailure(Exception):
    """The receiving side will not take this message, now or later."""


class DestinationGone(PermanentFailure):
    """The receiving side will take nothing at this address any more."""

    def __init__(self, reason: str, destination: Destination) -> None:
        super().__init__(reason)
        self.destination = destination


class NowhereToSend(Exception):
    """The recipient has no address on this channel, or not any more."""


class Transport(Protocol):
    def send(self, messages: Sequence[Message], text: Text) -> None:
        """Hand the text of one message, or the digest of several to one person, over.

        Within `NOTIFY_SEND_SECONDS`, or raise one of the failures.
        """

    def close(self) -> None: ...


def within(
    seconds: float,
    work: Callable[[], None],
    *,
    interrupt: Callable[[], None],
    slots: threading.BoundedSemaphore,
) -> None:
    """Do the work, or raise TemporaryFailure after so many seconds whatever it waits for.

    The timeout of a socket holds for each read, and none holds for a name lookup, so the work
    is done in a thread that is left behind, after `interrupt`, when the time is over. `slots`
    are the channel's own, so that tries that hang on one never keep another waiting.
    """
    if not slots.acquire(blocking=False):
        raise TemporaryFailure("Not tried: earlier tries still hang.")
    errors: list[Exception] = []

    def run() -> None:
        try:
            work()
        except Exception as error:  # noqa: BLE001  # raised again by the caller's thread
            errors.append(error)
        finally:
            slots.release()

    thread = threading.Thread(target=run, name="notify-send", daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        interrupt()
    elif not errors:
        return
    # The socket's own timeout may be the first of the two to notice.
    elif not isinstance(errors[0], TimeoutError):
        raise errors[0]
    raise TemporaryFailure(f"No answer within {seconds:g} seconds.")


def http_connection(
    host: str, port: int | None, *, is_tls: bool, seconds: float
) -> http.client.HTTPConnection:
    """A line by http or https; the standard library's follows no redirect and takes no proxy from
    the environment.
    """
    if not is_tls:
        return http.client.HTTPConnection(host, port, timeout=seconds)
    return http.client.HTTPSConnection(
        host, port, timeout=seconds, context=ssl.create_default_context()
    )


def hang_up(connected: socket.socket | Any) -> None:
    """Wake a thread that waits at this socket: its read ends at once, and it cleans up."""
    if connected is not None:
        with contextlib.suppress(OSError):
            connected.shutdown(socket.SHUT_RDWR)
