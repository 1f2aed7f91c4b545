"""Calendars, paces and instants for these tests."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from sla.rules.pace import Hold, Pace
from sla.rules.schedule import Ladder
from worktime.rules import Calendar, Window

BERLIN = ZoneInfo("Europe/Berlin")
OFFICE = Calendar(
    zone="Europe/Berlin", windows=tuple(Window(day, 9 * 60, 17 * 60) for day in range(5))
)
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
ACCEPT_STEPS = ((1, 0, "breach"), (2, -25, "remind"), (3, 0, "alert_manager"))


def at(text):
    """ "Mon 10:30" of the week of 16 November 2026, "+Mon" of the next one; Berlin's wall."""
    day, clock = text.split()
    weeks = day.count("+")
    date = 16 + 7 * weeks + ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"].index(day.strip("+"))
    hour, minute = map(int, clock.split(":"))
    return datetime(2026, 11, 1, hour, minute, tzinfo=BERLIN).replace(day=date).astimezone(UTC)


def working(*holds):
    return Pace(OFFICE, "working_minutes").held(map(span, holds), since=LONG_AGO)


def elapsed(*holds):
    return Pace(OFFICE, "elapsed_minutes").held(map(span, holds), since=LONG_AGO)


def days(*holds):
    return Pace(OFFICE, "working_days").held(map(span, holds), since=LONG_AGO)


def span(ends):
    return hold(*ends)


def hold(start, end):
    return Hold(at(start), at(end))


def ladder(amount=240, unit="working_minutes", steps=ACCEPT_STEPS):
    return Ladder(amount, unit, steps)
