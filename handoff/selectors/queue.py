"""What a receiver has to do next, most urgent first."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from django.core.paginator import Page, Paginator
from django.db import models

from accounts.models import User
from accounts.selectors import calendar_for
from handoff.choices import EventKind, Status
from handoff.models import Event, Handoff
from handoff.models.handoff import HandoffQuerySet
from handoff.selectors.story import clock_time
from sla.choices import ClockKind
from sla.models import Clock
from sla.selectors import ClockView, clock_view
from worktime.rules import InstantOutOfRange, NoOpenTime, add
from worktime.selectors import rules_calendar

PAGE_SIZE = 25
AHEAD = timedelta(hours=2)
"""Working time within which something is called due soon."""
RECENT = timedelta(days=7)
"""How long an accepted handoff stays in the queue."""


@dataclass(frozen=True, slots=True)
class Alert:
    """Who was told about a missed due time, and when."""

    name: str
    at: datetime


@dataclass(frozen=True, slots=True)
class QueueRow:
    """One line of the queue; ``is_new`` marks what still waits for a decision."""

    handoff: Handoff
    clock: ClockView | None
    due: str
    why_now: str
    news: str
    is_waiting: bool
    is_late: bool
    is_urgent: bool


@dataclass(frozen=True, slots=True)
class QueueGroup:
    """Rows of one urgency."""

    title: str
    rows: tuple[QueueRow, ...]
    is_late: bool


@dataclass(frozen=True, slots=True)
class Queue:
    """One page of the queue under one sentence about all of it."""

    sentence: str
    groups: tuple[QueueGroup, ...]
    page: Page[Handoff]


def queue_of(user: User, *, now: datetime, zone: tzinfo, number: str) -> Queue:
    """The page of that number, the nearest one where there is none such.

    What waits to be accepted comes first, by due time, then what was accepted lately.
    """
    waiting = Handoff.objects.filter(owner=user, status=Status.PENDING)
    soon = _two_hours_on(user, now)
    page = Paginator(_queued(user, now), PAGE_SIZE).get_page(number)
    handoffs = list(page.object_list)
    clocks = current_clocks(handoffs, now=now, zone=zone)
    alerts = alerts_on(handoffs)
    rows = [
        _row(handoff, clocks.get(handoff.pk), alerts.get(handoff.pk), now=now, soon=soon)
        for handoff in handoffs
    ]
    return Queue(_sentence(waiting, now=now, soon=soon), _grouped(rows, now, soon, zone), page)


def current_clocks(
    handoffs: Iterable[Handoff], *, now: datetime, zone: tzinfo
) -> dict[int, ClockView]:
    """What the accept clock of each handoff shows, by the handoff's id, in two queries."""
    clocks = (
        Clock.objects.with_view()
        .filter(
            handoff_clock__handoff__in=[handoff.pk for handoff in handoffs],
            handoff_clock__is_current=True,
            handoff_clock__kind=ClockKind.ACCEPT,
        )
        .select_related("handoff_clock")
    )
    return {
        clock.handoff_clock.handoff_id: clock_view(clock, now=now, zone=zone) for clock in clocks
    }


def alerts_on(handoffs: Iterable[Handoff]) -> dict[int, Alert]:
    """Who was alerted last about each handoff, by the handoff's id, in two queries."""
    events = list(
        Event.objects.filter(
            handoff__in=[handoff.pk for handoff in handoffs],
            kind=EventKind.ALERTED,
            data__told__isnull=False,
        ).order_by("seq")
    )
    people = User.objects.in_bulk({event.data["told"] for event in events})
    return {
        event.handoff_id: Alert(people[event.data["told"]].name, event.at)
        for event in events
        if event.data["told"] in people
    }


def why_now(handoff: Handoff) -> str:
    """What made the buyer look, else what the buyer needs, as one short line."""
    answer = handoff.answers.get("why_now") or handoff.answers.get("need") or ""
    return " ".join(str(answer).split())


def _queued(user: User, now: datetime) -> HandoffQuerySet:
    recent = models.Q(status=Status.ACCEPTED, first_accepted_at__gte=now - RECENT)
    return (
        Handoff.objects.filter(models.Q(status=Status.PENDING) | recent, owner=user)
        .select_related("lead__company", "submitted_by", "last_transfer")
        .annotate(
            place=models.Case(
                models.When(status=Status.PENDING, then=0),
                default=1,
                output_field=models.SmallIntegerField(),
            )
        )
        .order_by(
            "place",
            models.F("next_due_at").asc(nulls_last=True),
            models.F("first_accepted_at").desc(nulls_last=True),
            "id",
        )
    )


def _two_hours_on(user: User, now: datetime) -> datetime:
    version = calendar_for(user).current_version
    if version is None:
        return now + AHEAD
    try:
        return add(rules_calendar(version), now, AHEAD)
    except (NoOpenTime, InstantOutOfRange):
        return now + AHEAD


def _sentence(waiting: HandoffQuerySet, *, now: datetime, soon: datetime) -> str:
    counts = waiting.aggregate(
        all=models.Count("pk"),
        late=models.Count("pk", filter=models.Q(next_due_at__lt=now)),
        soon=models.Count("pk", filter=models.Q(next_due_at__gte=now, next_due_at__lte=soon)),
    )
    if not counts["all"]:
        return "Nothing waits to be accepted"
    before = clock_time(soon, now=now)
    parts = [f"{counts['late']} late"] if counts["late"] else []
    if counts["soon"]:
        parts.append(f"{counts['soon']} due before {before}")
    if not parts:
        return f"{counts['all']} to accept, none due before {before}"
    return ", ".join(parts)


def _row(
    handoff: Handoff,
    clock: ClockView | None,
    alert: Alert | None,
    *,
    now: datetime,
    soon: datetime,
) -> QueueRow:
    is_waiting = handoff.status == Status.PENDING
    due = handoff.next_due_at
    is_late = is_waiting and due is not None and due < now
    return QueueRow(
        handoff=handoff,
        clock=clock,
        due=_due_words(handoff, now=now, is_late=is_late),
        why_now=why_now(handoff),
        news=_news(handoff, alert if is_late else None, now=now),
        is_waiting=is_waiting,
        is_late=is_late,
        is_urgent=is_waiting and due is not None and due <= soon,
    )


def _due_words(handoff: Handoff, *, now: datetime, is_late: bool) -> str:
    if handoff.status == Status.ACCEPTED:
        accepted = handoff.first_accepted_at
        return f"Accepted {clock_time(accepted, now=now)}" if accepted else "Accepted"
    if handoff.next_due_at is None:
        return "No due time"
    due = clock_time(handoff.next_due_at, now=now)
    return f"Accept was due {due}" if is_late else f"Accept by {due}"


def _news(handoff: Handoff, alert: Alert | None, *, now: datetime) -> str:
    if alert is not None:
        return f"{alert.name} was alerted {clock_time(alert.at, now=now)}"
    by = handoff.submitted_by.name
    if handoff.submitted_at is None:
        return f"Handed off by {by}"
    moved = handoff.last_transfer
    if moved is not None and moved.at > handoff.submitted_at:
        return f"Came to you {clock_time(moved.at, now=now)}, from {by}"
    return f"Handed off {clock_time(handoff.submitted_at, now=now)} by {by}"


def _grouped(
    rows: Sequence[QueueRow], now: datetime, soon: datetime, zone: tzinfo
) -> tuple[QueueGroup, ...]:
    today = now.astimezone(zone).date()

    def group_of(row: QueueRow) -> str:
        due = row.handoff.next_due_at
        if not row.is_waiting:
            return "Accepted in the last 7 days"
        if row.is_late:
            return "Late"
        if row.is_urgent:
            return "Due in the next two working hours"
        if due is not None and due.astimezone(zone).date() == today:
            return "Later today"
        return "Later"

    groups: dict[str, list[QueueRow]] = {}
    for row in rows:
        groups.setdefault(group_of(row), []).append(row)
    return tuple(
        QueueGroup(title, tuple(members), title == "Late") for title, members in groups.items()
    )
