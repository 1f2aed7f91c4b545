"""Clocks by what became of them at their due time."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import F, Q, QuerySet

from accounts.models import User
from review.rules.metrics import ATTAINMENT, ATTAINMENTS, LOGGED_LATE
from review.selectors.scope import clocks_for
from review.selectors.sources.shape import Family, Outcomes, Source, outcome_of
from sla.choices import ClockKind, ClockState
from sla.models import Clock


def clocks_within(
    user: User,
    start: datetime,
    end: datetime,
    now: datetime,
    kinds: Iterable[str] = ClockKind.values,
) -> QuerySet[Any]:
    """Clocks of these kinds that fell or fall due in the time."""
    rows: QuerySet[Any] = (
        clocks_for(user)
        .filter(kind__in=list(kinds), due_at__gte=start, due_at__lt=end)
        .annotate(dated_at=F("due_at"))
    )
    return rows


def _clock_outcomes(now: datetime) -> Outcomes:
    """A miss needs no sweep to have seen it: past due at `now` and still running is one. Met before
    or exactly at due is met, also where a sweep was quicker than the decision it ran beside, or
    than whoever logged the touch.
    """
    live = Q(state__in=[ClockState.RUNNING, ClockState.PAUSED], breached_at__isnull=True)
    ahead = Q(state=ClockState.PAUSED) | Q(due_at__gte=now)
    # Not a subquery for each row: that misleads the planner about the cost of the whole.
    replaced = Clock.objects.filter(replaces__isnull=False).values("replaces")
    met = Q(state=ClockState.MET, met_at__lte=F("due_at"))
    apart = (
        (Q(state=ClockState.CANCELLED, breached_at__isnull=True), "stopped"),
        (Q(state=ClockState.CANCELLED, pk__in=replaced), "replaced"),
        (live & ahead, "open"),
        (Q(is_unstaffed=True), "unstaffed"),
    )
    return {
        ATTAINMENT.key: lambda: outcome_of(*apart, (met, "met"), otherwise="missed"),
        LOGGED_LATE.key: lambda: outcome_of(
            *((condition, None) for condition, _ in apart),
            (met & Q(breached_at__isnull=False), "late"),
            (met, "in_time"),
            otherwise=None,
        ),
    }


DUE = Family(clocks_within, _clock_outcomes, frozenset({LOGGED_LATE.key}))
all_due = DUE.source(ATTAINMENT.key)
"""Clocks of every kind, each with its outcome of attainment."""


def due_clocks_of(kind: str) -> Source:
    """The clocks of one kind, each with its outcome."""

    def found(user: User, start: datetime, end: datetime, now: datetime) -> QuerySet[Any]:
        rows: QuerySet[Any] = clocks_within(user, start, end, now, [kind]).annotate(
            outcome=_clock_outcomes(now)[ATTAINMENT.key]()
        )
        return rows

    return found


due_clocks = due_clocks_of(ClockKind.ACCEPT)
CLOCK_SOURCES: dict[str, Source] = {
    **{metric.key: due_clocks_of(kind) for kind, metric in ATTAINMENTS.items()},
    LOGGED_LATE.key: DUE.source(LOGGED_LATE.key),
}
