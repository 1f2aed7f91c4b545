"""Once a working day each manager gets the list of what is stuck in their teams."""

from collections.abc import Sequence
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from django.db import transaction

from accounts.choices import Role
from accounts.models import User
from accounts.selectors import calendars_for, zones_for
from handoff.selectors.stuck import stuck_handoffs
from notify.models import DailyNotice
from notify.services import queue_message, take_day
from worktime.models import Calendar
from worktime.rules import InstantOutOfRange, NoOpenTime, next_open
from worktime.selectors import rules_calendar

STUCK = "stuck"
BATCH = 200


def tell_of_stuck(now: datetime) -> int:
    """Tell managers whose working day has begun what is stuck; how many were told of something.

    A day for which the loop comes too late is told of late, as long as it lasts.
    """
    managers = User.objects.active().in_roles(Role.MANAGER).order_by("pk")
    told = 0
    after = 0
    while batch := list(managers.filter(pk__gt=after)[:BATCH]):
        after = batch[-1].pk
        days = _days_to_tell(batch, now)
        told += sum(_tell(one, days[one.pk], now=now) for one in batch if one.pk in days)
    return told


def _days_to_tell(people: Sequence[User], now: datetime) -> dict[int, date]:
    """Today by each person's own clock, where it is a working day that has begun and is not told.

    In a constant number of queries.
    """
    calendars, zones = calendars_for(people), zones_for(people)
    last = dict(DailyNotice.objects.filter(user__in=people, kind=STUCK).values_list("user", "day"))
    found = {}
    for one in people:
        zone = zones[one.pk]
        today = now.astimezone(zone).date()
        is_told = last.get(one.pk, date.min) >= today
        if not is_told and _has_begun(calendars.get(one.pk), today, zone, now):
            found[one.pk] = today
    return found


def _has_begun(calendar: Calendar | None, today: date, zone: ZoneInfo, now: datetime) -> bool:
    if calendar is None or calendar.current_version is None:
        return False
    version = calendar.current_version
    try:
        opening = next_open(rules_calendar(version), datetime.combine(today, time.min, zone))
    except (NoOpenTime, InstantOutOfRange):
        return False
    return opening <= now and opening.astimezone(zone).date() == today


def _tell(manager: User, day: date, *, now: datetime) -> bool:
    with transaction.atomic():
        if not take_day(user=manager, kind=STUCK, day=day):
            return False
        if not stuck_handoffs(manager, now=now).exists():
            return False
        queue_message(
            key=f"{STUCK}:{manager.pk}:{day.isoformat()}",
            kind=STUCK,
            recipient=manager,
            subject_ref=f"user:{manager.pk}",
            payload={},
            now=now,
        )
    return True
