"""Whether anybody is at work."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import BigIntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from accounts.models import Membership, Organisation, TimeOff, User
from accounts.selectors import calendars_by_id, calendars_for, hours_of
from core.prepared import PreparedRead
from routing.models import Member
from routing.services import Draw
from worktime.models import Calendar
from worktime.rules import is_open, next_open
from worktime.selectors import rules_calendar


@dataclass(frozen=True, slots=True)
class PoolHours:
    """The working hours of the members of a pool, by user id, and the organisation's."""

    by_user: Mapping[int, Calendar]
    usual: Calendar


def pool_hours(pool_id: int) -> PoolHours:
    """The hours of all who are members of the pool, in two queries.

    Raise NoOrganisation where it has not been made yet.
    """
    rows = _calendars(pool=pool_id)
    if not rows or rows[0][2] is None:
        return PoolHours(*hours_of({}))
    found = calendars_by_id([pk for row in rows for pk in row[1:]])
    by_user = {user: found[calendar] for user, calendar, _ in rows}
    return PoolHours(by_user, found[rows[0][2]])


def _calendars_in(pool: Any) -> QuerySet[Member, Any]:
    """Each member's calendar, as `calendar_for` finds it, and the organisation's."""
    teams = Membership.objects.filter(user=OuterRef("user"), team__calendar__isnull=False)
    usual = Subquery(Organisation.objects.order_by().values("calendar")[:1])
    team = Subquery(teams.order_by("id").values("team__calendar")[:1])
    members = Member.objects.filter(pool=pool).order_by()
    own = Coalesce("user__calendar", team, usual, output_field=BigIntegerField())
    return members.values_list("user", own, usual)


_calendars = PreparedRead(_calendars_in, pool=BigIntegerField())


def is_pool_staffed(draw: Draw, hours: PoolHours, *, now: datetime) -> bool:
    """Whether at least one eligible member is inside their own working hours at ``now``.

    ``hours`` may have been read before the draw: of who has come in since nothing is known.
    """
    if draw.knows_hours:
        return any(seat.is_at_work for seat in draw.seats)
    seated = {seat.user_id for seat in draw.seats}
    versions = {hours.by_user[user].current_version for user in seated & hours.by_user.keys()}
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
