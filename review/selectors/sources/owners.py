"""Leads that changed from one receiver to another within days."""

from datetime import datetime
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery

from accounts.models import User
from handoff.choices import EventKind, TransferReason
from handoff.models import Leg, Transfer
from review.rules.metrics import MANY_OWNERS
from review.rules.metrics.ownership import OWNER_DAYS
from review.selectors.sources.events import events_in, visible
from review.selectors.sources.shape import Elapsed, Family, Outcomes, outcome_of

DAY = 86_400


def _changes(user: User, start: datetime, end: datetime, now: datetime) -> QuerySet[Any]:
    """The last leg of each lead in the time that came so soon after one of somebody else."""
    assigned = events_in([EventKind.ASSIGNED], start, end).values("handoff")
    later = _with_another_before(
        Leg.objects.filter(
            # By their ids: two of one instant have an order too.
            handoff__lead=OuterRef("handoff__lead"),
            pk__gt=OuterRef("pk"),
            assigned_at__lt=end,
        )
    )
    transfers = Transfer.objects.filter(
        handoff=OuterRef("handoff"), to_user=OuterRef("receiver"), at=OuterRef("assigned_at")
    ).order_by("-pk")
    found = _with_another_before(
        Leg.objects.filter(handoff__in=assigned, assigned_at__gte=start, assigned_at__lt=end)
    )
    rows: QuerySet[Any] = (
        visible(found, user)
        .filter(~Exists(later))
        .annotate(
            dated_at=F("assigned_at"),
            why=Subquery(transfers.values("reason")[:1]),
            said=Subquery(transfers.values("note")[:1]),
        )
    )
    return rows


def _with_another_before(legs: QuerySet[Any]) -> QuerySet[Any]:
    """Of these legs those whose lead somebody else had got a few days before."""
    before = (
        Leg.objects.filter(handoff__lead=OuterRef("handoff__lead"), pk__lt=OuterRef("pk"))
        .exclude(receiver=OuterRef("receiver"))
        .annotate(ago=Elapsed(F("assigned_at"), OuterRef("assigned_at")))
    )
    return legs.filter(Exists(before.filter(ago__lte=OWNER_DAYS * DAY)))


def _change_outcomes(now: datetime) -> Outcomes:
    given = [key for key in MANY_OWNERS.outcomes if key in TransferReason.values]
    return {
        MANY_OWNERS.key: lambda: outcome_of(
            (Q(why=TransferReason.MANAGER, said=""), "without"),
            *((Q(why=reason), reason) for reason in given),
            otherwise="without",
        )
    }


CHANGES = Family(_changes, _change_outcomes)
