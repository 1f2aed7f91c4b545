"""The current clocks of handoffs as badges."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, tzinfo
from functools import cached_property, partial

from django.db.models import Case, Q, When

from handoff.models import Handoff
from sla.choices import ClockKind, ClockState
from sla.models import Clock
from sla.selectors import ClockView, clock_view

LIVE = (ClockState.RUNNING, ClockState.PAUSED)


@dataclass(frozen=True)
class ShownClock:
    """One current clock of a handoff: which commitment, and how it stands.

    ``is_logged_late``: kept in time, and known only after the due time had been missed. The view
    is worked out once it is looked at: a list shows one clock of the many that it reads.
    """

    kind: str
    name: str
    is_open: bool
    is_logged_late: bool
    describe: Callable[[], ClockView]

    @cached_property
    def view(self) -> ClockView:
        return self.describe()


def shown_clocks(
    handoffs: Iterable[Handoff], *, now: datetime, zone: tzinfo
) -> dict[int, tuple[ShownClock, ...]]:
    """The current clocks of each by the handoff's id that a list tells of; in two queries.

    These are the live ones, what is due first leading, and a first contact that was late.
    """
    live, missed = Q(state__in=LIVE), Q(kind=ClockKind.CONTACT, breached_at__isnull=False)
    clocks = (
        Clock.objects.with_view()
        # One value: by the bare columns SQLite would read every clock that is live anywhere.
        .alias(tells=Case(When(live | missed, then=True), default=False))
        .filter(
            tells=True,
            handoff_clock__handoff__in=[handoff.pk for handoff in handoffs],
            handoff_clock__is_current=True,
        )
        .select_related("handoff_clock")
        .order_by("due_at", "pk")
    )
    found: dict[int, list[ShownClock]] = {}
    for clock in clocks:
        shown = show_clock(clock, now=now, zone=zone)
        found.setdefault(clock.handoff_clock.handoff_id, []).append(shown)
    return {
        pk: tuple(sorted(shown, key=lambda one: not one.is_open)) for pk, shown in found.items()
    }


def show_clock(clock: Clock, *, now: datetime, zone: tzinfo) -> ShownClock:
    """The clock in words for a reader in ``zone``; no query after ``with_view``."""
    return ShownClock(
        kind=clock.kind,
        name=str(ClockKind(clock.kind).label),
        is_open=clock.state in LIVE,
        describe=partial(clock_view, clock, now=now, zone=zone),
        is_logged_late=clock.breached_at is not None
        and clock.met_at is not None
        and clock.met_at <= clock.due_at,
    )


def most_urgent(clocks: Iterable[ShownClock]) -> ShownClock | None:
    """The clock that is due first of those that still run."""
    return next((one for one in clocks if one.is_open), None)


def current_clocks(
    handoffs: Iterable[Handoff], *, now: datetime, zone: tzinfo
) -> dict[int, ClockView]:
    """What the most urgent clock of each handoff shows, by the handoff's id, in two queries."""
    shown = shown_clocks(handoffs, now=now, zone=zone)
    urgent = {pk: most_urgent(clocks) for pk, clocks in shown.items()}
    return {pk: clock.view for pk, clock in urgent.items() if clock is not None}
