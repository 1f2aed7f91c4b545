"""Reads about people: who answers for whom, whose hours and zone hold, who is away."""

import zoneinfo
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import BigIntegerField, Prefetch, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from accounts.choices import Role
from accounts.models import Membership, Organisation, Team, TimeOff, User, UserQuerySet
from accounts.rules.policy import Relation
from core.errors import Refused
from core.prepared import PreparedRead
from worktime.models import Calendar

PAGE_SIZE = 25
# Beyond the id of any membership: the organisation's zone comes after those of the teams.
_LAST = 2**62
UTC = zoneinfo.ZoneInfo("UTC")


class NoOrganisation(Refused):
    """Nothing can be timed or alerted before the organisation is set up."""

    code = "no_organisation"
    title = "The organisation is not set up yet"

    def __init__(self) -> None:
        super().__init__("Create the organisation first, with its calendar and a manager.")


def organisation() -> Organisation:
    """Raise NoOrganisation where it has not been made yet."""
    # There is one at most; to ask for the first would sort.
    all_there_is = Organisation.objects.select_related(
        "calendar__current_version", "fallback_manager"
    )
    found = next(iter(all_there_is.order_by()), None)
    if found is None:
        raise NoOrganisation
    return found


def manager_of(user: User, *, pool_manager: User | None = None) -> User | None:
    """The one person who is told when something of the user's goes wrong; never the user.

    The first who is active of: a manager of a team of theirs, oldest membership first; the
    manager of the pool, where one is given; the organisation's fallback manager; an admin. None
    only where nobody else is left.
    """
    return next((one for one in _managers(user, pool_manager) if _may_answer(one, user)), None)


def senior_of(user: User) -> User | None:
    """The senior receiver of the user's oldest team that names one who is active, not the user."""
    named = Membership.objects.filter(user=user, team__senior__isnull=False)
    seniors = (one.team.senior for one in named.select_related("team__senior").order_by("id"))
    return next((one for one in seniors if _may_answer(one, user)), None)


def _managers(user: User, pool_manager: User | None) -> Iterator[User | None]:
    teams = Membership.objects.filter(user=user).values("team")
    managing = Membership.objects.filter(team__in=teams, is_manager=True)
    for membership in managing.select_related("user").order_by("id"):
        yield membership.user
    yield pool_manager
    only = Organisation.objects.select_related("fallback_manager").first()
    yield only.fallback_manager if only else None
    yield from User.objects.active().in_roles(Role.ADMIN).exclude(pk=user.pk).order_by("id")[:1]
    yield User.objects.active().filter(is_superuser=True).exclude(pk=user.pk).order_by("id").first()


def _may_answer(candidate: User | None, user: User) -> bool:
    return candidate is not None and candidate.is_active and candidate.pk != user.pk


def is_last_admin(user: User) -> bool:
    """Whether nobody would be in charge without this person."""
    others: UserQuerySet = User.objects.active().exclude(pk=user.pk)
    has_others = others.in_roles(Role.ADMIN).exists() or others.filter(is_superuser=True).exists()
    return user.is_admin and not has_others


def calendar_for(user: User) -> Calendar:
    """The user's working hours: their own, else the oldest team's that has some, else the
    organisation's. Raise NoOrganisation where none of them is there.
    """
    # In one query, for it is asked with each clock that starts.
    team = Membership.objects.filter(user=user.pk, team__calendar__isnull=False).order_by("id")
    usual = Coalesce(
        Subquery(team.values("team__calendar")[:1]),
        Subquery(Organisation.objects.values("calendar")[:1]),
    )
    calendars = Calendar.objects.select_related("current_version").order_by()
    found = next(iter(calendars.filter(pk=user.calendar_id or usual)), None)
    if found is None:
        raise NoOrganisation
    return found


def calendars_for(people: Collection[User]) -> dict[int, Calendar]:
    """The working hours of each by the user's id, in at most three queries."""
    return calendars_of({user.pk: user.calendar_id for user in people})


def calendars_of(own: Mapping[int, int | None]) -> dict[int, Calendar]:
    """The same for people by their id, with the calendar of their own, None without one."""
    chosen = _with_teams(own)
    if None in chosen.values():
        return hours_of(chosen)[0]
    found = calendars_by_id(chosen.values())
    return {pk: found[calendar] for pk, calendar in chosen.items() if calendar is not None}


def hours_of(own: Mapping[int, int | None]) -> tuple[dict[int, Calendar], Calendar]:
    """The same, and the organisation's working hours with them, in at most three queries.

    Raise NoOrganisation where it has not been made yet.
    """
    chosen = _with_teams(own)
    usual = next(iter(Organisation.objects.order_by().values_list("calendar", flat=True)), None)
    if usual is None:
        raise NoOrganisation
    found = calendars_by_id([*chosen.values(), usual])
    by_user = {pk: found[usual if one is None else one] for pk, one in chosen.items()}
    return by_user, found[usual]


def _with_teams(own: Mapping[int, int | None]) -> dict[int, int | None]:
    """The calendar by user, that of a team where the person has none; None where none has."""
    chosen = dict(own)
    without = [pk for pk, calendar in chosen.items() if calendar is None]
    if without:
        teams = Membership.objects.filter(user__in=without, team__calendar__isnull=False)
        # The newest first, so that the oldest is what stays.
        chosen |= teams.order_by("-id").values_list("user", "team__calendar")
    return chosen


def calendars_by_id(ids: Iterable[int | None]) -> dict[int, Calendar]:
    """The calendars with their hours in force, in one query; None among the ids is passed over."""
    wanted = {pk for pk in ids if pk is not None}
    rows = Calendar.objects.filter(pk__in=wanted).select_related("current_version").order_by()
    return {calendar.pk: calendar for calendar in rows}


def zone_for(user: User) -> zoneinfo.ZoneInfo:
    """The user's zone: their own, else the oldest team's that has one, else the organisation's.

    A zone that this machine does not know is passed over, and UTC comes last, so that pages
    keep working when zone data changes.
    """
    return next((zone for name in _zone_names(user) if (zone := known_zone(name))), UTC)


def zone_of_team(team: Team | None) -> zoneinfo.ZoneInfo:
    """The zone of what a team reads together: its own, else the organisation's."""
    names = [team.zone if team else "", *Organisation.objects.values_list("zone", flat=True)]
    return next((zone for name in names if (zone := known_zone(name))), UTC)


def zones_for(people: Collection[User]) -> dict[int, zoneinfo.ZoneInfo]:
    """The zone of each by the user's id, in two queries."""
    names: dict[int, list[str]] = {user.pk: [user.zone] for user in people}
    teams = Membership.objects.filter(user__in=people).exclude(team__zone="").order_by("id")
    for pk, name in teams.values_list("user", "team__zone"):
        names[pk].append(name)
    last = list(Organisation.objects.values_list("zone", flat=True))
    return {
        pk: next((zone for name in [*own, *last] if (zone := known_zone(name))), UTC)
        for pk, own in names.items()
    }


def _zone_names(user: User) -> Iterator[str]:
    yield user.zone
    yield from (name for _, name in sorted(_zones(user=user.pk)))


def _zones_of(user: Any) -> QuerySet[Any, Any]:
    """In one query, for most people have no zone of their own, and every page asks."""
    teams = Membership.objects.filter(user=user).exclude(team__zone="").order_by()
    last = Organisation.objects.order_by().annotate(place=Value(_LAST, BigIntegerField()))
    last_zone = last.values_list("place", "zone")
    return teams.values_list("id", "team__zone").union(last_zone, all=True)


_zones = PreparedRead(_zones_of, user=BigIntegerField())


def known_zone(name: str) -> zoneinfo.ZoneInfo | None:
    """The zone of that name, or None for an empty or unknown one."""
    if not name:
        return None
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return None


def unknown_zones() -> list[str]:
    """Zones that are chosen for somebody and no longer among the zone data of this machine."""
    chosen = (rows.objects.exclude(zone="").values_list("zone") for rows in (Team, User))
    names = (
        Organisation.objects.order_by()
        .values_list("zone")
        .union(*(rows.order_by() for rows in chosen))
    )
    return sorted(name for (name,) in names if known_zone(name) is None)


def relations_to_person(by: User, user: User) -> frozenset[Relation]:
    """How `by` stands to the user's own record: it is theirs, or they manage a team of it."""
    found = set()
    if by.pk == user.pk:
        found.add(Relation.SELF)
    if Membership.objects.managed_by(by).filter(user=user).exists():
        found.add(Relation.TEAM)
    return frozenset(found)


@dataclass(frozen=True, slots=True)
class Availability:
    """One person as the time-off page shows them; `time_off` is what has not ended yet."""

    user: User
    is_paused: bool
    is_away: bool
    time_off: tuple[TimeOff, ...]


@dataclass(frozen=True, slots=True)
class AvailabilityPage:
    """The person's own line, and one page of the others whose time off they may change."""

    own: Availability
    others: tuple[Availability, ...]
    page: Page[User]


def availability(
    by: User, *, now: datetime, words: str = "", number: str = "1"
) -> AvailabilityPage:
    """Who is paused or away among the active people that `by` may open, by name."""
    ahead = TimeOff.objects.filter(ends_at__gt=now)
    people: UserQuerySet = (
        User.objects.for_user(by)
        .active()
        .prefetch_related("groups", Prefetch("time_off", queryset=ahead, to_attr="time_off_ahead"))
    )
    # PostgreSQL refuses a text with NUL in it, which no name has.
    others = people.exclude(pk=by.pk).filter(name__icontains=words.replace("\0", "").strip())
    page = Paginator(others, PAGE_SIZE).get_page(number)
    return AvailabilityPage(
        own=_availability(people.get(pk=by.pk), now),
        others=tuple(_availability(user, now) for user in page),
        page=page,
    )


def _availability(user: User, now: datetime) -> Availability:
    time_off: list[TimeOff] = user.time_off_ahead  # type: ignore[attr-defined]  # set by Prefetch
    return Availability(
        user=user,
        is_paused=user.is_paused(now),
        is_away=any(span.starts_at <= now for span in time_off),
        time_off=tuple(time_off),
    )
