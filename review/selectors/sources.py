"""The rows of each metric between two instants, each with what it counts as.

A source annotates its rows with `dated_at`, the instant that puts a row into a week, and
`outcome`, a key of the metric's outcomes. Tiles count these rows and the lists show them, so a
number and its rows cannot differ.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from django.db.models import Case, CharField, Exists, F, OuterRef, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce

from accounts.models import User
from handoff.choices import ClosedAs, LegEnd, Status
from handoff.models import Contest, Handoff, Leg
from review.rules.metrics import ACCEPTANCE, ATTAINMENT, TIME_TO_ACCEPT
from review.selectors.scope import clocks_for, handoffs_for, legs_for
from sla.choices import ClockKind, ClockState
from sla.models import Clock

Source = Callable[[User, datetime, datetime, datetime], QuerySet[Any]]
"""(user, start, end, now) to the rows dated from start up to, not at, end."""


def decided_legs(user: User, start: datetime, end: datetime, now: datetime) -> QuerySet[Any]:
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
    rejections = [LegEnd.REJECTED, LegEnd.CONFLICT]
    own = Leg.objects.filter(
        within, receiver__in=_on_both_sides(), handoff__submitted_by=F("receiver")
    )
    return (
        legs_for(user)
        .filter(within)
        .annotate(
            dated_at=Coalesce("decided_at", "ended_at"),
            outcome=_first(
                (Q(accepted_at__isnull=True) & ~Q(ended_as__in=rejections), "undecided"),
                (Q(pk__in=own.values("pk")), "one_person"),
                (Q(ended_as=LegEnd.REJECTED), "rejected"),
                (Q(ended_as=LegEnd.CONFLICT), "conflict"),
                otherwise="accepted",
            ),
        )
    )


def _reopened(start: datetime, end: datetime) -> list[int]:
    """The few legs whose rejection in the time was overturned."""
    # Ruled on after they were decided: by this time of its own the contest is looked up.
    overturned = Contest.objects.filter(is_upheld=False, ruled_at__gte=start)
    decided = overturned.filter(leg__decided_at__gte=start, leg__decided_at__lt=end)
    found = decided.order_by().values_list("leg_id", "leg__accepted_at")
    return [leg for leg, accepted_at in found if accepted_at is not None]


def due_clocks(user: User, start: datetime, end: datetime, now: datetime) -> QuerySet[Any]:
    """Accept clocks that fell or fall due in the time.

    A miss needs no sweep to have seen it: past due at `now` and still running is one. Met before
    or exactly at due is met, also where a sweep was quicker than the decision it ran beside.
    """
    live = Q(state__in=[ClockState.RUNNING, ClockState.PAUSED], breached_at__isnull=True)
    ahead = Q(state=ClockState.PAUSED) | Q(due_at__gte=now)
    # Not a subquery for each row: that misleads the planner about the cost of the whole.
    replaced = Clock.objects.filter(replaces__isnull=False).values("replaces")
    return (
        clocks_for(user)
        .filter(kind=ClockKind.ACCEPT, due_at__gte=start, due_at__lt=end)
        .annotate(
            dated_at=F("due_at"),
            outcome=_first(
                (Q(state=ClockState.CANCELLED, breached_at__isnull=True), "stopped"),
                (Q(state=ClockState.CANCELLED, pk__in=replaced), "replaced"),
                (live & ahead, "open"),
                (Q(is_unstaffed=True), "unstaffed"),
                (Q(state=ClockState.MET, met_at__lte=F("due_at")), "met"),
                otherwise="missed",
            ),
        )
    )


def submitted_handoffs(user: User, start: datetime, end: datetime, now: datetime) -> QuerySet[Any]:
    """Handoffs that were submitted in the time, whatever became of them."""
    waiting = [Status.HOLDING, Status.PENDING]
    known = TIME_TO_ACCEPT.outcomes
    return (
        handoffs_for(user)
        .filter(submitted_at__gte=start, submitted_at__lt=end)
        .annotate(
            dated_at=F("submitted_at"),
            outcome=_first(
                (Q(accept_seconds__isnull=False), "accepted"),
                (Q(status__in=waiting), "waiting"),
                (Q(status=Status.REJECTED), "rejected"),
                *((Q(closed_as=key), key) for key in ClosedAs.values if key in known),
                otherwise="closed",
            ),
        )
    )


SOURCES: Mapping[str, Source] = {
    ACCEPTANCE.key: decided_legs,
    ATTAINMENT.key: due_clocks,
    TIME_TO_ACCEPT.key: submitted_handoffs,
}


def _on_both_sides() -> list[int]:
    """Who has ever submitted and received: few, so that only their legs need their handoff."""
    submitted = Handoff.objects.filter(submitted_by=OuterRef("pk"))
    received = Leg.objects.filter(receiver=OuterRef("pk"))
    both = User.objects.filter(Exists(submitted), Exists(received))
    return list(both.order_by().values_list("pk", flat=True))


def _first(*cases: tuple[Any, str], otherwise: str) -> Case:
    """The outcome of the first case that holds."""
    whens = [When(condition, then=Value(key)) for condition, key in cases]
    return Case(*whens, default=Value(otherwise), output_field=CharField())
