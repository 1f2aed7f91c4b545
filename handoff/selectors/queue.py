"""What a receiver has to do next, most urgent first."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from django.core.paginator import Page, Paginator
from django.db import models

from accounts.models import User
from accounts.rules.policy import Action, Relation
from accounts.selectors import calendar_for
from handoff.choices import EventKind, Status, TouchKind, TransferReason, Verdict
from handoff.models import Handoff, Leg, Touch
from handoff.models.handoff import HandoffQuerySet
from handoff.rules.placeholders import STATE, TEXT
from handoff.selectors.clocks import ShownClock, current_clocks, most_urgent, shown_clocks
from handoff.selectors.event_log import events_on
from handoff.selectors.offers import way_on
from handoff.selectors.story import clock_time
from handoff.selectors.touch_log import last_touches
from sla.choices import ClockKind
from worktime.rules import InstantOutOfRange, NoOpenTime, add
from worktime.selectors import rules_calendar

__all__ = ["Alert", "Queue", "alerts_on", "current_clocks", "queue_of", "why_now"]

PAGE_SIZE = 25
AHEAD = timedelta(hours=2)
"""Working time within which something is called due soon."""
TABS = ("", "accept", "contact", "step")
_TAB_LABELS = {"": "All", "accept": "To accept", "contact": "To contact", "step": "To move on"}
_OPEN = (Status.PENDING, Status.ACCEPTED)
_ACTS = {
    Status.PENDING: {
        "accept": Action.HANDOFF_ACCEPT,
        "touch": Action.HANDOFF_TOUCH,
        "reject": Action.HANDOFF_REJECT,
    },
    Status.ACCEPTED: {
        "touch": Action.HANDOFF_TOUCH,
        "next_step": Action.HANDOFF_NEXT_STEP,
        "convert": Action.HANDOFF_CONVERT,
    },
}


@dataclass(frozen=True, slots=True)
class Alert:
    """Who was told about a missed due time, and when."""

    name: str
    at: datetime


@dataclass(frozen=True, slots=True)
class QueueRow:
    """One line of the queue.

    ``main`` is the way on of what it ``offers``; ``is_new`` marks what waits for a decision.
    """

    handoff: Handoff
    clock: ShownClock | None
    due: str
    why_now: str
    news: str
    meeting: str
    offers: frozenset[str]
    main: str
    is_new: bool
    is_late: bool
    is_urgent: bool
    is_logged_late: bool


@dataclass(frozen=True, slots=True)
class QueueGroup:
    """Rows of one urgency."""

    title: str
    rows: tuple[QueueRow, ...]
    is_late: bool


@dataclass(frozen=True, slots=True)
class Tab:
    """One part of the queue with how many are in it."""

    key: str
    label: str
    count: int
    is_shown: bool


@dataclass(frozen=True, slots=True)
class Queue:
    """One page of the queue under one sentence about all of it."""

    sentence: str
    tabs: tuple[Tab, ...]
    groups: tuple[QueueGroup, ...]
    page: Page[Handoff]


@dataclass(frozen=True, slots=True)
class _Known:
    """What the rows of a page need besides themselves."""

    user: User
    now: datetime
    soon: datetime
    clocks: Mapping[int, tuple[ShownClock, ...]]
    alerts: Mapping[int, Alert]
    legs: Mapping[int, Leg]
    touches: Mapping[int, Touch]


def queue_of(user: User, *, tab: str = "", now: datetime, zone: tzinfo, number: str) -> Queue:
    """The page of that number, the nearest one where there is none such.

    What is due first comes first, whatever it is that is due; then what has a day of its own.
    """
    mine = Handoff.objects.filter(owner=user, status__in=_OPEN)
    soon = _two_hours_on(user, now)
    counts = _counts(mine, now=now, soon=soon)
    page = Paginator(_ordered(_of_tab(mine, tab)), PAGE_SIZE).get_page(number)
    handoffs = list(page.object_list)
    legs = Leg.objects.filter(handoff__in=[one.pk for one in handoffs], ended_at=None)
    known = _Known(
        user=user,
        now=now,
        soon=soon,
        clocks=shown_clocks(handoffs, now=now, zone=zone),
        alerts=alerts_on(handoffs),
        legs={leg.handoff_id: leg for leg in legs},
        touches=last_touches(handoffs),
    )
    rows = [_row(handoff, known) for handoff in handoffs]
    tabs = tuple(Tab(key, _TAB_LABELS[key], counts[key or "all"], key == tab) for key in TABS)
    return Queue(_sentence(counts, now=now, soon=soon), tabs, _grouped(rows, known, zone), page)


def alerts_on(handoffs: Iterable[Handoff]) -> dict[int, Alert]:
    """Who was alerted last about each handoff, by the handoff's id, in two queries."""
    alerts = events_on([handoff.pk for handoff in handoffs], EventKind.ALERTED)
    events = list(alerts.filter(data__told__isnull=False))
    people = User.objects.in_bulk({event.data["told"] for event in events})
    return {
        event.handoff_id: Alert(people[event.data["told"]].name, event.at)
        for event in events
        if event.data["told"] in people
    }


def why_now(handoff: Handoff) -> str:
    """What made the buyer look, else what the buyer needs, as one short line."""
    answer = handoff.answers.get("why_now") or handoff.answers.get("need") or ""
    if isinstance(answer, dict):
        answer = answer.get(TEXT) or answer.get(STATE) or ""
    return " ".join(str(answer).split())


def _of_tab(mine: HandoffQuerySet, tab: str) -> HandoffQuerySet:
    if tab == "accept":
        return mine.filter(status=Status.PENDING)
    if tab in {"contact", "step"}:
        return mine.filter(status=Status.ACCEPTED, first_contact_at__isnull=tab == "contact")
    return mine


def _ordered(rows: HandoffQuerySet) -> HandoffQuerySet:
    live = Leg.objects.filter(handoff=models.OuterRef("pk"), ended_at=None)
    return (
        rows.select_related("lead__company", "submitted_by", "last_transfer__from_user")
        .annotate(step_at=models.Subquery(live.values("next_step_at")[:1]))
        .order_by(
            models.F("next_due_at").asc(nulls_last=True),
            models.F("step_at").asc(nulls_last=True),
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


def _counts(mine: HandoffQuerySet, *, now: datetime, soon: datetime) -> dict[str, int]:
    def count(**condition: object) -> models.Count:
        return models.Count("pk", filter=models.Q(**condition))

    found: dict[str, int] = mine.aggregate(
        all=models.Count("pk"),
        accept=count(status=Status.PENDING),
        contact=count(status=Status.ACCEPTED, first_contact_at__isnull=True),
        step=count(status=Status.ACCEPTED, first_contact_at__isnull=False),
        late=count(next_due_at__lt=now),
        soon=count(next_due_at__gte=now, next_due_at__lte=soon),
    )
    return found


def _sentence(counts: Mapping[str, int], *, now: datetime, soon: datetime) -> str:
    if not counts["all"]:
        return "Nothing is waiting for you"
    before = clock_time(soon, now=now)
    parts = [f"{counts['late']} late"] if counts["late"] else []
    if counts["soon"]:
        parts.append(f"{counts['soon']} due before {before}")
    if not parts:
        return f"{counts['all']} open, none due before {before}"
    return ", ".join(parts)


def _row(handoff: Handoff, known: _Known) -> QueueRow:
    clocks = known.clocks.get(handoff.pk, ())
    clock = most_urgent(clocks)
    due, now = handoff.next_due_at, known.now
    is_late = due is not None and due < now
    leg = known.legs.get(handoff.pk)
    ahead = leg is not None and leg.next_step_at is not None and leg.next_step_at > now
    offers = frozenset(
        name
        for name, action in _ACTS[Status(handoff.status)].items()
        if known.user.may(action, frozenset({Relation.RECEIVER}))
    )
    main = way_on(offers, is_contacted=handoff.first_contact_at is not None, has_step=ahead)
    return QueueRow(
        handoff=handoff,
        clock=clock,
        due=_due_words(clock, leg, now=now),
        why_now=why_now(handoff),
        news=_news(handoff, leg, known, is_late=is_late),
        meeting=f"Meeting {clock_time(handoff.meeting_at, now=now)}" if handoff.meeting_at else "",
        offers=offers,
        main=main,
        is_new=handoff.status == Status.PENDING,
        is_late=is_late,
        is_urgent=due is not None and due <= known.soon,
        is_logged_late=any(one.kind == ClockKind.CONTACT and one.is_logged_late for one in clocks),
    )


def _due_words(clock: ShownClock | None, leg: Leg | None, *, now: datetime) -> str:
    if clock is None:
        if leg is not None and leg.next_step_at is not None:
            passed = " has passed" if leg.next_step_at <= now else ""
            return f"Next step {clock_time(leg.next_step_at, now=now)}{passed}"
        return "Nothing is due"
    due = clock_time(clock.view.due_at, now=now)
    if clock.view.due_at < now:
        return f"{clock.name} was due {due}"
    return f"{clock.name} by {due}"


def _news(handoff: Handoff, leg: Leg | None, known: _Known, *, is_late: bool) -> str:
    now = known.now
    alert = known.alerts.get(handoff.pk)
    if alert is not None and is_late:
        return f"{alert.name} was alerted {clock_time(alert.at, now=now)}"
    if handoff.status == Status.PENDING:
        return _came(handoff, now=now)
    if leg is not None and leg.next_step_at is not None and leg.next_step_at > now:
        return f"{leg.next_step}, {clock_time(leg.next_step_at, now=now)}"
    touch = known.touches.get(handoff.pk)
    if touch is not None:
        return _touched(touch, known.user, now=now)
    accepted = leg.accepted_at if leg else None
    return f"Accepted {clock_time(accepted, now=now)}, no touch yet" if accepted else "No touch yet"


def _came(handoff: Handoff, *, now: datetime) -> str:
    """How a handoff that waits to be accepted got here."""
    by = handoff.submitted_by.name
    if handoff.submitted_at is None:
        return f"Handed off by {by}"
    moved = handoff.last_transfer
    if moved is None or moved.at <= handoff.submitted_at:
        return f"Handed off {clock_time(handoff.submitted_at, now=now)} by {by}"
    at, before = clock_time(moved.at, now=now), moved.from_user.name
    why = {
        TransferReason.SLA_BREACH: f"{before}\u2019s time ran out",
        TransferReason.CONFLICT: f"{before} declared a conflict",
        TransferReason.COVER: f"you cover for {before}",
        TransferReason.MANAGER: f"your manager gave you {before}\u2019s lead",
        TransferReason.TERRITORY: f"{before}\u2019s territory became yours",
        TransferReason.LEFT: f"{before} has left",
        TransferReason.DRAINED: "it had waited for somebody to be free",
    }.get(TransferReason(moved.reason))
    return f"Came to you {at}: {why}" if why else f"Came to you {at}, from {by}"


def _touched(touch: Touch, user: User, *, now: datetime) -> str:
    who = "you" if touch.actor_id == user.pk else touch.actor.name
    what = TouchKind(touch.kind).label
    counts = "" if touch.verdict == Verdict.MEANINGFUL else ", does not count"
    return f"{what} {clock_time(touch.occurred_at, now=now)} by {who}{counts}; no dated next step"


def _grouped(rows: Sequence[QueueRow], known: _Known, zone: tzinfo) -> tuple[QueueGroup, ...]:
    today = known.now.astimezone(zone).date()

    def group_of(row: QueueRow) -> str:
        due = row.handoff.next_due_at
        if due is None:
            return "Nothing is due"
        if row.is_late:
            return "Late"
        if row.is_urgent:
            return "Due in the next two working hours"
        day = due.astimezone(zone).date()
        if day == today:
            return "Later today"
        return "In the next seven days" if (day - today).days < 7 else "Later"

    groups: dict[str, list[QueueRow]] = {}
    for row in rows:
        groups.setdefault(group_of(row), []).append(row)
    return tuple(
        QueueGroup(title, tuple(members), title == "Late") for title, members in groups.items()
    )
