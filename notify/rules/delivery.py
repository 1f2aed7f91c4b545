"""What becomes of a message: the state machine, and the wait after each try.

Durations are seconds. The schedule of waits is an argument; the usual one is that of the
Standard Webhooks specification, from 5 seconds to 24 hours.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

# A message that took its process down this often is not tried again.
MAX_CRASHES = 5
# More messages than this, due for one person and channel, go out as one.
DIGEST_OVER = 3
# A wait is lengthened by up to this share, so that what failed together does not return together.
JITTER_SHARE = 0.2

TRANSITIONS: Mapping[str, frozenset[str]] = {
    # Straight to sent: its sender was slow, the lease ran out, and a second sender has failed.
    "pending": frozenset({"sending", "sent"}),
    # Sending again: the first sender died.
    "sending": frozenset({"sending", "sent", "pending", "dropped", "dead"}),
    "sent": frozenset(),
    "dropped": frozenset(),
    "dead": frozenset({"pending"}),
}


class Outcome(StrEnum):
    """How one try ended."""

    DELIVERED = "delivered"
    OBSOLETE = "obsolete"
    """There is nothing left to say, or nobody to say it to."""
    REFUSED = "refused"
    """The receiving side will never take it."""
    FAILED = "failed"
    """A later try may succeed."""
    CRASHED = "crashed"
    """The message itself could not be handled."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The state that a message goes to; `wait_seconds` is set where it goes back to waiting."""

    state: str
    wait_seconds: float | None = None


def sources_of(target: str) -> tuple[str, ...]:
    """The states from which a message may go to `target`."""
    return tuple(source for source, targets in TRANSITIONS.items() if target in targets)


def wait_after(attempts: int, *, schedule: Sequence[float], jitter: float) -> float | None:
    """Seconds until the next try after `attempts` (1 or more) of them; None: there is none.

    `jitter` is a random number from 0 up to 1. A wait is never shorter than its place in the
    schedule says.
    """
    if attempts < 1:
        raise ValueError("a wait follows a try: attempts starts at 1")
    if attempts > len(schedule):
        return None
    return schedule[attempts - 1] * (1 + JITTER_SHARE * jitter)


def is_poison(crashes: int) -> bool:
    return crashes >= MAX_CRASHES


def judge(
    outcome: Outcome, *, attempts: int, crashes: int, schedule: Sequence[float], jitter: float
) -> Verdict:
    """The verdict on a message whose `attempts`-th try ended so.

    `crashes` counts the tries that came to no end of their own, this one included.
    """
    if outcome is Outcome.DELIVERED:
        return Verdict("sent")
    if outcome is Outcome.OBSOLETE:
        return Verdict("dropped")
    if outcome is Outcome.REFUSED or (outcome is Outcome.CRASHED and is_poison(crashes)):
        return Verdict("dead")
    wait = wait_after(attempts, schedule=schedule, jitter=jitter)
    return Verdict("dead") if wait is None else Verdict("pending", wait)
