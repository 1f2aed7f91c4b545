"""A person's working hours, as they choose them."""

from datetime import datetime

from django.db import transaction

from accounts.models import User
from accounts.rules.policy import Action
from accounts.services.keeping import keep, permit_for, raise_for, zone_problems
from core.errors import FieldProblem
from worktime.models import Calendar


@transaction.atomic
def set_hours(
    *, user: User, calendar: Calendar | None, zone: str, by: User | None, now: datetime
) -> User:
    """Choose the person's calendar and zone; None and empty: the team's, else the organisation's.

    Clocks that run keep the hours they started with. Raises NotPermitted, and InvalidPerson for
    an unknown zone, or a retired calendar that the person does not have already.
    """
    permit_for(by, Action.HOURS_EDIT, user)
    problems = zone_problems(zone)
    row: User = User.objects.select_for_update(no_key=True).get(pk=user.pk)
    if calendar is not None and calendar.is_retired and calendar.pk != row.calendar_id:
        message = f"{calendar} is retired. Choose another calendar."
        problems.append(FieldProblem("calendar", "retired", message))
    raise_for(problems)
    row.calendar, row.zone = calendar, zone
    return keep(row, by=by, now=now, fields=["calendar", "zone"])
