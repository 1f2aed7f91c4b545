"""The current clocks of handoffs as badges."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, tzinfo

from handoff.models import Handoff
from sla.choices import ClockKind
from sla.models import Clock
from sla.selectors import ClockView, clock_view


@dataclass(frozen=True, slots=True)
class ShownClock:
    """One current clock of a handoff: which commitment, and how it stands.

    ``is_logged_late``: kept in time, and known only after the due time had been missed.
    """

    kind: str
    name: str
    view: ClockView
    is_logged_late: bool


def shown_clocks(
    handoffs: Iterable[Handoff], *, now: datetime, zone: tzinfo
) -> dict[int, tuple[ShownClock, ...]]:
    """The current clocks of each by the handoff's id, what is due first leading; two queries."""
    clocks = (
        Clock.objects.with_view()
        .filter(
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
        pk: tuple(sorted(shown, key=lambda one: not one.view.is_open))
        for pk, shown in found.items()
    }


def show_clock(clock: Clock, *, now: datetime, zone: tzinfo) -> ShownClock:
    """The clock in words for a reader in ``zone``; no query after ``with_view``."""
    return ShownClock(
        kind=clock.kind,
        name=str(ClockKind(clock.kind).label),
        view=clock_view(clock, now=now, zone=zone),
        is_logged_late=clock.breached_at is not None
        and clock.met_at is not None
        and clock.met_at <= clock.due_at,
    )


def most_urgent(clocks: Iterable[ShownClock]) -> ShownClock | None:
    """The clock that is due first of those that still run."""
    return next((one for one in clocks if one.view.is_open), None)


def current_clocks(
    handoffs: Iterable[Handoff], *, now: datetime, zone: tzinfo
) -> dict[int, ClockView]:
    """What the most urgent clock of each handoff shows, by the handoff's id, in two queries."""
    shown = shown_clocks(handoffs, now=now, zone=zone)
    urgent = {pk: most_urgent(clocks) for pk, clocks in shown.items()}
    return {pk: clock.view for pk, clock in urgent.items() if clock is not None}
