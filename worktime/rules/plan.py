"""What a calendar says about each date, on the wall: no zone and no instant yet."""

from __future__ import annotations

import bisect
from datetime import date
from typing import TYPE_CHECKING

from worktime.rules.zones import year_bounds

if TYPE_CHECKING:
    from worktime.rules.calendar import Calendar

DAY_MINUTES = 1440

# Minutes since the midnight that starts the date; the end may lie in the next day.
WallSpan = tuple[int, int]
WallSpans = tuple[WallSpan, ...]


class Plan:
    """Answers by date ordinal: planned hours, holidays and breaks, and which dates are special."""

    def __init__(self, calendar: Calendar) -> None:
        self._week: list[WallSpans] = [()] * 7
        for window in calendar.windows:
            self._week[window.weekday] += (_span(window.start, window.end),)
        self._shifts: dict[int, WallSpans] = {}
        self._shift_names: dict[int, str] = {}
        for shift in calendar.shifts:
            ordinal = shift.date.toordinal()
            spans = tuple(_span(hours.start, hours.end) for hours in shift.windows)
            self._shifts[ordinal] = self._shifts.get(ordinal, ()) + spans
            self._shift_names[ordinal] = shift.name
        self._breaks: dict[int, dict[WallSpan, str]] = {}
        for pause in calendar.breaks:
            span = _span(pause.start, pause.end)
            self._breaks.setdefault(pause.date.toordinal(), {})[span] = pause.name
        self._holidays: dict[int, str] = {}
        self._yearly: dict[tuple[int, int], str] = {}
        for holiday in calendar.holidays:
            if holiday.date is not None:
                self._holidays.setdefault(holiday.date.toordinal(), holiday.name)
            elif holiday.yearly is not None:
                self._yearly.setdefault(holiday.yearly, holiday.name)
        self._special = sorted({*self._shifts, *self._breaks, *self._holidays})
        self.runs_overnight = any(
            end > DAY_MINUTES
            for spans in (*self._week, *self._shifts.values(), *self._breaks.values())
            for _, end in spans
        )

    def week(self, weekday: int) -> WallSpans:
        """The weekly hours that start on a weekday, Monday being 0."""
        return self._week[weekday]

    def hours(self, ordinal: int) -> WallSpans:
        """The hours that start on the date: none on a holiday."""
        return () if self.holiday(ordinal) is not None else self.planned(ordinal)

    def planned(self, ordinal: int) -> WallSpans:
        """The hours that would start on the date were it no holiday."""
        shift = self._shifts.get(ordinal)
        return self._week[(ordinal - 1) % 7] if shift is None else shift

    def holiday(self, ordinal: int) -> str | None:
        """The name of the date's holiday, None where it has none."""
        name = self._holidays.get(ordinal)
        if name is None and self._yearly:
            day = date.fromordinal(ordinal)
            name = self._yearly.get((day.month, day.day))
        return name

    def is_shift(self, ordinal: int) -> bool:
        return ordinal in self._shifts

    def shift_name(self, ordinal: int) -> str:
        return self._shift_names.get(ordinal, "")

    def breaks(self, ordinal: int) -> dict[WallSpan, str]:
        """The breaks that start on the date, with their names."""
        return self._breaks.get(ordinal, {})

    def special_days(self, year: int) -> set[int]:
        """The dates of the year that may differ from their weekday's hours."""
        first, end = year_bounds(year)
        low = bisect.bisect_left(self._special, first - 1)
        high = bisect.bisect_left(self._special, end)
        days = set(self._special[low:high])
        for month, day in self._yearly:
            # The year before too: the night of its last day may reach into this year.
            days.update(_ordinals(month, day, (year - 1, year)))
        if self.runs_overnight:
            days |= {day + 1 for day in days}
        return {day for day in days if first <= day < end}


def _span(start: int, end: int) -> WallSpan:
    """An end at or before the start lies in the next day."""
    return start, end if end > start else end + DAY_MINUTES


def _ordinals(month: int, day: int, years: tuple[int, ...]) -> list[int]:
    """The date in each of the years; 29 February only in leap years."""
    found = []
    for year in years:
        try:
            found.append(date(year, month, day).toordinal())
        except ValueError:
            continue
    return found
