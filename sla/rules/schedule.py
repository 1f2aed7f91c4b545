"""When the steps of a ladder fire, and which of them have passed.

A schedule is stored as `[step id, UTC instant in ISO 8601, action]` in firing order: by time,
the breach before anything else at its instant, then by id.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sla.rules.pace import Hold, Pace
from sla.rules.targets import BREACH, REMIND, Offset, is_before_due

# Where a target has no reminder: the share of it after which a clock counts as soon due.
SOON_PERCENT = -25


@dataclass(frozen=True, slots=True)
class Rung:
    """A step of a clock with its instant."""

    step_id: int
    at: datetime
    action: str


@dataclass(frozen=True, slots=True)
class Ladder:
    """A target as the arithmetic needs it: `steps` are (id, offset from due, action)."""

    amount: int
    unit: str
    steps: tuple[tuple[int, Offset, str], ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """A clock's due time and the instants of its steps."""

    due_at: datetime
    rungs: tuple[Rung, ...]

    def next_at(self, fired: int) -> datetime | None:
        return self.rungs[fired].at if fired < len(self.rungs) else None

    def only(self, step_ids: Collection[int]) -> Plan:
        """The plan without the other steps."""
        kept = tuple(rung for rung in self.rungs if rung.step_id in step_ids)
        return Plan(self.due_at, kept)


def plan(
    ladder: Ladder, pace: Pace, started_at: datetime, *, due_at: datetime | None = None
) -> Plan:
    """The plan of a clock that starts at `started_at` and counts its time by `pace`.

    With `due_at`, such as a time before a meeting, it is due then, and the percents of its steps
    are taken of the time that counts from its start until then.

    A reminder that would not fall between start and due is left out: what was agreed can leave
    less time than its ladder was made for.
    """
    if due_at is not None:
        length = pace.left(started_at, due_at)
        return Plan(due_at, _rungs(ladder, pace, started_at, due_at, length))
    due_at = pace.due(started_at, ladder.amount).astimezone(UTC)
    length = pace.length(started_at, ladder.amount)
    return Plan(due_at, _rungs(ladder, pace, started_at, due_at, length))


def moved(
    before: Plan,
    ladder: Ladder,
    pace: Pace,
    started_at: datetime,
    *,
    fired: int,
    is_breached: bool,
) -> Plan:
    """The plan after the holds of `pace` have changed.

    What has fired stays where it was and does not fire again. A breach stays a breach: due does
    not move any more, only what follows it.
    """
    due_at = before.due_at if is_breached else pace.due(started_at, ladder.amount).astimezone(UTC)
    length = pace.length(started_at, ladder.amount)
    rungs = _rungs(ladder, pace, started_at, due_at, length)
    return Plan(due_at, _after_fired(before, fired, rungs))


def put_off(
    before: Plan,
    ladder: Ladder,
    pace: Pace,
    started_at: datetime,
    *,
    fired: int,
    ended: Iterable[Hold],
) -> Plan:
    """The plan of a clock with an agreed due time after the pauses that have `ended`.

    As much as was left when one began is left when it ends, closed hours and all: whoever agreed
    on the time counts it anew, and until then nothing that was paused can be missed.
    """
    due_at = before.due_at.astimezone(UTC)
    for hold in ended:
        if hold.starts_at < due_at:
            due_at += hold.ends_at.astimezone(UTC) - hold.starts_at.astimezone(UTC)
    if due_at == before.due_at:
        return before
    rungs = plan(ladder, pace, started_at, due_at=due_at).rungs
    return Plan(due_at, _after_fired(before, fired, rungs))


def _after_fired(before: Plan, fired: int, rungs: Iterable[Rung]) -> tuple[Rung, ...]:
    """What has fired, as it was, and then the other steps."""
    done = before.rungs[:fired]
    done_ids = {rung.step_id for rung in done}
    return done + tuple(rung for rung in rungs if rung.step_id not in done_ids)


def retimed(
    ladder: Ladder,
    pace: Pace,
    started_at: datetime,
    *,
    due_at: datetime,
    is_breached: bool,
    is_due_fixed: bool,
) -> Plan:
    """The plan of a clock that follows another target or calendar, its due time being `due_at`.

    A breach stays a breach, and what was agreed stays agreed: then due does not move.
    """
    if is_due_fixed:
        return plan(ladder, pace, started_at, due_at=due_at)
    before = Plan(due_at, ())
    return moved(before, ladder, pace, started_at, fired=0, is_breached=is_breached)


def _rungs(
    ladder: Ladder, pace: Pace, started_at: datetime, due_at: datetime, length: timedelta
) -> tuple[Rung, ...]:
    fitting = []
    for step_id, offset, action in ladder.steps:
        at = step_instant(pace, due_at, length, offset)
        if not is_before_due(offset) or started_at < at < due_at:
            fitting.append(Rung(step_id, at, action))
    return tuple(sorted(fitting, key=lambda rung: (rung.at, rung.action != BREACH, rung.step_id)))


def step_instant(pace: Pace, due_at: datetime, length: timedelta, offset: Offset) -> datetime:
    """The instant so far from due, before it where negative; percents are of the length."""
    share = length * abs(offset) // 100 if isinstance(offset, int) else abs(offset)
    if is_before_due(offset):
        return pace.earlier(due_at, share).astimezone(UTC)
    return pace.later(due_at, share).astimezone(UTC)


def soon_at(rungs: Sequence[Rung], pace: Pace, due_at: datetime, length: timedelta) -> datetime:
    """From when on the clock is shown as soon due: its first reminder, else a quarter before."""
    reminders = [rung.at for rung in rungs if rung.action == REMIND]
    return min(reminders) if reminders else step_instant(pace, due_at, length, SOON_PERCENT)


def passed(rungs: Sequence[Rung], fired: int, now: datetime) -> tuple[Rung, ...]:
    """The steps that have come due and not fired yet. At its very instant a step is not due."""
    return tuple(rung for rung in rungs[fired:] if rung.at < now)


def encode(rungs: Iterable[Rung]) -> list[list[Any]]:
    """The stored form."""
    return [
        [rung.step_id, rung.at.astimezone(UTC).isoformat(timespec="microseconds"), rung.action]
        for rung in rungs
    ]


def decode(stored: Sequence[Sequence[Any]]) -> tuple[Rung, ...]:
    """Back from the stored form."""
    return tuple(Rung(row[0], datetime.fromisoformat(row[1]), row[2]) for row in stored)
