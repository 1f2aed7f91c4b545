"""Legs by how they were decided, and rejections by how a manager ruled on them."""

from datetime import datetime
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce

from accounts.models import User
from handoff.choices import LegEnd, RejectReason
from handoff.models import Contest, Leg
from review.rules.metrics import ACCEPTANCE, REJECTIONS, RULINGS, STRICT
from review.selectors.scope import legs_for
from review.selectors.sources.shape import Family, Outcomes, on_both_sides, outcome_of

REJECTED = [LegEnd.REJECTED, LegEnd.CONFLICT]


def legs_within(user: User, start: datetime, end: datetime, now: datetime) -> QuerySet[Any]:
    """Legs that were first decided, or ended undecided, in the time.

    Each counts once, by its last state: a rejection that was overturned later is an acceptance
    of the week in which the receiver rejected it.
    """
    decided = Q(decided_at__gte=start, decided_at__lt=end)
    # A decision is an acceptance or an end, unless a ruling has dated the leg anew: looked up so,
    # each by its own index.
    accepted = Q(accepted_at__gte=start, accepted_at__lt=end) & decided
    ended = Q(ended_at__gte=start, ended_at__lt=end) & (decided | Q(decided_at__isnull=True))
    reopened = Q(pk__in=_reopened(start, end))
    within = accepted | ended | reopened
    own = Leg.objects.filter(
        within, receiver__in=on_both_sides(), handoff__submitted_by=F("receiver")
    )
    rows: QuerySet[Any] = (
        legs_for(user)
        .filter(within)
        .annotate(dated_at=Coalesce("decided_at", "ended_at"))
        .alias(own=Q(pk__in=own.values("pk")))
    )
    return rows


def leg_outcomes(now: datetime) -> Outcomes:
    def decided() -> Any:
        return outcome_of(
            *undecided,
            (Q(ended_as=LegEnd.REJECTED), "rejected"),
            (Q(ended_as=LegEnd.CONFLICT), "conflict"),
            otherwise="accepted",
        )

    def rejections() -> Any:
        return outcome_of(
            *undecided,
            *((is_rejected & Q(reason=reason), reason) for reason in reasons),
            (is_rejected, "said_duplicate"),
            (Q(accepted_at__gt=F("decided_at")), "overturned"),
            otherwise="accepted",
        )

    undecided = (
        (Q(accepted_at__isnull=True, ended_as=LegEnd.TIMED_OUT), "timed_out"),
        (Q(accepted_at__isnull=True) & ~Q(ended_as__in=REJECTED), "undecided"),
        (Q(own=True), "one_person"),
    )
    reasons = [reason for reason in RejectReason.values if reason != RejectReason.DUPLICATE]
    is_rejected = Q(ended_as__in=REJECTED)
    return {ACCEPTANCE.key: decided, STRICT.key: decided, REJECTIONS.key: rejections}


DECISIONS = Family(legs_within, leg_outcomes)
decided_legs = DECISIONS.source(ACCEPTANCE.key)


def _reopened(start: datetime, end: datetime) -> list[int]:
    """The few legs whose rejection in the time was overturned."""
    # Ruled on after they were decided: by this time of its own the contest is looked up.
    overturned = Contest.objects.filter(is_upheld=False, ruled_at__gte=start)
    decided = overturned.filter(leg__decided_at__gte=start, leg__decided_at__lt=end)
    found = decided.order_by().values_list("leg_id", "leg__accepted_at")
    return [leg for leg, accepted_at in found if accepted_at is not None]


def rulings_within(user: User, start: datetime, end: datetime, now: datetime) -> QuerySet[Any]:
    """Contests that were ruled on in the time."""
    ruled = Contest.objects.filter(ruled_at__gte=start, ruled_at__lt=end)
    if not user.is_admin:
        ruled = ruled.filter(Exists(legs_for(user).filter(pk=OuterRef("leg"))))
    rows: QuerySet[Any] = ruled.annotate(dated_at=F("ruled_at"))
    return rows


def _ruling_outcomes(now: datetime) -> Outcomes:
    upheld = (Q(is_upheld=True), "upheld")
    return {RULINGS.key: lambda: outcome_of(upheld, otherwise="overturned")}


RULED = Family(rulings_within, _ruling_outcomes)
