"""What waits for the loops of the engine, and what they have given up."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import QuerySet

from core.backlog import Backlog, backlog
from sla.choices import ClockState, EscalationState
from sla.models import Clock, Escalation


def steps_waiting(now: datetime) -> Backlog:
    """The steps that came due and may be acted on, and have not been; since when the oldest."""
    pending = Escalation.objects.filter(state=EscalationState.PENDING, not_before__lte=now)
    return backlog(pending, "not_before")


def clocks_behind(now: datetime) -> Backlog:
    """The running clocks whose next step has been due for longer than any sweep may take."""
    limit = now - timedelta(seconds=settings.RECONCILE_SECONDS)
    behind = Clock.objects.filter(state=ClockState.RUNNING, next_step_at__lt=limit)
    return backlog(behind, "next_step_at")


def steps_set_aside() -> QuerySet[Escalation]:
    """The steps that failed in every attempt and wait for an admin, the newest first."""
    return Escalation.objects.filter(state=EscalationState.QUARANTINED).order_by("-id")
