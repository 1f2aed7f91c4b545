"""Calendars that a new organisation starts from."""

from typing import Any

from worktime.rules.calendar import WEEKDAYS

OFFICE_HOURS = "Mon-Fri 09:00-17:00"
ALWAYS = "24x7"


def preset_calendars(zone: str = "UTC") -> dict[str, dict[str, Any]]:
    """The JSON form of each preset in the zone, by name."""
    return {
        OFFICE_HOURS: _weekly(zone, WEEKDAYS[:5], "09:00", "17:00"),
        ALWAYS: _weekly(zone, WEEKDAYS, "00:00", "24:00"),
    }


def _weekly(zone: str, days: tuple[str, ...], start: str, end: str) -> dict[str, Any]:
    return {
        "zone": zone,
        "windows": [{"day": day, "start": start, "end": end} for day in days],
        "holidays": [],
        "breaks": [],
        "shifts": [],
    }
