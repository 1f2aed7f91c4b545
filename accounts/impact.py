"""Reads for whoever is about to change hours or zones: who follows what, and from when on.

The queries are as many for one person as for all; nothing here looks at what is over.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import QuerySet

from accounts.models import Membership, Organisation, Team, User
from accounts.selectors import calendars_for, zone_for
from core.words import counted
from worktime.models import Calendar


@dataclass(frozen=True, slots=True)
class Followed:
    """Where one person's hours, or zone, come from: own, a team's id, or the organisation."""

    is_own: bool
    team_id: int | None


def hours_followed() -> dict[int, Followed]:
    """Where the hours of each active person come from, by the person's id."""
    people = User.objects.active().values_list("pk", "calendar")
    teams = Membership.objects.filter(team__calendar__isnull=False)
    return _followed({pk: bool(own) for pk, own in people}, teams)


def zones_followed() -> dict[int, Followed]:
    """Where the zone of each active person comes from, by the person's id."""
    people = User.objects.active().values_list("pk", "zone")
    teams = Membership.objects.exclude(team__zone="")
    return _followed({pk: bool(own) for pk, own in people}, teams)


def _followed(is_own: dict[int, bool], teams: QuerySet[Membership]) -> dict[int, Followed]:
    # The newest first, so that the oldest is what stays.
    oldest = dict(teams.order_by("-id").values_list("user", "team"))
    return {pk: Followed(own, None if own else oldest.get(pk)) for pk, own in is_own.items()}


def calendar_followers(calendar_id: int) -> Iterator[str]:
    """Who counts time in the calendar: people, by whatever way, teams and the organisation."""
    hours = calendars_for(list(User.objects.active().only("pk", "calendar")))
    people = sum(calendar.pk == calendar_id for calendar in hours.values())
    if people:
        yield counted(people, "person", "people")
    teams = Team.objects.filter(calendar=calendar_id).count()
    if teams:
        yield counted(teams, "team")
    if Organisation.objects.filter(calendar=calendar_id).exists():
        yield "the organisation"


def team_words(team: Team) -> str:
    """Whom a change of the team's hours and zone affects."""
    hours = sum(one.team_id == team.pk for one in hours_followed().values())
    zones = sum(one.team_id == team.pk for one in zones_followed().values())
    return _group_words(hours, zones, str(team.calendar or "the organisation's hours"), team.zone)


def organisation_words(row: Organisation) -> str:
    """Whom a change of the organisation's hours and zone affects."""
    hours = sum(not one.is_own and one.team_id is None for one in hours_followed().values())
    zones = sum(not one.is_own and one.team_id is None for one in zones_followed().values())
    return (
        f"{_group_words(hours, zones, str(row.calendar), row.zone)} "
        f"Weeks begin and end in {row.zone}. {row.fallback_manager} is told from the next "
        "alert on where no team or pool names a manager."
    )


def _group_words(hours: int, zones: int, calendar: str, zone: str) -> str:
    """As in "New clocks of 5 people without hours of their own count in Office hours..."."""
    who = counted(hours, "person", "people")
    seen = counted(zones, "person", "people")
    shown = f" Times are shown in {zone} to {seen} from the next page on." if zone else ""
    return (
        f"From now on new clocks of {who} without hours of their own count in {calendar}; "
        f"clocks that run keep theirs.{shown}"
    )


def person_words(user: User, calendar: Calendar) -> str:
    """What new hours or a new zone mean for one person."""
    return (
        f"Deadlines of leads from now on count in {calendar}; clocks that run keep the hours "
        f"they started with. Times are shown to {user} in {zone_for(user)}."
    )
