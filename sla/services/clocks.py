"""Starting and stopping clocks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Case, F, Q, Value, When

from sla import selectors
from sla.choices import ClockState
from sla.models import Clock, Target
from sla.rules import schedule, transitions
from sla.services.facts import CHANGING_FIELDS, record_passed
from sla.services.pauses import end_open_pause
from worktime.models import CalendarVersion


def start_clock(
    *,
    target: Target,
    started_at: datetime,
    calendar_version: CalendarVersion,
    is_unstaffed: bool = False,
    due_at: datetime | None = None,
    has_ladder: bool = True,
) -> Clock:
    """Start the clock of `planned_clock`."""
    clock = planned_clock(
        target=target,
        started_at=started_at,
        calendar_version=calendar_version,
        is_unstaffed=is_unstaffed,
        due_at=due_at,
        has_ladder=has_ladder,
    )
    start_clocks([clock])
    return clock


def start_clocks(clocks: Sequence[Clock]) -> None:
    """Start clocks that were planned, in one statement; each then has its id."""
    if clocks:
        Clock.objects.bulk_create(clocks)


def planned_clock(
    *,
    target: Target,
    started_at: datetime,
    calendar_version: CalendarVersion,
    is_unstaffed: bool = False,
    due_at: datetime | None = None,
    has_ladder: bool = True,
) -> Clock:
    """The clock that a policy's target asks for, as `sla.selectors.match_targets` finds it.

    It does not run before `start_clocks`. The policy version, through its target, and the
    calendar version stay the clock's for good. A start in the past is taken as it is: what has
    passed since fires at the next sweep. With `due_at` the clock is due then, whatever the
    target's length, and cannot be paused. Without its ladder only a miss is written down.
    """
    plan = schedule.plan(
        selectors.ladder_of(target, has_ladder=has_ladder),
        selectors.pace_of(target, calendar_version),
        started_at,
        due_at=due_at,
    )
    return Clock(
        kind=target.kind,
        started_at=started_at,
        target=target,
        calendar_version=calendar_version,
        due_at=plan.due_at,
        schedule=schedule.encode(plan.rungs),
        next_step_at=plan.next_at(0),
        is_unstaffed=is_unstaffed,
        is_due_fixed=due_at is not None,
        has_ladder=has_ladder,
    )


def meet_clock(*, clock: Clock, at: datetime, now: datetime) -> bool:
    """Stop the clock as met at `at`; True when this call did it, False when it had stopped.

    Later than due is met and breached: the breach is written here when no sweep has seen it,
    `breached_at` being the due time and `detected_at` being `now`. Exactly at due is in time.
    """
    return _stop(clock, ClockState.MET, at, now)


def cancel_clock(*, clock: Clock, at: datetime, now: datetime) -> bool:
    """Stop the clock without it being met, as of `at`; breached first when that is after due."""
    return _stop(clock, ClockState.CANCELLED, at, now)


def _stop(clock: Clock, state: ClockState, at: datetime, now: datetime) -> bool:
    stamp = {"met_at": at} if state == ClockState.MET else {"cancelled_at": at}
    # No savepoint of its own: what fails here fails the whole change.
    with transaction.atomic(savepoint=False):
        if _stop_in_time(clock, state, stamp, at):
            return True
        stopped = _stop_running(clock.pk, state, stamp, at, now)
        if not stopped and end_open_pause(clock_id=clock.pk, at=at, now=now):
            stopped = _stop_running(clock.pk, state, stamp, at, now)
        if stopped:
            clock.refresh_from_db(fields=CHANGING_FIELDS)
            if transitions.is_late(clock.due_at, at):
                record_passed(clock, until=at, now=now)
    return stopped


def _stop_in_time(
    clock: Clock, state: ClockState, stamp: Mapping[str, datetime], at: datetime
) -> bool:
    """Most clocks stop in time: then nothing else changes, and the row is not read again."""
    running = Clock.objects.filter(pk=clock.pk, state=ClockState.RUNNING, due_at__gte=at)
    if running.update(state=state, **stamp) != 1:
        return False
    clock.state = state
    for name, value in stamp.items():
        setattr(clock, name, value)
    return True


def _stop_running(
    clock_id: int, state: ClockState, stamp: Mapping[str, datetime], at: datetime, now: datetime
) -> bool:
    """One conditional UPDATE: whoever comes second finds no running clock and changes nothing."""
    unseen_breach = Q(breached_at__isnull=True, due_at__lt=at)
    changed = Clock.objects.filter(pk=clock_id, state=ClockState.RUNNING).update(
        state=state,
        breached_at=Case(When(unseen_breach, then=F("due_at")), default=F("breached_at")),
        detected_at=Case(When(unseen_breach, then=Value(now)), default=F("detected_at")),
        **stamp,
    )
    return changed == 1
