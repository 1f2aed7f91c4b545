"""The one organisation."""

from datetime import datetime

from django.db import transaction

from accounts.models import Organisation, User
from accounts.rules.policy import Action
from accounts.services.errors import InvalidPerson
from accounts.services.keeping import keep, name_problems, permit, raise_for, zone_problems
from core.errors import FieldProblem
from worktime.models import Calendar


@transaction.atomic
def create_organisation(
    *,
    name: str,
    calendar: Calendar,
    fallback_manager: User,
    by: User | None,
    now: datetime,
    zone: str = "UTC",
) -> Organisation:
    """Set up the one organisation; raise Refused where it is there already."""
    permit(by, Action.CONFIG_EDIT)
    if Organisation.objects.exists():
        raise InvalidPerson("There is an organisation already; change that one.")
    raise_for(name_problems(name) + zone_problems(zone, is_required=True))
    organisation = Organisation(
        name=name.strip(), zone=zone, calendar=calendar, fallback_manager=fallback_manager
    )
    return keep(organisation, by=by, now=now)


@transaction.atomic
def change_organisation(
    *,
    organisation: Organisation,
    name: str,
    zone: str,
    calendar: Calendar,
    fallback_manager: User,
    by: User | None,
    now: datetime,
) -> Organisation:
    permit(by, Action.CONFIG_EDIT)
    problems = name_problems(name) + zone_problems(zone, is_required=True)
    if not fallback_manager.is_active:
        problems.append(
            FieldProblem("fallback_manager", "inactive", "Choose somebody who is active.")
        )
    raise_for(problems)
    organisation.name = name.strip()
    organisation.zone = zone
    organisation.calendar = calendar
    organisation.fallback_manager = fallback_manager
    return keep(organisation, by=by, now=now)
