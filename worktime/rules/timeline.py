"""A calendar's open time as a measure on the line of instants.

Each local date owns the stretch from its midnight to the next one. Nearly every date has the
open time of its weekday; the others (holidays, shifts, breaks, clock changes) are listed by
year. Open time before any date is then whole weeks times a constant, plus the listed dates'
differences as prefix sums, and any question is a binary search over that function.
"""

from __future__ import annotations

import bisect
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import accumulate
from typing import TYPE_CHECKING

from worktime.rules import intervals
from worktime.rules.errors import NeverCloses, NoOpenTime
from worktime.rules.intervals import Intervals
from worktime.rules.plan import Plan, WallSpans
from worktime.rules.zones import (
    DAY_US,
    FIRST_YEAR,
    LAST_YEAR,
    MINUTE_US,
    load_zone,
    moment_of,
    odd_days,
    wall_us,
    year_bounds,
)

if TYPE_CHECKING:
    from worktime.rules.calendar import Calendar

# Weekdays and leap years repeat after 28 years, so a calendar without open time for longer than
# that opens again only where its own list of dates says so.
SEARCH_YEARS = 40


@dataclass(frozen=True, slots=True)
class Tally:
    """Sums over the dates of one year: a value by weekday, and the dates that differ from it."""

    first: int
    # Running sums over two weeks from a Monday, so that any run of days inside them is one
    # difference.
    week: tuple[int, ...]
    listed: tuple[int, ...]
    differences: tuple[int, ...]

    @classmethod
    def of(cls, first: int, by_weekday: list[int], listed: dict[int, int]) -> Tally:
        """`listed` gives the value of each date that is not its weekday's."""
        days = sorted(listed)
        off = (listed[day] - by_weekday[(day - 1) % 7] for day in days)
        week = tuple(accumulate(by_weekday * 2, initial=0))
        return cls(first, week, tuple(days), tuple(accumulate(off, initial=0)))

    def before(self, ordinal: int) -> int:
        """The sum from the start of the year to the midnight that starts the date."""
        weeks, rest = divmod(ordinal - self.first, 7)
        weekday = (self.first - 1) % 7
        regular = weeks * self.week[7] + self.week[weekday + rest] - self.week[weekday]
        return regular + self.differences[bisect.bisect_left(self.listed, ordinal)]


@dataclass(frozen=True, slots=True)
class Year:
    """One year of a calendar: microseconds of open time, and days on which windows start."""

    first: int
    end: int
    start_us: int
    open: Tally
    days: Tally


class Timeline:
    """The instants of one calendar; what it has computed for a year it keeps."""

    def __init__(self, calendar: Calendar) -> None:
        self.zone = load_zone(calendar.zone)
        self.plan = Plan(calendar)
        week = [self.plan.week(weekday) for weekday in range(7)]
        # The eve of a Monday is the Sunday at the list's end.
        self._open_by_weekday = [
            intervals.length(_day_spans(week[weekday - 1], week[weekday], (), ()))
            for weekday in range(7)
        ]
        self._days_by_weekday = [int(bool(spans)) for spans in week]
        self._years: dict[int, Year] = {}
        self._patterns: dict[tuple[WallSpans, ...], Intervals] = {}

    def midnight(self, ordinal: int) -> int:
        """The instant at which the date starts."""
        return wall_us(self.zone, ordinal)

    def date_at(self, instant: int) -> int:
        """The date whose stretch holds the instant."""
        ordinal = moment_of(instant).astimezone(self.zone).toordinal()
        # Where midnight comes twice or not at all, the wall's date may be the neighbour's.
        while instant < self.midnight(ordinal):
            ordinal -= 1
        while instant >= self.midnight(ordinal + 1):
            ordinal += 1
        return ordinal

    def open_spans(self, ordinal: int) -> Intervals:
        """The date's open time, in microseconds since its midnight."""
        odd = odd_days(self.zone, date.fromordinal(ordinal).year)
        return self._converted(ordinal) if ordinal in odd else self._regular(ordinal)

    def own_spans(self, ordinal: int) -> Intervals:
        """The instants of the windows that start on the date, less all breaks."""
        holes = [span for day in range(ordinal - 1, ordinal + 2) for span in self._breaks(day)]
        opened = self.instants(ordinal, self.plan.hours(ordinal))
        return intervals.without(opened, intervals.merged(holes))

    def instants(self, ordinal: int, spans: WallSpans) -> Intervals:
        """The instants of wall spans that start on the date; none on a date that was skipped."""
        # Apia had no 30 December 2011: moved forward by that gap, its hours would fall on the
        # hours of the day after.
        if not spans or self.midnight(ordinal) == self.midnight(ordinal + 1):
            return ()
        return intervals.merged(
            (
                wall_us(self.zone, ordinal, timedelta(minutes=start)),
                wall_us(self.zone, ordinal, timedelta(minutes=end)),
            )
            for start, end in spans
        )

    def year(self, year: int) -> Year:
        found = self._years.get(year)
        if found is None:
            found = self._years[year] = self._computed(year)
        return found

    def open_before(self, instant: int) -> tuple[int, int]:
        """The instant's year, and the open time between the start of that year and it."""
        ordinal = self.date_at(instant)
        year = date.fromordinal(ordinal).year
        done = intervals.clipped(self.open_spans(ordinal), 0, instant - self.midnight(ordinal))
        return year, self.year(year).open.before(ordinal) + intervals.length(done)

    def is_open(self, instant: int) -> bool:
        ordinal = self.date_at(instant)
        since = instant - self.midnight(ordinal)
        return any(start <= since < end for start, end in self.open_spans(ordinal))

    def reach_open(self, year: int, need: int) -> int:
        """The first instant by which `need` of open time has passed since the start of `year`."""
        ordinal, rest = self._seek(year, need, _open_before, NoOpenTime)
        return self.midnight(ordinal) + _position(self.open_spans(ordinal), rest)

    def next_open(self, instant: int) -> int:
        """The earliest open instant at or after this one."""
        year, done = self.open_before(instant)
        # One microsecond of open time from now ends one microsecond after the opening.
        return self.reach_open(year, done + 1) - 1

    def next_close(self, instant: int) -> int:
        """The first close after this instant."""
        opening = self.next_open(instant)
        ordinal = self.date_at(opening)
        year, open_done = self.open_before(opening)
        done = opening - self.year(year).start_us - open_done
        ordinal, rest = self._seek(year, done + 1, self._closed_before, NeverCloses)
        length = self.midnight(ordinal + 1) - self.midnight(ordinal)
        closed = intervals.without(((0, length),), self.open_spans(ordinal))
        return self.midnight(ordinal) + _position(closed, rest) - 1

    def open_day(self, ordinal: int, n: int) -> int:
        """The n-th date after this one (before it where n is negative) on which windows start."""
        year = date.fromordinal(ordinal).year
        days = self.year(year).days
        done = days.before(ordinal + 1) if n > 0 else days.before(ordinal) + 1
        found, _ = self._seek(year, done + n, _days_before, NoOpenTime)
        return found

    def _seek(
        self,
        year: int,
        need: int,
        before: Callable[[Year, int], int],
        missing: type[NoOpenTime | NeverCloses],
    ) -> tuple[int, int]:
        """The date during which a sum that starts at 0 with `year` reaches `need`, and the rest.

        Years are skipped by their totals, and the date is found by a binary search. Raises
        `missing` when so many years in a row add nothing that none ever will.
        """
        empty = 0
        while empty <= SEARCH_YEARS:
            if not FIRST_YEAR <= year <= LAST_YEAR:
                raise missing
            sheet = self.year(year)
            total = before(sheet, sheet.end)
            if 0 < need <= total:
                days = range(sheet.first, sheet.end)
                index = bisect.bisect_left(days, need, key=lambda day: before(sheet, day + 1))
                return days[index], need - before(sheet, days[index])
            if need > 0:
                need -= total
                year += 1
                empty = 0 if total else empty + 1
                continue
            year -= 1
            if year >= FIRST_YEAR:
                earlier = self.year(year)
                gained = before(earlier, earlier.end)
                need += gained
                empty = 0 if gained else empty + 1
        raise missing

    def _closed_before(self, sheet: Year, ordinal: int) -> int:
        return self.midnight(ordinal) - sheet.start_us - sheet.open.before(ordinal)

    def _breaks(self, ordinal: int) -> Intervals:
        return self.instants(ordinal, tuple(self.plan.breaks(ordinal)))

    def _regular(self, ordinal: int) -> Intervals:
        """Open time of a date of 24 hours: the same on all dates with the same hours."""
        plan = self.plan
        eve = ordinal - 1
        key: tuple[WallSpans, ...] = (
            plan.hours(eve) if plan.runs_overnight else (),
            plan.hours(ordinal),
            tuple(plan.breaks(eve)),
            tuple(plan.breaks(ordinal)),
        )
        spans = self._patterns.get(key)
        if spans is None:
            spans = self._patterns[key] = _day_spans(*key)
        return spans

    def _converted(self, ordinal: int) -> Intervals:
        """Open time beside a clock change: every wall time is turned into its instant first."""
        start, end = self.midnight(ordinal), self.midnight(ordinal + 1)
        days = range(ordinal - 2, ordinal + 2)
        opened = [span for day in days for span in self.instants(day, self.plan.hours(day))]
        holes = [span for day in days for span in self._breaks(day)]
        spans = intervals.without(intervals.merged(opened), intervals.merged(holes))
        return intervals.shifted(intervals.clipped(spans, start, end), -start)

    def _computed(self, year: int) -> Year:
        first, end = year_bounds(year)
        odd = odd_days(self.zone, year)
        listed = odd | self.plan.special_days(year)
        opened = {
            day: intervals.length(self._converted(day) if day in odd else self._regular(day))
            for day in listed
        }
        days = {day: int(self._has_hours(day, odd)) for day in listed}
        return Year(
            first,
            end,
            self.midnight(first),
            Tally.of(first, self._open_by_weekday, opened),
            Tally.of(first, self._days_by_weekday, days),
        )

    def _has_hours(self, ordinal: int, odd: frozenset[int]) -> bool:
        """True when a window that starts on the date keeps some time after its breaks."""
        if not self.plan.hours(ordinal):
            return False
        cut = any(self.plan.breaks(day) for day in range(ordinal - 1, ordinal + 2))
        return bool(self.own_spans(ordinal)) if cut or ordinal in odd else True


def _open_before(sheet: Year, ordinal: int) -> int:
    return sheet.open.before(ordinal)


def _days_before(sheet: Year, ordinal: int) -> int:
    return sheet.days.before(ordinal)


def _day_spans(
    eve: WallSpans, day: WallSpans, eve_breaks: WallSpans, day_breaks: WallSpans
) -> Intervals:
    """Open microseconds since midnight of a 24-hour day, what its eve reaches into it included."""
    opened = intervals.shifted(_microseconds(eve), -DAY_US) + _microseconds(day)
    holes = intervals.shifted(_microseconds(eve_breaks), -DAY_US) + _microseconds(day_breaks)
    spans = intervals.without(intervals.merged(opened), intervals.merged(holes))
    return intervals.clipped(spans, 0, DAY_US)


def _microseconds(spans: WallSpans) -> Intervals:
    return tuple((start * MINUTE_US, end * MINUTE_US) for start, end in spans)


def _position(spans: Intervals, need: int) -> int:
    """Where in the spans their running length reaches `need`, which is above zero."""
    for start, end in spans:
        if need <= end - start:
            return start + need
        need -= end - start
    raise AssertionError("the tally of the day and its spans disagree")
