"""Ends a Celery worker that is alive and is given no work any more.

Workers have been seen to stop consuming after a broken connection while they still answer
pings. Beat sends a tick each second, so silence means that this process is stuck (or that
beat or broker are gone, in which case starting anew does no harm).
"""

import logging
import os
import signal
import threading
import time

logger = logging.getLogger(__name__)

# How long a stuck worker may take to obey before it is killed.
GRACE_SECONDS = 10.0


class Watchdog:
    def __init__(self, limit: float) -> None:
        self.limit = limit
        self.fed_at = time.monotonic()

    def feed(self) -> None:
        self.fed_at = time.monotonic()

    def is_hungry(self) -> bool:
        return time.monotonic() - self.fed_at > self.limit

    def watch(self) -> None:
        while not self.is_hungry():
            time.sleep(min(1.0, self.limit / 4))
        logger.error("worker was given no task and ends itself", extra={"seconds": self.limit})
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(GRACE_SECONDS)
        os.kill(os.getpid(), signal.SIGKILL)


_watchdogs: list[Watchdog] = []


def start(limit: float) -> None:
    """Watch this process from a thread of its own."""
    watchdog = Watchdog(limit)
    _watchdogs.append(watchdog)
    threading.Thread(target=watchdog.watch, name="watchdog", daemon=True).start()


def feed() -> None:
    """A task arrived: the worker is fed for another while."""
    for watchdog in _watchdogs:
        watchdog.feed()
