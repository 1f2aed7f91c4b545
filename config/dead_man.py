"""The dead man's switch: while all loops tick, somebody outside hears of it.

What watches from outside raises the alarm when it hears nothing: that also covers what no alarm
of our own can tell of, such as a machine that is off.
"""

import http.client
import logging
import threading
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from urllib.parse import urlsplit

from django.conf import settings

from core.findings import keep_finding
from core.loops import registered_loops
from core.selectors import loop_states
from notify.transports.base import MAX_HANGING, TemporaryFailure, hang_up, http_connection, within

logger = logging.getLogger(__name__)

LOOP = "config.ping_dead_man"
FINDING = "config.dead_man"
SCHEMES = ("http", "https")

_slots = threading.BoundedSemaphore(MAX_HANGING)


@dataclass(frozen=True, slots=True)
class Target:
    """Where to ask. `path` may hold a secret and is neither logged nor shown; `origin` may be."""

    host: str
    port: int | None
    path: str
    is_tls: bool

    @property
    def origin(self) -> str:
        port = f":{self.port}" if self.port else ""
        return f"{SCHEMES[self.is_tls]}://{self.host}{port}"


def read_target(url: str) -> Target | None:
    """The parts of the address; None where it cannot be asked by http or https."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    is_plain = url.isascii() and url.isprintable() and " " not in url
    if parts.scheme not in SCHEMES or not parts.hostname or "@" in parts.netloc or not is_plain:
        return None
    path = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    return Target(parts.hostname, port, path, parts.scheme == "https")


def ping_dead_man(now: datetime) -> int:
    """Ask for the address once, if all other loops tick; always 0.

    A failure is kept and logged, and raises nothing: that nobody outside hears us is no reason to
    call ourselves late.
    """
    target = read_target(settings.DEAD_MAN_URL)
    others = [loop for loop in registered_loops() if loop.name != LOOP]
    if target is None or any(state.is_stale for state in loop_states(now, others)):
        return 0
    reason = _ask(target)
    found = {"origin": target.origin, "reason": reason}
    if reason:
        logger.warning("dead man's switch was not reached", extra=found)
    else:
        logger.info("dead man's switch was reached", extra={"origin": target.origin})
    keep_finding(FINDING, at=now, data=found)
    return 0


def _ask(target: Target) -> str:
    """Why it did not work; empty if it did. A redirect is a failure and is not followed."""
    seconds = settings.DEAD_MAN_DEADLINE_SECONDS
    connection = http_connection(target.host, target.port, is_tls=target.is_tls, seconds=seconds)
    statuses: list[int] = []

    def work() -> None:
        try:
            connection.request("GET", target.path, headers={"Connection": "close"})
            statuses.append(connection.getresponse().status)
        finally:
            connection.close()

    try:
        within(seconds, work, interrupt=lambda: hang_up(connection.sock), slots=_slots)
    except TemporaryFailure as failure:
        return str(failure)
    except (OSError, http.client.HTTPException) as error:
        return f"Could not be reached: {type(error).__name__}"
    if HTTPStatus.OK <= statuses[0] < HTTPStatus.MULTIPLE_CHOICES:
        return ""
    return f"Answered {statuses[0]}"
