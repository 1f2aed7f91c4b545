"""Reads for the page of one person's working hours."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from accounts.models import Membership, TimeOff, User
from accounts.selectors import calendar_for, organisation, zone_for
from core.words import counted
from worktime.models import Calendar
from worktime.rules.timetable import DRAWN_DAYS, Timetable, monday_of, timetable
from worktime.selectors import rules_calendar

# Drawn days lie in the calendar's zone, which may be a day ahead of UTC, or behind.
MARGIN = timedelta(days=2)
MOST_SPANS = 50


@dataclass(frozen=True, slots=True)
class HoursPage:
    """Two weeks of a person; `before` and `after` are where the weeks around them begin."""

    user: User
    calendar: Calendar
    zone: str
    timetable: Timetable | None
    before: date
    after: date
    is_paused: bool
    time_off: tuple[TimeOff, ...]
    seats: list[Any]
    load_words: str


def hours_page(
    user: User, *, chosen: Calendar | None, since: date | None, now: datetime
) -> HoursPage:
    """The person's two weeks by the chosen calendar, None: the usual one, less time off."""
    calendar = chosen or _usual(user)
    version = calendar.current_version
    zone = zone_for(user)
    first = since or monday_of(now.astimezone(zone).date())
    start = datetime.combine(first, datetime.min.time(), tzinfo=zone) - MARGIN
    ahead = TimeOff.objects.filter(user=user, ends_at__gt=now)[:MOST_SPANS]
    away = TimeOff.objects.filter(
        user=user, ends_at__gt=start, starts_at__lt=start + timedelta(days=DRAWN_DAYS) + 2 * MARGIN
    )
    spans = [
        (one.starts_at, one.ends_at, f"Time off: {one.note}" if one.note else "Time off")
        for one in away[:MOST_SPANS]
    ]
    drawn = None
    if version is not None:
        drawn = timetable(rules_calendar(version), first=first, away=spans)
    return HoursPage(
        user=user,
        calendar=calendar,
        zone=zone.key,
        timetable=drawn,
        before=first - timedelta(days=DRAWN_DAYS),
        after=first + timedelta(days=DRAWN_DAYS),
        is_paused=user.is_paused(now),
        time_off=tuple(ahead),
        # Pools stand above this app: their rows are reached from the person.
        seats=list(user.pool_members.select_related("pool", "backup__user").order_by("pool__name")),
        load_words=_load_words(user),
    )


def _load_words(user: User) -> str:
    load = getattr(user, "load", None)
    if load is None:
        return ""
    if load.capacity is None:
        return f"{counted(load.open_count, 'open lead')}, no limit"
    return f"{load.open_count} of {counted(load.capacity, 'open lead')}"


def usual_hours_words(user: User) -> str:
    """The choice to have no hours of one's own, as in "The team's: Office hours"."""
    team = _team_with_hours(user)
    if team is not None:
        return f"The team's: {team.team.calendar}"
    return f"The organisation's: {organisation().calendar}"


def _usual(user: User) -> Calendar:
    if user.calendar_id is None:
        return calendar_for(user)
    team = _team_with_hours(user)
    found = team.team.calendar if team is not None else None
    return found or organisation().calendar


def _team_with_hours(user: User) -> Membership | None:
    """The membership of the oldest team that has hours."""
    with_hours = Membership.objects.filter(user=user, team__calendar__isnull=False)
    return with_hours.select_related("team__calendar__current_version").order_by("id").first()
