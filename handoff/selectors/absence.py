"""Whose leads nobody looks after: they are away longer than the buyer can wait."""

from datetime import datetime

from django.db.models import F, Q

from accounts.models import TimeOff
from handoff.choices import Status
from handoff.models import Handoff, HandoffClock, Leg
from routing.choices import TurnKind
from sla.choices import ClockKind, ClockState


def left_alone(*, now: datetime, after: int, limit: int) -> list[int]:
    """The ids, above ``after``, of handoffs whose receiver is away when contact falls due.

    Found through the few who are away now and what they own, so that history costs nothing.
    """
    away_now = Q(owner__time_off__starts_at__lte=now, owner__time_off__ends_at__gt=now)
    contact = Q(
        clocks__kind=ClockKind.CONTACT,
        clocks__is_current=True,
        clocks__clock__state=ClockState.RUNNING,
        clocks__clock__due_at__lt=F("owner__time_off__ends_at"),
    )
    rows = Handoff.objects.filter(
        away_now, contact, status__in=[Status.PENDING, Status.ACCEPTED], pk__gt=after
    )
    return list(rows.order_by("pk").values_list("pk", flat=True).distinct()[:limit])


def absence_of(row: Handoff, leg: Leg, *, now: datetime) -> TimeOff | None:
    """The time off inside which the handoff's contact falls due; None where somebody is there.

    Whom a manager chose after it had begun was chosen knowing of it and keeps the lead.
    """
    away = TimeOff.objects.covering(now).filter(user=leg.receiver_id).order_by("-ends_at").first()
    if away is None:
        return None
    if leg.turn.kind == TurnKind.MANUAL and leg.assigned_at >= away.starts_at:
        return None
    waits = HandoffClock.objects.filter(
        handoff_id=row.pk,
        kind=ClockKind.CONTACT,
        is_current=True,
        clock__state=ClockState.RUNNING,
        clock__due_at__lt=away.ends_at,
    )
    return away if waits.exists() else None
