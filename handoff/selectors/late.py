"""Who is late now: by how much, what the ladder did and does next, and who goes late next."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo

from django.core.paginator import Page
from django.db import models

from accounts.models import Membership, Team, User
from accounts.rules.policy import Relation
from accounts.selectors import calendar_for
from core.paging import CountedPaginator, count_for_menu
from handoff.models import Handoff, HandoffClock
from handoff.selectors.access import relations_to
from handoff.selectors.ladder import LadderView, ladders_of, late_person
from handoff.selectors.offers import NOT_EXTENDED, clock_offers, offers_to
from handoff.selectors.story import clock_time
from sla.choices import ClockKind, ClockState
from sla.models import Acknowledgement
from sla.selectors import ClockView, clock_view
from worktime.rules import InstantOutOfRange, NoOpenTime, add, duration_words
from worktime.selectors import rules_calendar

PAGE_SIZE = 25
NEXT_SHOWN = 5
SOON = timedelta(hours=2)
"""Working time within which something is called due soon."""
NEAR = timedelta(hours=12)
_MOVES = frozenset({"reassign", "return"})


@dataclass(frozen=True, slots=True)
class LateRow:
    """A clock past due, or the next to be: who, by how much, the ladder, what may be done."""

    link: HandoffClock
    handoff: Handoff
    clock: ClockView
    kind: str
    due: str
    person: User
    ladder: LadderView | None = None
    offers: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Tab:
    """One way to narrow the list, with how many it would show."""

    value: str
    label: str
    count: int


@dataclass(frozen=True, slots=True)
class LateNow:
    """One page of those past due, under one sentence, and the few that go late next."""

    sentence: str
    tabs: tuple[Tab, ...]
    rows: tuple[LateRow, ...]
    ahead: tuple[LateRow, ...]
    next_due: str
    page: Page[HandoffClock]


LinkQuerySet = models.QuerySet[HandoffClock]


def late_now(
    user: User,
    *,
    kind: str = "",
    team: Team | None = None,
    now: datetime,
    zone: tzinfo,
    number: str,
) -> LateNow:
    """Every current clock in the user's sight that is past due and still live.

    What has its next consequence first comes first; what somebody has acknowledged comes last.
    The cost depends on what is live and not on what has been.
    """
    late = _of_team(late_clocks(user, now=now), team)
    tabs, next_step_at = _tabs(late, now)
    chosen = late.filter(kind=kind) if kind else late
    found = _read(chosen).order_by(
        _seen(now).asc(),
        models.F("clock__next_step_at").asc(nulls_last=True),
        "clock__due_at",
        "id",
    )
    count = next((tab.count for tab in tabs if tab.value == kind), 0)
    page = CountedPaginator(found, PAGE_SIZE, count=count).get_page(number)
    shown = list(page.object_list)
    running = _of_team(_running(user, now=now), team)
    ahead = list(_read(running).order_by("clock__due_at", "id")[:NEXT_SHOWN])
    ahead_rows = tuple(_row(link, now=now, zone=zone) for link in ahead)
    return LateNow(
        sentence=_sentence(tabs[0].count, next_step_at, now),
        tabs=tabs,
        rows=_late_rows(shown, user, now=now, zone=zone),
        ahead=ahead_rows,
        next_due=f"{ahead_rows[0].kind} is due {ahead_rows[0].due}" if ahead_rows else "",
        page=page,
    )


def _late_rows(
    shown: Sequence[HandoffClock], user: User, *, now: datetime, zone: tzinfo
) -> tuple[LateRow, ...]:
    """With what the ladder did and will do, and what the reader may do about it."""
    ladders = ladders_of(shown, reader=user, now=now)
    relations = relations_to([link.handoff for link in shown], user)
    return tuple(
        replace(
            _row(link, now=now, zone=zone),
            ladder=ladders[link.clock_id],
            offers=_offers(
                link,
                user,
                relations[link.handoff_id],
                now=now,
                is_seen=ladders[link.clock_id].seen is not None,
            ),
        )
        for link in shown
    )


def late_clocks(user: User, *, now: datetime) -> LinkQuerySet:
    """The current clocks past due and live; one that was paused in time is not late."""
    running = models.Q(clock__state=ClockState.RUNNING)
    missed = models.Q(clock__state=ClockState.PAUSED, clock__breached_at__isnull=False)
    # The states are named apart, so that the index on state and due time finds both.
    live = models.Q(clock__state__in=[ClockState.RUNNING, ClockState.PAUSED])
    return _in_sight(user).filter(live, running | missed, clock__due_at__lt=now)


def late_count(user: User, *, now: datetime) -> int:
    """How many are late, for the menu."""
    return count_for_menu(late_clocks(user, now=now))


def late_kinds(row: Handoff, *, now: datetime) -> list[str]:
    """The kinds of the handoff's clocks that are late, as the menu of clocks orders them."""
    return _kinds(row, models.Q(clock__due_at__lt=now))


def kinds_to_extend(row: Handoff) -> list[str]:
    """The kinds of the handoff's running clocks that may be given more time."""
    movable = models.Q(clock__state=ClockState.RUNNING, clock__is_due_fixed=False)
    return [kind for kind in _kinds(row, movable) if kind not in NOT_EXTENDED]


def _kinds(row: Handoff, narrowed: models.Q) -> list[str]:
    live = [ClockState.RUNNING, ClockState.PAUSED]
    links = HandoffClock.objects.filter(
        narrowed,
        handoff_id=row.pk,
        is_current=True,
        clock__state__in=live,
        clock__has_ladder=True,
    )
    found = set(links.values_list("kind", flat=True))
    return [kind for kind in ClockKind.values if kind in found]


def teams_of(user: User) -> list[Team]:
    """The teams that the user answers for, by name."""
    teams = Team.objects.all()
    if not user.is_admin:
        teams = teams.filter(memberships__user=user, memberships__is_manager=True)
    return list(teams)


def soon_until(user: User, *, now: datetime) -> datetime:
    """The end of the next two hours of the reader's working time."""
    version = calendar_for(user).current_version
    if version is None:
        return now + SOON
    try:
        return add(rules_calendar(version), now, SOON)
    except (NoOpenTime, InstantOutOfRange):
        return now + SOON


def _in_sight(user: User) -> LinkQuerySet:
    # Without a ladder of its own a clock is late together with the one that speaks for it.
    links = HandoffClock.objects.filter(is_current=True, clock__has_ladder=True)
    if user.is_admin:
        return links
    # Asked of each live clock: a list of all that may be read would grow with the years.
    readable = Handoff.objects.for_user(user).filter(pk=models.OuterRef("handoff"))
    return links.filter(models.Exists(readable))


def _running(user: User, *, now: datetime) -> LinkQuerySet:
    return _in_sight(user).filter(clock__state=ClockState.RUNNING, clock__due_at__gte=now)


def _of_team(links: LinkQuerySet, team: Team | None) -> LinkQuerySet:
    if team is None:
        return links
    mine = Membership.objects.filter(team=team, user=models.OuterRef("handoff__owner"))
    return links.filter(models.Exists(mine))


def _seen(now: datetime) -> models.Exists:
    return models.Exists(
        Acknowledgement.objects.filter(clock=models.OuterRef("clock"), until__gt=now)
    )


def _read(links: LinkQuerySet) -> LinkQuerySet:
    """With all that a row shows, in two queries."""
    return links.select_related(
        "clock__target",
        "clock__calendar_version",
        "handoff__lead__company",
        "handoff__owner",
        "handoff__pool",
        "handoff__submitted_by",
        "leg__receiver",
    ).prefetch_related("clock__pauses")


def _tabs(late: LinkQuerySet, now: datetime) -> tuple[tuple[Tab, ...], datetime | None]:
    """The counts by kind, and when the next step of any fires that nobody has acknowledged."""
    found = {
        row["kind"]: row
        for row in late.annotate(is_seen=_seen(now))
        .order_by()
        .values("kind")
        .annotate(
            n=models.Count("pk"),
            at=models.Min("clock__next_step_at", filter=models.Q(is_seen=False)),
        )
    }
    kinds = tuple(
        Tab(kind.value, str(kind.label), found[kind]["n"]) for kind in ClockKind if kind in found
    )
    steps = [row["at"] for row in found.values() if row["at"] is not None]
    return (Tab("", "All", sum(tab.count for tab in kinds)), *kinds), min(steps, default=None)


def _sentence(count: int, next_step_at: datetime | None, now: datetime) -> str:
    if not count:
        return "Nobody is late."
    if next_step_at is None:
        return f"{count} late now."
    left = next_step_at - now
    if left <= timedelta(0):
        return f"{count} late now. The next step fires now."
    if left < NEAR:
        return f"{count} late now. The next step fires in {duration_words(left.total_seconds())}."
    return f"{count} late now. The next step fires {clock_time(next_step_at, now=now)}."


def _row(link: HandoffClock, *, now: datetime, zone: tzinfo) -> LateRow:
    return LateRow(
        link=link,
        handoff=link.handoff,
        clock=clock_view(link.clock, now=now, zone=zone),
        kind=str(ClockKind(link.kind).label),
        due=clock_time(link.clock.due_at, now=now),
        person=late_person(link),
    )


def _offers(
    link: HandoffClock,
    user: User,
    relations: frozenset[Relation],
    *,
    now: datetime,
    is_seen: bool,
) -> frozenset[str]:
    """What the reader may do about the clock and the handoff as they stand."""
    moves = offers_to(link.handoff, user, relations) & _MOVES
    return moves | clock_offers(link, user, relations, now=now, is_seen=is_seen)
