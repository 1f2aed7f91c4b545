"""A working calendar as plain values: zone, weekly windows, and the dates that differ."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from worktime.rules.timeline import Timeline

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY_MINUTES = 1440


@dataclass(frozen=True)
class Hours:
    """From `start` to `end`, in minutes since midnight; 1440 is the midnight that ends the day.

    An end at or before the start runs overnight: it belongs to the day on which it starts.
    """

    start: int
    end: int

    def __post_init__(self) -> None:
        if not (0 <= self.start < DAY_MINUTES and 0 <= self.end <= DAY_MINUTES):
            raise ValueError("hours start at minute 0 to 1439 and end at minute 0 to 1440")

    def to_data(self) -> dict[str, str]:
        return {"start": clock_text(self.start), "end": clock_text(self.end)}


@dataclass(frozen=True)
class Window:
    """Weekly opening hours that start on a weekday, 0 being Monday."""

    weekday: int
    start: int
    end: int

    def __post_init__(self) -> None:
        Hours(self.start, self.end)
        if not 0 <= self.weekday < len(WEEKDAYS):
            raise ValueError("weekdays run from 0, Monday, to 6, Sunday")

    def to_data(self) -> dict[str, str]:
        return {"day": WEEKDAYS[self.weekday], **Hours(self.start, self.end).to_data()}


@dataclass(frozen=True)
class Holiday:
    """A closed date, or a (month, day) that is closed every year; 29 February in leap years."""

    date: datetime.date | None = None
    yearly: tuple[int, int] | None = None
    name: str = ""

    def __post_init__(self) -> None:
        if (self.date is None) == (self.yearly is None):
            raise ValueError("a holiday has either a date or a yearly month and day")

    def to_data(self) -> dict[str, str]:
        if self.yearly is not None:
            return _named({"yearly": "{:02}-{:02}".format(*self.yearly)}, self.name)
        return _named({"date": str(self.date)}, self.name)


@dataclass(frozen=True)
class Break:
    """Time taken out of a date, whichever window it lies in."""

    date: datetime.date
    start: int
    end: int
    name: str = ""

    def __post_init__(self) -> None:
        Hours(self.start, self.end)

    def to_data(self) -> dict[str, str]:
        hours = Hours(self.start, self.end).to_data()
        return _named({"date": self.date.isoformat(), **hours}, self.name)


@dataclass(frozen=True)
class Shift:
    """Hours that replace a date's weekly windows; without any the date is closed."""

    date: datetime.date
    windows: tuple[Hours, ...] = ()
    name: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "windows", tuple(self.windows))

    def to_data(self) -> dict[str, Any]:
        windows = [hours.to_data() for hours in self.windows]
        return _named({"date": self.date.isoformat(), "windows": windows}, self.name)


@dataclass(frozen=True)
class Calendar:
    """When work is done, in one IANA zone. A holiday wins over a shift on the same date.

    Overlapping and touching windows count once. Equal calendars are equal values.
    """

    zone: str
    windows: tuple[Window, ...] = ()
    holidays: tuple[Holiday, ...] = ()
    breaks: tuple[Break, ...] = ()
    shifts: tuple[Shift, ...] = ()

    def __post_init__(self) -> None:
        for name in ("windows", "holidays", "breaks", "shifts"):
            object.__setattr__(self, name, tuple(getattr(self, name)))

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Calendar:
        """Read the JSON form; raises CalendarInvalid with everything that is wrong with it."""
        from worktime.rules.reading import read_calendar

        return read_calendar(data)

    def to_data(self) -> dict[str, Any]:
        """The JSON form, which `from_data` reads back to an equal calendar."""
        return {
            "zone": self.zone,
            "windows": [window.to_data() for window in self.windows],
            "holidays": [holiday.to_data() for holiday in self.holidays],
            "breaks": [pause.to_data() for pause in self.breaks],
            "shifts": [shift.to_data() for shift in self.shifts],
        }

    @cached_property
    def timeline(self) -> Timeline:
        """The calendar's instants, computed when first asked for; raises ZoneUnknown."""
        return Timeline(self)


def clock_text(minutes: int) -> str:
    """Minutes since midnight as on a clock, 24:00 being the midnight that ends the day."""
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _named(data: dict[str, Any], name: str) -> dict[str, Any]:
    return {**data, "name": name} if name else data
