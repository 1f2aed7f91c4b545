"""The facts that a passed step leaves, for writers that already hold the clock's row."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db.models import Max

from sla.choices import StepAction
from sla.models import Acknowledgement, Clock, Escalation
from sla.rules import schedule

FIRED_FIELDS = ("fired", "next_step_at", "breached_at", "detected_at")
CHANGING_FIELDS = (*FIRED_FIELDS, "state", "due_at", "met_at", "cancelled_at", "schedule")


def escalation_of(clock_id: int, rung: schedule.Rung, held: datetime | None) -> Escalation:
    """What the step leaves to do: not before its time, nor before `held`, but for a breach."""
    waits = held is not None and held > rung.at and rung.action != StepAction.BREACH
    not_before = held if waits and held is not None else rung.at
    return Escalation(clock_id=clock_id, step_id=rung.step_id, at=rung.at, not_before=not_before)


def held_until(clock_ids: Collection[int]) -> dict[int, datetime]:
    """Until when each of these clocks is acknowledged, where it ever was, in one query."""
    seen = Acknowledgement.objects.filter(clock__in=clock_ids).order_by().values("clock")
    return dict(seen.annotate(last=Max("until")).values_list("clock", "last"))


def fire_passed(
    clock: Clock, *, until: datetime, now: datetime, held: datetime | None = None
) -> list[Escalation]:
    """Move the clock over the steps before `until`, in memory; the escalations to be written."""
    rungs = schedule.decode(clock.schedule)
    passed = schedule.passed(rungs, clock.fired, until)
    clock.fired += len(passed)
    clock.next_step_at = rungs[clock.fired].at if clock.fired < len(rungs) else None
    if clock.breached_at is None and any(rung.action == StepAction.BREACH for rung in passed):
        clock.breached_at, clock.detected_at = clock.due_at, now
    return [escalation_of(clock.pk, rung, held) for rung in passed]


def record_passed(clock: Clock, *, until: datetime, now: datetime) -> None:
    """Write the escalations of the steps before `until` that no sweep has seen yet.

    The caller's transaction must hold the clock's row: as just updated, or locked.
    """
    held = held_until([clock.pk]).get(clock.pk)
    escalations = fire_passed(clock, until=until, now=now, held=held)
    if escalations:
        Escalation.objects.bulk_create(escalations, ignore_conflicts=True)
        clock.save(update_fields=FIRED_FIELDS)
