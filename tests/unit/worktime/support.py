"""Calendars and instants for these tests, written as a person would say them."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from worktime.rules import Break, Calendar, Holiday, Hours, Shift, Window

WORKWEEK = range(5)


def minutes(clock):
    hour, minute = clock.split(":")
    return int(hour) * 60 + int(minute)


def hours(text):
    """ "09:00-12:00 13:00-17:00" as pairs of minutes."""
    return [tuple(minutes(part) for part in span.split("-")) for span in text.split()]


def week(text, days=WORKWEEK):
    return tuple(Window(day, start, end) for day in days for start, end in hours(text))


def calendar(zone="UTC", open_hours="09:00-17:00", days=WORKWEEK, *, windows=None, **exceptions):
    """`holidays`, `breaks` and `shifts` by ISO date: a name, and hours as text."""
    return Calendar(
        zone=zone,
        windows=week(open_hours, days) if windows is None else windows,
        holidays=[
            Holiday(date=date.fromisoformat(day), name=name)
            if len(day) == 10
            else Holiday(yearly=tuple(map(int, day.split("-"))), name=name)
            for day, name in exceptions.get("holidays", {}).items()
        ],
        breaks=[
            Break(date.fromisoformat(day), start, end)
            for day, text in exceptions.get("breaks", {}).items()
            for start, end in hours(text)
        ],
        shifts=[
            Shift(date.fromisoformat(day), tuple(Hours(*span) for span in hours(text)))
            for day, text in exceptions.get("shifts", {}).items()
        ],
    )


def at(text, zone="UTC", fold=0):
    """The instant of "2026-11-16 09:00" on the wall of a zone.

    In UTC, because Python calls an ambiguous time unequal to the same instant in another zone.
    """
    wall = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold)
    return wall.astimezone(UTC)


def utc(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


HOUR = 3600
DAY = 24 * HOUR
