"""Somebody has seen that a clock is late: for some hours nobody is told and nothing is moved."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from sla.choices import ClockState, EscalationState, StepAction
from sla.models import Acknowledgement, Clock, Escalation
from sla.rules.errors import ClockFinished, ClockNotLate
from sla.rules.transitions import is_late
from sla.services.facts import record_passed
from sla.services.pauses import lock_clock
from worktime.rules import add
from worktime.selectors import rules_calendar


@transaction.atomic
def acknowledge_clock(
    *, clock: Clock, by_id: int, note: str = "", now: datetime
) -> Acknowledgement:
    """Hold the clock's ladder for the configured working hours of its own calendar, from now.

    What has passed and waits, and what passes until then, is sent and moved when the hours are
    over, where it still helps; breaches are recorded as always. A second one begins anew.

    Raises:
        ClockFinished: the clock was met or cancelled in the meantime.
        ClockNotLate: its due time is still ahead.
    """
    locked = lock_clock(clock.pk)
    if locked.state not in (ClockState.RUNNING, ClockState.PAUSED):
        raise ClockFinished
    if not is_late(locked.due_at, now):
        raise ClockNotLate
    if locked.state == ClockState.RUNNING:
        record_passed(locked, until=now, now=now)
    hours = timedelta(hours=settings.SLA_ACKNOWLEDGED_HOURS)
    until = add(rules_calendar(locked.calendar_version), now, hours)
    hold_escalations(clock_id=locked.pk, until=until)
    return Acknowledgement.objects.create(
        clock=locked, by_id=by_id, at=now, until=until, note=note.strip()
    )


def hold_escalations(*, clock_id: int, until: datetime) -> None:
    """Let what waits to be done about the clock wait until then; a breach is only recorded."""
    waiting = Escalation.objects.filter(
        clock=clock_id, state=EscalationState.PENDING, not_before__lt=until
    )
    waiting.exclude(step__action=StepAction.BREACH).update(not_before=until, lease_until=None)
