"""Whether anybody is at work."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from accounts.models import TimeOff, User
from accounts.selectors import calendars_for, hours_of
from routing.services import Draw
from worktime.models import Calendar
from worktime.rules import is_open, next_open
from worktime.selectors import rules_calendar


@dataclass(frozen=True, slots=True)
class PoolHours:
    """The working hours of whoever may be drawn, by user id, and the organisation's."""

    by_user: Mapping[int, Calendar]
    usual: Calendar


def pool_hours(draw: Draw) -> PoolHours:
    """The hours of those who sit in the draw, in a constant number of queries."""
    return PoolHours(*hours_of({seat.user_id: draw.calendars[seat.user_id] for seat in draw.seats}))


def is_pool_staffed(draw: Draw, hours: PoolHours, *, now: datetime) -> bool:
    """Whether at least one eligible member is inside their own working hours at ``now``."""
    if draw.knows_hours:
        return any(seat.is_at_work for seat in draw.seats)
    seated = (hours.by_user[seat.user_id] for seat in draw.seats)
    versions = {calendar.current_version for calendar in seated}
    return any(
        version is not None and is_open(rules_calendar(version), now) for version in versions
    )


def first_open(pool_id: int, *, at: datetime) -> datetime | None:
    """The first instant from then on at which an active member is at work; None without any.

    Who is paused or has time off is at work once that is over. In a constant number of queries.
    """
    people = list(
        User.objects.active().filter(pool_members__pool=pool_id, pool_members__is_active=True)
    )
    away: dict[int, list[TimeOff]] = {user.pk: [] for user in people}
    for span in TimeOff.objects.filter(user__in=people, ends_at__gt=at).order_by("starts_at"):
        away[span.user_id].append(span)
    hours = calendars_for(people)
    openings = (_opening(user, hours[user.pk], away[user.pk], at) for user in people)
    return min((opening for opening in openings if opening is not None), default=None)


def _opening(user: User, hours: Calendar, away: Iterable[TimeOff], at: datetime) -> datetime | None:
    """When the person is first at work; `away` by when it begins. None where nobody can say."""
    if hours.current_version is None:
        return None
    calendar = rules_calendar(hours.current_version)
    if user.is_paused(at):
        if user.paused_until is None:
            return None
        at = user.paused_until
    opening = next_open(calendar, at)
    for span in away:
        if span.starts_at <= opening < span.ends_at:
            opening = next_open(calendar, span.ends_at)
    return opening
