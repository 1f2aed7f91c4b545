"""Reading calendars."""

import hashlib
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

from worktime import rules, uses
from worktime.models import Calendar, CalendarVersion
from worktime.rules.public_holidays import country_names, public_holidays
from worktime.rules.zones import load_zone

logger = logging.getLogger(__name__)

# A calendar by country must be published again before its stored holidays end.
HOLIDAYS_AHEAD = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class CalendarProblem:
    """Something about a calendar in use that an admin has to mend; `message` says how."""

    calendar: Calendar
    code: str
    message: str


def rules_calendar(version: CalendarVersion) -> rules.Calendar:
    """The version's hours, public holidays included, ready to be asked; kept in memory.

    Where the zone is no longer installed the hours are read in UTC, so that no clock stops;
    `calendar_problems` names such calendars.
    """
    digest = version.digest or content_digest(version.zone, version.data, version.public_holidays)
    return _read(_Content(digest, version.zone, version.data, version.public_holidays))


def content_digest(
    zone: str, data: Mapping[str, Any], public_holidays: Sequence[Mapping[str, Any]]
) -> str:
    """A text that is equal for equal hours."""
    text = json.dumps([zone, data, public_holidays], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def calendar_problems(*, today: date) -> list[CalendarProblem]:
    """What an admin has to mend: zones that are gone, and public holidays that run out."""
    calendars = Calendar.objects.select_related("current_version")
    found = (calendar_problem(calendar, today=today) for calendar in calendars)
    return [problem for problem in found if problem is not None and _matters(problem.calendar)]


def _matters(calendar: Calendar) -> bool:
    """Whoever has a calendar that was retired keeps it, with what is wrong with it."""
    return not calendar.is_retired or bool(uses.followers(calendar.pk))


def calendar_problem(calendar: Calendar, *, today: date) -> CalendarProblem | None:
    """What has to be mended about one calendar, whoever follows it."""
    version = calendar.current_version
    if version is None:
        return None
    try:
        load_zone(version.zone)
    except rules.ZoneUnknown as error:
        message = f"{calendar}: {error.message} Until it has another, its hours are read in UTC."
        return CalendarProblem(calendar, error.code, message)
    return _holidays_problem(calendar, version, today=today)


def _holidays_problem(
    calendar: Calendar, version: CalendarVersion, *, today: date
) -> CalendarProblem | None:
    """Where the country has no public holidays, or those that are stored are about to end."""
    country = version.holiday_country
    name = country_names().get(country, country)
    last = max((entry["date"] for entry in version.public_holidays), default="")
    if country and not last:
        message = (
            f"{calendar}: no public holidays are known of {name}. Enter them as own closed days, "
            "and choose None as the country."
        )
        return CalendarProblem(calendar, "holidays_none", message)
    if not last or date.fromisoformat(last) >= today + HOLIDAYS_AHEAD:
        return None
    if _last_known(version, today) <= last:
        way = f"None later are known of {name}: enter them as own closed days."
    elif calendar.is_retired:
        way = "Give those who keep it another calendar, or offer it again and save it to add more."
    else:
        way = "Save it again to add more."
    message = f"{calendar}: its public holidays end on {last}. {way}"
    return CalendarProblem(calendar, "holidays_end", message)


def _last_known(version: CalendarVersion, today: date) -> str:
    """The last day that saving the calendar now would bring; empty where it would bring none."""
    try:
        days = public_holidays(version.holiday_country, version.holiday_region, today.year)
    except rules.CalendarInvalid:
        return ""
    return max((day.date.isoformat() for day in days if day.date is not None), default="")


@dataclass(frozen=True)
class _Content:
    """A key that carries what it stands for: only the digest is compared."""

    digest: str
    zone: str = field(compare=False)
    data: Mapping[str, Any] = field(compare=False)
    public_holidays: Sequence[Mapping[str, Any]] = field(compare=False)


@lru_cache(maxsize=512)
def _read(content: _Content) -> rules.Calendar:
    zone = content.zone
    try:
        load_zone(zone)
    except rules.ZoneUnknown as error:
        logger.warning("Hours are read in UTC. %s", error.message)
        zone = "UTC"
    # Own holidays come first: on the same date their name is the one shown.
    holidays = [*content.data.get("holidays", ()), *content.public_holidays]
    return rules.Calendar.from_data({**content.data, "zone": zone, "holidays": holidays})
