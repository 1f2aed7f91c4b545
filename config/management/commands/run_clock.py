"""Every loop in one process and without a broker: the second driver, and enough on a small box."""

import logging
import signal
import threading
import time
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand
from django.db import connections

from core.loops import Loop, Outcome, registered_loops, tick

logger = logging.getLogger(__name__)

# A database that is away is asked again ever more rarely, but never given up.
LONGEST_WAIT_SECONDS = 10.0


class Command(BaseCommand):
    help = "Run every background loop until SIGTERM, without Celery and without a broker."

    def handle(self, *args: Any, **options: Any) -> None:
        stop = threading.Event()

        def ask_to_stop(number: int, frame: FrameType | None) -> None:
            stop.set()

        signal.signal(signal.SIGTERM, ask_to_stop)
        signal.signal(signal.SIGINT, ask_to_stop)
        # A thread each: slow mail must not hold up a clock.
        threads = [
            threading.Thread(target=drive, args=(loop, stop), name=loop.name)
            for loop in registered_loops()
        ]
        for thread in threads:
            thread.start()
        logger.info("clock runs", extra={"loops": [thread.name for thread in threads]})
        for thread in threads:
            thread.join()
        logger.info("clock stopped")


def drive(loop: Loop, stop: threading.Event) -> None:
    """Tick until told to stop; after failures wait longer each time, up to the limit."""
    period = loop.every.total_seconds()
    failures = 0
    while not stop.is_set():
        started = time.monotonic()
        outcome = tick(loop).outcome
        failures = failures + 1 if outcome is Outcome.FAILED else 0
        pause = period - (time.monotonic() - started)
        if failures:
            pause = max(pause, min(period * 2**failures, LONGEST_WAIT_SECONDS))
        stop.wait(max(pause, 0.0))
    connections.close_all()
