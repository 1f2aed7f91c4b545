"""The team board: what each person has, how full they are, who is away, who stands in."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.core.paginator import Page, Paginator
from django.db.models import Count, Exists, OuterRef, Prefetch, Q

from accounts.choices import Role
from accounts.models import Membership, Team, TimeOff, User, UserQuerySet
from accounts.rules.policy import Action, Relation
from handoff.choices import Status
from handoff.models import Handoff, HandoffClock
from handoff.selectors.story import clock_time
from routing.models import Load, Member
from sla.choices import ClockState

PAGE_SIZE = 25
# What somebody has, in the order in which it is shown.
SHOWN = (Status.PENDING, Status.ACCEPTED, Status.DRAFT, Status.REJECTED, Status.HOLDING)
FULL_PERCENT = 100


@dataclass(frozen=True, slots=True)
class OpenLeads:
    """How many leads of one state a person has."""

    label: str
    count: int


@dataclass(frozen=True, slots=True)
class Seat:
    """A person's place in a pool, with who stands in for them."""

    member: Member
    pool: str
    backup: str
    is_active: bool


@dataclass(frozen=True, slots=True)
class TeamRow:
    """One person as their manager sees them; `percent` is None without a limit of capacity.

    `absence` says that they are paused or away now, `ahead` when they are away next.
    """

    user: User
    leads: tuple[OpenLeads, ...]
    total: int
    load: int
    capacity: int | None
    percent: int | None
    late: int
    soon: int
    is_paused: bool
    is_away: bool
    absence: str
    ahead: str
    seats: tuple[Seat, ...]
    offers: frozenset[str]


@dataclass(frozen=True, slots=True)
class TeamBoard:
    """One page of people under one sentence about them."""

    rows: tuple[TeamRow, ...]
    page: Page[User]


def team_board(
    user: User,
    *,
    team: Team | None = None,
    words: str = "",
    soon: datetime,
    now: datetime,
    number: str,
) -> TeamBoard:
    """The active people of the user's teams (an admin: everybody who works with leads), by name.

    `soon` is until when a due time counts as near. In a constant number of queries, none of
    which reads what is closed.
    """
    page = Paginator(_people(user, team, words, now), PAGE_SIZE).get_page(number)
    people = list(page.object_list)
    ids = [one.pk for one in people]
    loads = Load.objects.filter(user__in=ids).in_bulk(field_name="user_id")
    leads, clocks, seats = _leads(ids), _clocks(ids, soon=soon, now=now), _seats(ids)
    return TeamBoard(
        tuple(
            _row(
                one,
                user,
                leads=leads[one.pk],
                load=loads.get(one.pk),
                clocks=clocks.get(one.pk, (0, 0)),
                seats=tuple(seats[one.pk]),
                now=now,
            )
            for one in people
        ),
        page,
    )


def _people(user: User, team: Team | None, words: str, now: datetime) -> UserQuerySet:
    people: UserQuerySet = User.objects.for_user(user).active()
    if user.is_admin:
        people = people.in_roles(Role.SDR, Role.AE, Role.MANAGER)
    if team is not None:
        people = people.filter(Exists(Membership.objects.filter(team=team, user=OuterRef("pk"))))
    if words:
        # PostgreSQL refuses a text with NUL in it, which no name has.
        people = people.filter(name__icontains=words.replace("\0", "").strip())
    ahead = TimeOff.objects.filter(ends_at__gt=now).order_by("starts_at")
    found: UserQuerySet = people.order_by("name", "pk").prefetch_related(
        "groups", Prefetch("time_off", queryset=ahead, to_attr="time_off_ahead")
    )
    return found


def _leads(ids: Sequence[int]) -> dict[int, dict[str, int]]:
    found: dict[int, dict[str, int]] = defaultdict(dict)
    counts = (
        Handoff.objects.filter(owner__in=ids, status__in=SHOWN)
        .order_by()
        .values_list("owner", "status")
        .annotate(n=Count("pk"))
    )
    for owner, status, count in counts:
        found[owner][status] = count
    return found


def _clocks(ids: Sequence[int], *, soon: datetime, now: datetime) -> dict[int, tuple[int, int]]:
    """How many clocks each person is late on and has due soon, by their id."""
    missed = Q(clock__state=ClockState.RUNNING) | Q(clock__breached_at__isnull=False)
    found = (
        HandoffClock.objects.filter(
            missed,
            is_current=True,
            clock__state__in=[ClockState.RUNNING, ClockState.PAUSED],
            clock__has_ladder=True,
            clock__due_at__lte=soon,
            handoff__owner__in=ids,
        )
        .order_by()
        .values_list("handoff__owner")
        .annotate(
            late=Count("pk", filter=Q(clock__due_at__lt=now)),
            soon=Count("pk", filter=Q(clock__due_at__gte=now)),
        )
    )
    return {owner: (late, near) for owner, late, near in found}


def _seats(ids: Sequence[int]) -> dict[int, list[Seat]]:
    found: dict[int, list[Seat]] = defaultdict(list)
    members = Member.objects.filter(user__in=ids).select_related("pool", "backup__user")
    for member in members.order_by("pool__name", "pk"):
        backup = member.backup.user.name if member.backup else ""
        seat = Seat(member, member.pool.name, backup, member.is_active)
        found[member.user_id].append(seat)
    return found


def _row(
    one: User,
    reader: User,
    *,
    leads: dict[str, int],
    load: Load | None,
    clocks: tuple[int, int],
    seats: tuple[Seat, ...],
    now: datetime,
) -> TeamRow:
    spans: list[TimeOff] = one.time_off_ahead  # type: ignore[attr-defined]  # set by Prefetch
    away = next((span for span in spans if span.starts_at <= now), None)
    coming = next((span for span in spans if span.starts_at > now), None)
    open_count, capacity = (load.open_count, load.capacity) if load else (0, None)
    return TeamRow(
        user=one,
        leads=tuple(OpenLeads(str(s.label), leads[s]) for s in SHOWN if s in leads),
        total=sum(leads.values()),
        load=open_count,
        capacity=capacity,
        percent=_percent(open_count, capacity),
        late=clocks[0],
        soon=clocks[1],
        is_paused=one.is_paused(now),
        is_away=away is not None,
        absence=_absence(one, away, now),
        ahead=_ahead(coming, now),
        seats=seats,
        offers=_offers(one, reader),
    )


def _percent(open_count: int, capacity: int | None) -> int | None:
    if capacity is None:
        return None
    return min(FULL_PERCENT, open_count * FULL_PERCENT // capacity) if capacity else FULL_PERCENT


def _absence(one: User, away: TimeOff | None, now: datetime) -> str:
    if away is not None:
        return f"Away until {clock_time(away.ends_at, now=now)}"
    if not one.is_paused(now):
        return ""
    if one.paused_until is None:
        return "Paused until somebody ends it"
    return f"Paused until {clock_time(one.paused_until, now=now)}"


def _ahead(coming: TimeOff | None, now: datetime) -> str:
    if coming is None:
        return ""
    starts, ends = (clock_time(at, now=now) for at in (coming.starts_at, coming.ends_at))
    return f"Away {starts} to {ends}"


_ACTIONS = {
    "pause": Action.PAUSE_EDIT,
    "time_off": Action.TIME_OFF_EDIT,
    "backup": Action.BACKUP_EDIT,
    "offboard": Action.PERSON_OFFBOARD,
}


def _offers(one: User, reader: User) -> frozenset[str]:
    """What the reader, who answers for the person, may change about them."""
    stands = frozenset({Relation.SELF if one.pk == reader.pk else Relation.TEAM})
    return frozenset(name for name, action in _ACTIONS.items() if reader.may(action, stands))
