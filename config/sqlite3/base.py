"""Django's SQLite backend, with a fairer wait for the write lock."""

import os
import random
import threading
import time

from django.db.backends.sqlite3 import base
from django.db.utils import OperationalError

# Short enough that a freed lock does not lie idle, long enough to leave the processor alone.
SHORTEST_WAIT_SECONDS = 0.0005
LONGEST_WAIT_SECONDS = 0.004

_turns: dict[str, threading.Lock] = {}
# Whoever held one is not in the child.
os.register_at_fork(after_in_child=_turns.clear)


class DatabaseWrapper(base.DatabaseWrapper):
    """Waits for the write lock in short random steps, one thread of a process at a time.

    SQLite's own wait grows to a tenth of a second between tries. Under many writers those who
    have waited longest then try most rarely, and one of them may wait until its time is over
    while the others take turns. Equal steps give every writer the same chance at every moment.

    Threads that all try so often leave too little of the interpreter to the one among them that
    has the lock. So one tries, and the others sleep until it is their turn.
    """

    def _start_transaction_under_autocommit(self) -> None:
        wait = float(self.settings_dict["OPTIONS"].get("timeout", 5.0))
        until = time.monotonic() + wait
        turn = _turns.setdefault(str(self.settings_dict["NAME"]), threading.Lock())
        if not turn.acquire(timeout=wait):
            raise OperationalError("database is locked")
        try:
            self._begin(until, wait)
        finally:
            turn.release()

    def _begin(self, until: float, wait: float) -> None:
        with self.cursor() as cursor:
            cursor.execute("PRAGMA busy_timeout = 0")
            try:
                while True:
                    try:
                        super()._start_transaction_under_autocommit()  # type: ignore[misc]  # the stubs leave it out
                    except OperationalError as error:
                        if "locked" not in str(error) or time.monotonic() > until:
                            raise
                    else:
                        return
                    pause = random.uniform(SHORTEST_WAIT_SECONDS, LONGEST_WAIT_SECONDS)  # noqa: S311  # no secret
                    time.sleep(pause)
            finally:
                cursor.execute(f"PRAGMA busy_timeout = {int(wait * 1_000)}")
