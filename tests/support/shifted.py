"""The product's own programs on a clock that goes wrong. Started by the fault tests.

    CLOCK_FILE=/some/file python -m tests.support.shifted run_clock
    CLOCK_FILE=... celery --app tests.support.shifted worker

The file holds by how many seconds the time of day is wrong, and may change at any moment. Time
that only passes (a monotonic clock) goes on as ever, as it does on a machine whose clock is set.
"""

import os
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import django
import time_machine

LOOK_SECONDS = 0.02
# Read before anything is shifted; what passes is not.
_BEGAN = time.time() - time.monotonic()


class WrongClock:
    """Keeps this process's time of day wrong by as much as the file says."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._wrong_by = self._read()
        self._traveller = time_machine.travel(self._wrong(), tick=True).start()
        threading.Thread(target=self._watch, name="wrong-clock", daemon=True).start()

    def _read(self) -> float:
        return float(self._file.read_text() or "0")

    def _wrong(self) -> datetime:
        return datetime.fromtimestamp(_BEGAN + time.monotonic() + self._wrong_by, UTC)

    def _watch(self) -> None:
        while True:
            found = self._read()
            if found != self._wrong_by:
                self._wrong_by = found
                self._traveller.move_to(self._wrong())
            time.sleep(LOOK_SECONDS)


WrongClock(Path(os.environ["CLOCK_FILE"]))
django.setup()
from config.celery import app  # noqa: E402, F401  # where `celery --app` looks for it

if __name__ == "__main__":
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)
