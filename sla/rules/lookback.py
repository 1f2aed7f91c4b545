"""What a policy would have made of clocks that have run: judged again by other targets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import Any

from sla.rules import conditions
from sla.rules.pace import Hold, Pace
from sla.rules.targets import TargetSpec
from worktime.rules import Calendar


@dataclass(frozen=True, slots=True)
class Candidate:
    """A policy in the order of trial; without `targets` it is one whose clocks are not judged."""

    conditions: Mapping[str, Any]
    targets: Sequence[TargetSpec] | None = None


@dataclass(frozen=True, slots=True)
class Ran:
    """A clock as it ran; a pause that goes on ends with the moment of judging in `holds`.

    `calendar` is what it counted in, `other_calendar` what it would count in by the new policy.
    """

    kind: str
    started_at: datetime
    amount: int
    unit: str
    calendar: Calendar
    other_calendar: Calendar
    due_at: datetime
    met_at: datetime | None
    is_cancelled: bool
    is_missed: bool
    is_due_fixed: bool
    holds: tuple[Hold, ...]


@dataclass(frozen=True, slots=True)
class Judged:
    """Whether the clock was missed and would have been; the share of the target that was used.

    Shares are of clocks that were met, in percent, 100 being exactly at due.
    """

    kind: str
    is_cancelled: bool = False
    was_missed: bool = False
    would_miss: bool = False
    was_used: float | None = None
    would_use: float | None = None


@dataclass(frozen=True, slots=True)
class Tally:
    """The clocks of one kind: those that count, and apart from them those that were cancelled.

    What would have become of a cancelled one nobody knows: something else came first.
    """

    kind: str
    count: int
    cancelled: int
    cancelled_late: int
    was_missed: int
    would_miss: int
    was_used: int | None
    would_use: int | None

    @property
    def was_percent(self) -> float:
        return round(100 * self.was_missed / self.count, 1) if self.count else 0.0

    @property
    def would_percent(self) -> float:
        return round(100 * self.would_miss / self.count, 1) if self.count else 0.0


def target_for(
    candidates: Iterable[Candidate], facts: Mapping[str, Any], kind: str
) -> TargetSpec | None:
    """The target that the policies in question have for it; None where another policy applies."""
    found = next((one for one in candidates if conditions.holds(one.conditions, facts)), None)
    targets = () if found is None or found.targets is None else found.targets
    return next((target for target in targets if target.kind == kind), None)


def judge(ran: Ran, target: TargetSpec, *, now: datetime) -> Judged:
    """The clock by the other target, from its own start and with its own pauses.

    Exactly at due is in time; one that still runs is missed once its due time is past.
    """
    if ran.is_cancelled:
        return Judged(ran.kind, is_cancelled=True, was_missed=ran.is_missed)
    old = _pace(ran, ran.calendar, ran.unit)
    new = _pace(ran, ran.other_calendar, target.unit)
    due_at = ran.due_at if ran.is_due_fixed else new.due(ran.started_at, target.amount)
    return Judged(
        kind=ran.kind,
        was_missed=ran.is_missed,
        would_miss=(ran.met_at or now) > due_at,
        was_used=_used(ran, old, ran.amount),
        would_use=_used(ran, new, target.amount),
    )


def _pace(ran: Ran, calendar: Calendar, unit: str) -> Pace:
    return Pace(calendar, unit).held(ran.holds, since=ran.started_at)


def _used(ran: Ran, pace: Pace, amount: int) -> float | None:
    """The percent of the target's time that had passed when the clock was met."""
    if ran.met_at is None or ran.is_due_fixed:
        return None
    length = pace.length(ran.started_at, amount)
    # A target in days that starts while closed can be shorter than any time that counts.
    return 100 * pace.left(ran.started_at, ran.met_at) / length if length else None


def tally(kinds: Iterable[str], judged: Sequence[Judged]) -> list[Tally]:
    """By kind, in the order given; also kinds of which no clock ran."""
    return [_tally(kind, [one for one in judged if one.kind == kind]) for kind in kinds]


def _tally(kind: str, judged: Sequence[Judged]) -> Tally:
    counting = [one for one in judged if not one.is_cancelled]
    return Tally(
        kind=kind,
        count=len(counting),
        cancelled=len(judged) - len(counting),
        cancelled_late=sum(one.is_cancelled and one.was_missed for one in judged),
        was_missed=sum(one.was_missed for one in counting),
        would_miss=sum(one.would_miss for one in counting),
        was_used=_median(one.was_used for one in counting),
        would_use=_median(one.would_use for one in counting),
    )


def _median(shares: Iterable[float | None]) -> int | None:
    known = [share for share in shares if share is not None]
    return round(median(known)) if known else None
