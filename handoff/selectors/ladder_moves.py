"""Whether the ladder may move a handoff now, or has to wait."""

from datetime import datetime, timedelta

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
_MADE = (EventKind.TIMED_OUT, EventKind.RETURNED)


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
    if clock.is_unstaffed and row.pool_id is not None:
        opening = first_open(row.pool_id, at=clock.started_at)
        if opening is not None and opening > now:
            return opening
    after = _after_last_move(row, escalation, clock)
    return after if after is not None and after > now else None


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
