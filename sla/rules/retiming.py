"""What re-timing open clocks would do, or has done: clock by clock, and summed up."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Scope:
    """Which open clocks are meant: those of a policy, those of a calendar, else all.

    A clock is of a policy or calendar when it follows one of its versions, or would from now on.
    """

    policy_id: int | None = None
    calendar_id: int | None = None

    def covers(self, *, policies: Iterable[int], calendars: Iterable[int]) -> bool:
        if self.policy_id is not None and self.policy_id not in policies:
            return False
        return self.calendar_id is None or self.calendar_id in calendars


@dataclass(frozen=True, slots=True)
class Retiming:
    """One open clock that follows other versions from now on.

    `due_at` is its new due time, None where no policy asks for such a clock any more: then it
    stays as it is. `is_missed_at_once`: in time so far, and past due by its new versions. `about`
    is what it runs for in words, to be seen at `path`.
    """

    clock_id: int
    handoff_id: int
    kind: str
    was_due_at: datetime
    due_at: datetime | None
    is_missed_at_once: bool
    about: str
    path: str

    @property
    def is_moved(self) -> bool:
        return self.due_at is not None and self.due_at != self.was_due_at


@dataclass(frozen=True, slots=True)
class Sum:
    """The same of several clocks; `kept` have no policy any more and are not among `count`."""

    count: int
    earlier: int
    later: int
    same: int
    missed: int
    kept: int


def sum_up(lines: Sequence[Retiming]) -> Sum:
    moved = [(line.due_at, line) for line in lines if line.due_at is not None]
    return Sum(
        count=len(moved),
        earlier=sum(due_at < line.was_due_at for due_at, line in moved),
        later=sum(due_at > line.was_due_at for due_at, line in moved),
        same=sum(due_at == line.was_due_at for due_at, line in moved),
        missed=sum(line.is_missed_at_once for line in lines),
        kept=len(lines) - len(moved),
    )
