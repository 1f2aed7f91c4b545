"""What a manager must know now: who is late, and what waits because nobody is eligible."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from django.core.paginator import Page, Paginator

from accounts.models import User
from handoff.choices import EventKind, Status
from handoff.models import Event, Handoff
from handoff.models.handoff import HandoffQuerySet
from handoff.rules.transitions import MOST_LEGS
from handoff.selectors.holding import legs_given
from handoff.selectors.queue import Alert, alerts_on, current_clocks
from handoff.selectors.story import clock_time
from routing.choices import Exclusion
from sla.selectors import ClockView
from worktime.rules import duration_words

PAGE_SIZE = 25
NEXT_SHOWN = 5


@dataclass(frozen=True, slots=True)
class LateRow:
    """A pending handoff with its accept clock, and who was alerted when, in words."""

    handoff: Handoff
    clock: ClockView | None
    due: str
    alerted: str


@dataclass(frozen=True, slots=True)
class LateNow:
    """One page of those past due, under one sentence, and the few that go late next."""

    sentence: str
    rows: tuple[LateRow, ...]
    ahead: tuple[LateRow, ...]
    next_due: str
    page: Page[Handoff]


@dataclass(frozen=True, slots=True)
class HeldRow:
    """A held handoff: since when, how long in real time, and why each member was passed over."""

    handoff: Handoff
    since: str
    age: str
    reasons: tuple[str, ...]


def late_now(user: User, *, now: datetime, zone: tzinfo, number: str) -> LateNow:
    """The pending handoffs in the user's sight whose accept clock is past due, worst first."""
    pending = (
        Handoff.objects.for_user(user)
        .filter(status=Status.PENDING, next_due_at__isnull=False)
        .select_related("lead__company", "owner", "submitted_by")
        .order_by("next_due_at", "id")
    )
    page = Paginator(pending.filter(next_due_at__lt=now), PAGE_SIZE).get_page(number)
    late = list(page.object_list)
    ahead = list(pending.filter(next_due_at__gte=now)[:NEXT_SHOWN])
    clocks = current_clocks([*late, *ahead], now=now, zone=zone)
    alerts = alerts_on(late)

    def row(handoff: Handoff) -> LateRow:
        due = clock_time(handoff.next_due_at, now=now) if handoff.next_due_at else ""
        return LateRow(
            handoff, clocks.get(handoff.pk), due, _alerted(alerts.get(handoff.pk), now=now)
        )

    ahead_rows = tuple(row(handoff) for handoff in ahead)
    return LateNow(
        sentence=_sentence(page.paginator.count),
        rows=tuple(row(handoff) for handoff in late),
        ahead=ahead_rows,
        next_due=ahead_rows[0].due if ahead_rows else "",
        page=page,
    )


def _sentence(count: int) -> str:
    if not count:
        return "Nobody is late."
    return f"{count} late now."


def _alerted(alert: Alert | None, *, now: datetime) -> str:
    if alert is None:
        return "Nobody has been alerted yet"
    return f"{alert.name} was alerted {clock_time(alert.at, now=now)}"


def held_handoffs(user: User) -> HandoffQuerySet:
    """The held handoffs in the user's sight, oldest first."""
    return (
        Handoff.objects.for_user(user)
        .filter(status=Status.HOLDING)
        .select_related("lead__company", "owner", "submitted_by", "pool")
        .order_by("submitted_at", "id")
    )


def held_rows(handoffs: Sequence[Handoff], *, now: datetime) -> tuple[HeldRow, ...]:
    """The handoffs with their age and reasons, in three queries."""
    events = held_events(handoffs)
    given = legs_given(handoff.pk for handoff in handoffs)
    people = User.objects.in_bulk(
        {skip["user"] for event in events.values() for skip in event.data.get("exclusions", ())}
    )
    return tuple(
        _held_row(
            handoff,
            events.get(handoff.pk),
            people,
            now=now,
            is_used_up=given[handoff.pk] >= MOST_LEGS,
        )
        for handoff in handoffs
    )


def held_events(handoffs: Sequence[Handoff]) -> dict[int, Event]:
    """The event that says why each was held last, by the handoff's id."""
    events = Event.objects.filter(
        handoff__in=[handoff.pk for handoff in handoffs], kind=EventKind.HELD
    ).order_by("seq")
    return {event.handoff_id: event for event in events}


def exclusion_sentences(event: Event, people: dict[int, User]) -> tuple[str, ...]:
    """Why each member of the pool was passed over, one sentence each."""
    labels = dict(Exclusion.choices)
    return tuple(
        f"{people[skip['user']].name}: {labels.get(skip['code'], skip['code'])}."
        for skip in event.data.get("exclusions", ())
        if skip["user"] in people
    )


def _held_row(
    handoff: Handoff,
    event: Event | None,
    people: dict[int, User],
    *,
    now: datetime,
    is_used_up: bool,
) -> HeldRow:
    since = event.at if event else handoff.submitted_at or handoff.created_at
    reasons = exclusion_sentences(event, people) if event else ()
    if is_used_up:
        reasons = (f"{MOST_LEGS} receivers have had it; its owner decides what next.", *reasons)
    return HeldRow(
        handoff=handoff,
        since=clock_time(since, now=now),
        age=duration_words((now - since).total_seconds()),
        reasons=reasons or ("The pool has no members.",),
    )
