"""Weeks as the review counts them: ISO weeks, Monday 00:00 to Monday 00:00 in one zone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from review.rules.errors import WeekUnknown

_LABEL = re.compile(r"([0-9]{4})-W([0-9]{2})", re.ASCII)
# Outside these years an instant of the week, or of the weeks around it, may not be a datetime.
FIRST_YEAR, LAST_YEAR = 1970, 9998
TREND_WEEKS = 12


@dataclass(frozen=True, slots=True, order=True)
class Week:
    """One ISO week; `year` is the ISO year, which near New Year differs from the calendar's."""

    year: int
    number: int

    @classmethod
    def parse(cls, label: str) -> Week:
        """The week of a label such as 2026-W47; raises WeekUnknown."""
        match = _LABEL.fullmatch(label)
        if match is None:
            shown = label[:20]
            raise WeekUnknown(f"{shown!r} is not a week. Write year and week, as in 2026-W47.")
        year, number = int(match[1]), int(match[2])
        if not FIRST_YEAR <= year <= LAST_YEAR:
            raise WeekUnknown(f"Choose a year from {FIRST_YEAR} to {LAST_YEAR}; {year} is not.")
        last = weeks_in(year)
        if not 1 <= number <= last:
            raise WeekUnknown(f"{year} has the weeks 1 to {last}; {number} is not one of them.")
        return cls(year, number)

    @classmethod
    def containing(cls, instant: datetime, zone: tzinfo) -> Week:
        """The week that the instant lies in, for people in `zone`."""
        year, number, _ = instant.astimezone(zone).isocalendar()
        week = cls(year, number)
        # Where a clock goes back over midnight, dates repeat; the bounds decide.
        return week if instant < week.ends_at(zone) else week.shifted(1)

    @property
    def label(self) -> str:
        return f"{self.year:04}-W{self.number:02}"

    @property
    def monday(self) -> date:
        return date.fromisocalendar(self.year, self.number, 1)

    @property
    def sunday(self) -> date:
        return self.monday + timedelta(days=6)

    @property
    def title(self) -> str:
        """As in "Week 46, 9 to 15 Nov 2026"; month and year are said twice where they differ."""
        first, last = self.monday, self.sunday
        start = f"{first.day}"
        if (first.year, first.month) != (last.year, last.month):
            start += f" {first:%b}"
        if first.year != last.year:
            start += f" {first.year}"
        return f"Week {self.number}, {start} to {last.day} {last:%b} {last.year}"

    def starts_at(self, zone: tzinfo) -> datetime:
        """The first instant of the Monday, in UTC."""
        return _first_instant(self.monday, zone)

    def ends_at(self, zone: tzinfo) -> datetime:
        """The first instant after the week, in UTC."""
        return _first_instant(self.monday + timedelta(days=7), zone)

    def hours(self, zone: tzinfo) -> float:
        """168, or an hour less or more where the clocks change."""
        return (self.ends_at(zone) - self.starts_at(zone)) / timedelta(hours=1)

    def shifted(self, weeks: int) -> Week:
        """The week that many weeks later; earlier where negative."""
        year, number, _ = (self.monday + timedelta(weeks=weeks)).isocalendar()
        return Week(year, number)

    def up_to_here(self, count: int = TREND_WEEKS) -> list[Week]:
        """That many weeks ending with this one, oldest first."""
        return [self.shifted(back) for back in range(1 - count, 1)]


def weeks_in(year: int) -> int:
    """52 or 53: the ISO week of 28 December is always the year's last."""
    return date(year, 12, 28).isocalendar().week


@dataclass(frozen=True, slots=True)
class WeekRow:
    """Weeks in a row with the instants between them: `bounds` is one longer than `weeks`."""

    weeks: tuple[Week, ...]
    bounds: tuple[datetime, ...]

    @classmethod
    def of(cls, weeks: Sequence[Week], zone: tzinfo) -> WeekRow:
        """`weeks` must follow one another without a gap."""
        starts = tuple(week.starts_at(zone) for week in weeks)
        return cls(tuple(weeks), (*starts, weeks[-1].ends_at(zone)))

    @property
    def start(self) -> datetime:
        return self.bounds[0]

    @property
    def end(self) -> datetime:
        return self.bounds[-1]


def _first_instant(day: date, zone: tzinfo) -> datetime:
    # An absent midnight is read by the offset before the gap, which is the end of the gap; of a
    # midnight that comes twice, fold 0 is the first.
    return datetime.combine(day, time(), zone).astimezone(UTC)
