"""Whether the ladder may move a handoff or alert somebody now, or has to wait."""

from datetime import datetime, timedelta
from typing import Protocol

from core.standstill import last_standstill
from handoff.choices import EventKind
from handoff.models import Event, Handoff
from handoff.selectors.staffing import first_open
from sla.choices import ClockState
from sla.models import Clock, Escalation
from sla.selectors import pace_of

# A move that was due already when another one was made follows this much later at the earliest.
LEAST_GAP = timedelta(minutes=15)
# How soon a move is looked at again whose clock is paused.
LOOK_AGAIN = timedelta(minutes=1)
_MADE = (EventKind.TIMED_OUT, EventKind.RETURNED, EventKind.NURTURED)


def hold_of_move(
    row: Handoff, escalation: Escalation, clock: Clock, *, now: datetime
) -> datetime | None:
    """Until when the move waits; None when it may be made now.

    It waits while its clock is paused; for a while after the whole product stood still; while
    nobody could have acted, where the clock began with nobody at work; and after another move,
    when both came due before either was made: a late sweep moves a handoff once, and the time
    between the two counts anew from there.
    """
    if clock.state == ClockState.PAUSED:
        return now + LOOK_AGAIN
    stood = last_standstill()
    if stood is not None and stood.holds(now):
        return stood.held_until
    opening = hold_of_alert(row.pool_id, clock, now=now)
    if opening is not None:
        return opening
    after = _after_last_move(row, escalation, clock)
    return after if after is not None and after > now else None


class Begun(Protocol):
    """When a clock started, and whether nobody was at work then."""

    @property
    def started_at(self) -> datetime: ...

    @property
    def is_unstaffed(self) -> bool: ...


def hold_of_alert(pool_id: int | None, clock: Begun, *, now: datetime) -> datetime | None:
    """Until when an alert about the clock waits; None when it may go out now.

    Where the clock began with nobody at work, the alert of that has gone out, and another has
    nothing to add before somebody could have acted.
    """
    if not clock.is_unstaffed or pool_id is None:
        return None
    opening = first_open(pool_id, at=clock.started_at)
    return opening if opening is not None and opening > now else None


def _after_last_move(row: Handoff, escalation: Escalation, clock: Clock) -> datetime | None:
    last = (
        Event.objects.filter(handoff_id=row.pk, kind__in=_MADE, escalation__isnull=False)
        .select_related("escalation")
        .order_by("-seq")
        .first()
    )
    if last is None or last.escalation is None or last.at <= escalation.at:
        return None
    pace = pace_of(clock.target, clock.calendar_version)
    between = pace.counted(last.escalation.at, escalation.at)
    return pace.later(last.at, max(between, LEAST_GAP))
