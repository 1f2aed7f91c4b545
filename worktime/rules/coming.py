"""The dates ahead that differ from their weekday's hours, told one by one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from worktime.rules.calendar import Calendar
from worktime.rules.judging import hours_words

LEAP_CYCLE = 8
"""Years within which every day of the year comes once, 29 February and 1900 included."""


@dataclass(frozen=True, slots=True)
class Coming:
    """One date and what is different on it, as in "closed: Christmas Day"."""

    day: date
    words: str


def coming(calendar: Calendar, *, first: date, most: int) -> list[Coming]:
    """The next `most` of them from `first` on: closed days, breaks and shifts.

    A shift and a break on a closed day change nothing, and are told so.
    """
    closed = _closed_days(calendar, first)
    found = [Coming(day, _with("closed", name)) for day, name in closed.items()]
    for pause in calendar.breaks:
        said = _with(f"closed {hours_words(pause.start, pause.end)}", pause.name)
        found.append(Coming(pause.date, said))
    for shift in calendar.shifts:
        hours = ", ".join(hours_words(one.start, one.end) for one in shift.windows)
        found.append(Coming(shift.date, _with(f"open {hours}" if hours else "closed", shift.name)))
    ahead = sorted((one for one in found if one.day >= first), key=lambda one: one.day)
    return [_told(one, calendar, closed) for one in ahead[:most]]


def _told(one: Coming, calendar: Calendar, closed: dict[date, str]) -> Coming:
    is_other = one.day in closed and one.words != _with("closed", closed[one.day])
    return Coming(one.day, f"{one.words} (no effect on a closed day)") if is_other else one


def _closed_days(calendar: Calendar, first: date) -> dict[date, str]:
    """Each closed date ahead, and the next of those that come every year, with its name."""
    days: dict[date, str] = {}
    for one in calendar.holidays:
        for day in [one.date] if one.date else _next(one.yearly, first):
            if day >= first:
                days.setdefault(day, one.name)
    return days


def _next(yearly: tuple[int, int] | None, first: date) -> Iterator[date]:
    if yearly is None:
        return
    for year in range(first.year, first.year + LEAP_CYCLE + 1):
        try:
            day = date(year, *yearly)
        except ValueError:
            continue
        if day >= first:
            yield day
            return


def _with(said: str, name: str) -> str:
    return f"{said}: {name}" if name else said
