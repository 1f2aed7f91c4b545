"""Teams and who is in them."""

from collections.abc import Iterable
from datetime import datetime

from django.db import IntegrityError, transaction

from accounts.models import Membership, Team, User
from accounts.rules.policy import Action
from accounts.services.errors import InvalidPerson
from accounts.services.keeping import keep, name_problems, permit, raise_for, sign, zone_problems
from core.errors import FieldProblem
from worktime.models import Calendar


@transaction.atomic
def create_team(
    *,
    name: str,
    by: User | None,
    now: datetime,
    zone: str = "",
    calendar: Calendar | None = None,
    senior: User | None = None,
) -> Team:
    permit(by, Action.PEOPLE_EDIT)
    raise_for(name_problems(name) + zone_problems(zone) + _team_name_problems(name, None))
    team = Team(name=name.strip(), zone=zone, calendar=calendar, senior=senior)
    return _keep_named(team, by=by, now=now)


@transaction.atomic
def change_team(
    *,
    team: Team,
    name: str,
    by: User | None,
    now: datetime,
    zone: str = "",
    calendar: Calendar | None = None,
    senior: User | None = None,
) -> Team:
    permit(by, Action.PEOPLE_EDIT)
    raise_for(name_problems(name) + zone_problems(zone) + _team_name_problems(name, team))
    team.name, team.zone, team.calendar, team.senior = name.strip(), zone, calendar, senior
    return _keep_named(team, by=by, now=now, fields=["name", "zone", "calendar", "senior"])


@transaction.atomic
def set_membership(
    *, team: Team, user: User, by: User | None, now: datetime, is_manager: bool = False
) -> Membership:
    """Put a person into a team, or change whether they manage it."""
    permit(by, Action.PEOPLE_EDIT)
    # One at a time for one person: two requests must not both make the membership.
    still_here = User.objects.select_for_update(no_key=True).filter(pk=user.pk, is_active=True)
    if not list(still_here.values_list("pk")):
        raise InvalidPerson(f"{user} is not active; choose somebody who is.")
    membership = Membership.objects.filter(team=team, user=user).first()
    if membership is None:
        return keep(Membership(team=team, user=user, is_manager=is_manager), by=by, now=now)
    if membership.is_manager != is_manager:
        membership.is_manager = is_manager
        keep(membership, by=by, now=now, fields=["is_manager"])
    return membership


@transaction.atomic
def remove_membership(*, membership: Membership, by: User | None, now: datetime) -> None:
    """Take a person out of a team; what they own stays theirs."""
    permit(by, Action.PEOPLE_EDIT)
    sign(membership, by, now)
    membership.delete()


def _keep_named(
    team: Team, *, by: User | None, now: datetime, fields: Iterable[str] | None = None
) -> Team:
    try:
        with transaction.atomic():
            return keep(team, by=by, now=now, fields=fields)
    except IntegrityError as error:
        # Somebody else took the same name in the meantime.
        raise InvalidPerson(problems=[_taken(team.name)]) from error


def _team_name_problems(name: str, team: Team | None) -> list[FieldProblem]:
    taken = Team.objects.filter(name=name.strip())
    if team is not None:
        taken = taken.exclude(pk=team.pk)
    return [_taken(name)] if taken.exists() else []


def _taken(name: str) -> FieldProblem:
    return FieldProblem("name", "taken", f"A team is called {name} already.")
