import random
import time

from django.db.backends.sqlite3 import base
from django.db.utils import OperationalError

# Short enough that a freed lock does not lie idle, long enough to leave the processor alone.
SHORTEST_WAIT_SECONDS = 0.0005
LONGEST_WAIT_SECONDS = 0.004


class DatabaseWrapper(base.DatabaseWrapper):
    """Waits for the write lock in short random steps.

    SQLite's own wait grows to a tenth of a second between tries. Under many writers those who
    have waited longest then try most rarely, and one of them may wait until its time is over
    while the others take turns. Equal steps give every writer the same chance at every moment.
    """

    def _start_transaction_under_autocommit(self) -> None:
        wait = float(self.settings_dict["OPTIONS"].get("timeout", 5.0))
        until = time.monotonic() + wait
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
