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
    last = max((entry["date"] for entry in version.public_holidays), default=None)
    if last is not None and date.fromisoformat(last) < today + HOLIDAYS_AHEAD:
        message = f"{calendar}: its public holidays end on {last}. Save it again to add more."
        return CalendarProblem(calendar, "holidays_end", message)
    return None


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
