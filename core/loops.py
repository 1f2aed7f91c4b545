"""Background loops: what runs, how often, and one tick of it, whoever drives.

Rows are the queue: a loop finds its work in the database, so Celery beat, `run_clock` or both
may drive it, and a tick that was lost or repeated changes nothing but the delay.
"""

import contextlib
import fcntl
import hashlib
import logging
import os
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from pathlib import Path

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, Error, connections

from core.findings import CLOCK_JUMPED, keep_finding
from core.models import Heartbeat
from core.standstill import note_standstill

logger = logging.getLogger(__name__)

LAST_ERROR_LENGTH = 2_000
# So far may the time of day move otherwise than time itself before that is news.
JUMP = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Loop:
    """One kind of background work.

    `run(now)` does one batch and returns how many items it handled; a tick calls it again, with
    the database's time read anew, until it returns 0 or the tick's time is over. So it must
    not count an item that it will find again at once. `about` says in plain words what it does.
    """

    name: str
    every: timedelta
    run: Callable[[datetime], int]
    about: str = ""


class Outcome(Enum):
    DONE = "done"
    BUSY = "busy"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Tick:
    """What came of one tick; BUSY means that another process was in the middle of one."""

    outcome: Outcome
    handled: int = 0


class ClockWatch:
    """Compares the time of day with a clock that nobody sets and that sleeps with its machine."""

    def __init__(self) -> None:
        self._last: tuple[datetime, float] | None = None
        self._lock = threading.Lock()

    def jump(self, now: datetime, monotonic: float) -> timedelta | None:
        """How far the time of day has moved by itself since the last reading, if that is news.

        `now` and `monotonic`, in seconds, were read one after the other. Loops that run side by
        side hand their readings in late: one from before the last is passed over.
        """
        with self._lock:
            last = self._last
            if last is not None and monotonic < last[1]:
                return None
            self._last = (now, monotonic)
        if last is None:
            return None
        by = (now - last[0]) - timedelta(seconds=monotonic - last[1])
        return by if abs(by) > JUMP else None


_loops: dict[str, Loop] = {}
_watch = ClockWatch()


def register(loop: Loop) -> Loop:
    """Make the loop known to every driver; called while an app's `tasks` module is imported."""
    if loop.name in _loops:
        raise ValueError(f"the loop {loop.name} is registered twice")
    _loops[loop.name] = loop
    return loop


def registered_loops() -> tuple[Loop, ...]:
    return tuple(_loops.values())


def database_now(using: str = DEFAULT_DB_ALIAS) -> datetime:
    """The instant by the clock that every process shares; SQLite has none but the machine's."""
    connection = connections[using]
    if connection.vendor != "postgresql":
        return datetime.now(UTC)
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        (now,) = cursor.fetchone()
    return now.astimezone(UTC)  # type: ignore[no-any-return]  # a cursor's rows are untyped


def tick(loop: Loop, using: str = DEFAULT_DB_ALIAS) -> Tick:
    """Work off what is due, unless another process is doing so; never raises.

    A failure is logged and kept on the heartbeat, whose time then stands still, so that
    /readyz/ tells after a while.
    """
    # One bad row or a lost database must not end the driver.
    try:
        with exclusively(loop.name, using) as mine:
            if not mine:
                return Tick(Outcome.BUSY)
            return _work_off(loop, using)
    except Exception as error:
        logger.exception("loop failed", extra={"loop": loop.name})
        _note_failure(loop, error, using)
        return Tick(Outcome.FAILED)


def _work_off(loop: Loop, using: str) -> Tick:
    _note_standstill(loop, using)
    started = time.monotonic()
    handled = 0
    while True:
        now = database_now(using)
        _note_jump(loop, now, using)
        batch = loop.run(now)
        handled += batch
        seconds = time.monotonic() - started
        if batch == 0 or seconds >= settings.LOOP_BUDGET_SECONDS:
            break
    _beat(loop, now, using, busy=handled > 0)
    if handled:
        logger.info(
            "loop handled items",
            extra={"loop": loop.name, "handled": handled, "seconds": round(seconds, 3)},
        )
    return Tick(Outcome.DONE, handled)


def _note_standstill(loop: Loop, using: str) -> None:
    found = note_standstill(database_now(using), using)
    if found is not None:
        said = {"since": found.since.isoformat(), "until": found.until.isoformat()}
        logger.warning("stood still", extra={"loop": loop.name, **said})


def _note_jump(loop: Loop, now: datetime, using: str) -> None:
    by = _watch.jump(now, time.monotonic())
    if by is None:
        return
    found = {"seconds": round(by.total_seconds()), "worker": this_worker()}
    logger.warning("clock jumped", extra={"loop": loop.name, **found})
    keep_finding(CLOCK_JUMPED, at=now, data=found, using=using)


def _beat(loop: Loop, now: datetime, using: str, *, busy: bool) -> None:
    beats = Heartbeat.objects.using(using)
    last = beats.filter(loop=loop.name).values_list("at", flat=True).first()
    idle = timedelta(seconds=settings.HEARTBEAT_IDLE_SECONDS)
    # A read costs nothing; a write each second would keep an idle disk awake. A time in the
    # future was written before the clock was set back.
    if not busy and last is not None and timedelta() <= now - last < idle:
        return
    beats.update_or_create(loop=loop.name, defaults={"at": now, "worker": this_worker()})


def _note_failure(loop: Loop, error: Exception, using: str) -> None:
    try:
        Heartbeat.objects.using(using).update_or_create(
            loop=loop.name,
            defaults={
                "worker": this_worker(),
                "last_error": f"{type(error).__name__}: {error}"[:LAST_ERROR_LENGTH],
                "last_error_at": database_now(using),
            },
        )
    except Error as second:
        # Most likely the very failure that is being noted; the log has it already.
        logger.warning("heartbeat not written", extra={"loop": loop.name, "reason": str(second)})
    connections[using].close_if_unusable_or_obsolete()


def this_worker() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"


@contextlib.contextmanager
def exclusively(name: str, using: str = DEFAULT_DB_ALIAS) -> Iterator[bool]:
    """Yield whether this process now holds the lock `name`; never waits.

    The database server, or for SQLite the kernel, lets go of the lock when the process dies.
    """
    if connections[using].vendor == "postgresql":
        with _advisory_lock(name, using) as mine:
            yield mine
    else:
        with _file_lock(name, using) as mine:
            yield mine


@contextlib.contextmanager
def _advisory_lock(name: str, using: str) -> Iterator[bool]:
    digest = hashlib.blake2b(f"handoff:{name}".encode(), digest_size=8).digest()
    key = int.from_bytes(digest, "big", signed=True)
    connection = connections[using]
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [key])
        (mine,) = cursor.fetchone()
    try:
        yield mine
    finally:
        if mine and connection.is_usable():
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [key])


@contextlib.contextmanager
def _file_lock(name: str, using: str) -> Iterator[bool]:
    file = Path(str(connections[using].settings_dict["NAME"]))
    folder = file.parent / "locks"
    folder.mkdir(exist_ok=True)
    path = folder / re.sub(r"[^\w.]", "_", f"{file.name}.{name}")
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            mine = True
        except BlockingIOError:
            mine = False
        yield mine
    finally:
        os.close(descriptor)
