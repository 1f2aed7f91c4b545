"""Whether anybody is at work."""

from datetime import datetime

from accounts.models import User
from accounts.selectors import calendars_for
from routing.services import Draw
from worktime.rules import is_open, next_open
from worktime.selectors import rules_calendar


def is_pool_staffed(draw: Draw, *, now: datetime) -> bool:
    """Whether at least one eligible member is inside their own working hours at ``now``.

    In a constant number of queries: the pool is locked meanwhile.
    """
    people = User.objects.filter(pk__in=[seat.user_id for seat in draw.seats])
    hours = {calendar.current_version for calendar in calendars_for(people).values()}
    return any(version is not None and is_open(rules_calendar(version), now) for version in hours)


def first_open(pool_id: int, *, at: datetime) -> datetime | None:
    """The first instant from then on at which an active member is at work; None without any."""
    people = User.objects.active().filter(pool_members__pool=pool_id, pool_members__is_active=True)
    hours = {calendar.current_version for calendar in calendars_for(list(people)).values()}
    openings = [next_open(rules_calendar(version), at) for version in hours if version is not None]
    return min(openings, default=None)
