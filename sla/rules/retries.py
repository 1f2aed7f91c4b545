"""How often an escalation is tried, and how long to wait in between."""

from datetime import timedelta

MOST_ATTEMPTS = 5
FIRST_WAIT = timedelta(seconds=5)
FACTOR = 4


def wait_after(attempts: int) -> timedelta | None:
    """The wait after that many failed attempts: 5 s, 20 s, 80 s, 320 s; None: no more tries."""
    if attempts >= MOST_ATTEMPTS:
        return None
    return FIRST_WAIT * int(FACTOR ** (attempts - 1))
