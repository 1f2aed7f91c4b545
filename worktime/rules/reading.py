"""Reading a calendar's JSON form, collecting everything that is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, TypeVar

from core.errors import FieldProblem
from worktime.rules.calendar import WEEKDAYS, Break, Calendar, Holiday, Hours, Shift, Window
from worktime.rules.errors import CalendarInvalid, ZoneUnknown
from worktime.rules.zones import load_zone

# "No open time" is judged over these days from the day the calendar is saved.
OPEN_WITHIN_DAYS = 731

_DAYS = {name: index for index, name in enumerate(WEEKDAYS)} | {
    name: index
    for index, name in enumerate(
        ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    )
}
_CLOCK = re.compile(r"([0-9]{1,2}):([0-9]{2})(?::00)?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_YEARLY = re.compile(r"[0-9]{2}-[0-9]{2}")
_LEAP_YEAR = 2000
# Characters of a wrong value that a refusal repeats.
LONGEST_SAID = 40

Entry = TypeVar("Entry")


def read_calendar(data: Mapping[str, Any]) -> Calendar:
    """The calendar that the JSON form describes; raises CalendarInvalid."""
    reader = _Reader()
    calendar = reader.calendar(data)
    if reader.problems:
        raise CalendarInvalid(reader.problems)
    return calendar


def read_open_calendar(data: Mapping[str, Any], *, today: date) -> Calendar:
    """Like `read_calendar`, and refuses a calendar that stays closed for the next two years."""
    calendar = read_calendar(data)
    if not opens_within(calendar, first=today, days=OPEN_WITHIN_DAYS):
        problem = FieldProblem(
            "windows",
            "never_open",
            "This calendar has no open time in the next two years. "
            "Add weekly hours, or take holidays out.",
        )
        raise CalendarInvalid([problem])
    return calendar


def opens_within(calendar: Calendar, *, first: date, days: int) -> bool:
    """True when there is open time between the start of `first` and `days` days later."""
    line = calendar.timeline
    start = line.midnight(first.toordinal())
    end = line.midnight(first.toordinal() + days)
    (year, done), (last_year, last_done) = line.open_before(start), line.open_before(end)
    whole = (line.year(each) for each in range(year, last_year))
    return sum(sheet.open.before(sheet.end) for sheet in whole) + last_done > done


class _Reader:
    """One pass over the data; what cannot be read becomes a problem and is left out."""

    def __init__(self) -> None:
        self.problems: list[FieldProblem] = []

    def calendar(self, data: Any) -> Calendar:
        known = ("zone", "windows", "holidays", "breaks", "shifts")
        fields = self.object(data, "calendar", known, prefix="")
        calendar = Calendar(
            zone=self.zone(fields.get("zone")),
            windows=self.entries(fields, "windows", self.window),
            holidays=self.entries(fields, "holidays", self.holiday),
            breaks=self.entries(fields, "breaks", self.pause),
            shifts=self.entries(fields, "shifts", self.shift),
        )
        seen: set[date] = set()
        # Past an entry that was left out the others no longer stand where the data has them.
        for index, shift in enumerate(() if self.problems else calendar.shifts):
            if shift.date in seen:
                self.refuse(
                    f"shifts[{index}].date",
                    "shift_twice",
                    f"{shift.date} has two shifts. Put all its hours into one.",
                )
            seen.add(shift.date)
        return calendar

    def zone(self, value: Any) -> str:
        if not isinstance(value, str) or not value.strip():
            self.refuse("zone", "zone_missing", "Give the time zone, as in Europe/Berlin.")
            return ""
        try:
            load_zone(value)
        except ZoneUnknown as error:
            self.refuse("zone", error.code, error.message)
        return value

    def window(self, value: Any, path: str) -> Window | None:
        fields = self.object(value, path, ("day", "start", "end"))
        day = fields.get("day")
        weekday = _DAYS.get(day.strip().lower()) if isinstance(day, str) else None
        if weekday is None and fields:
            self.refuse(
                f"{path}.day",
                "day_unknown",
                f"{_said(day)} is not a weekday. Write one of {', '.join(WEEKDAYS)}.",
            )
        hours = self.hours(fields, path)
        return Window(weekday, hours.start, hours.end) if hours and weekday is not None else None

    def holiday(self, value: Any, path: str) -> Holiday | None:
        fields = self.object(value, path, ("date", "yearly", "name"))
        name = self.name(fields, path)
        if fields and ("date" in fields) == ("yearly" in fields):
            self.refuse(
                path,
                "holiday_date_missing",
                "A holiday has either a date, as in 2026-12-25, or a yearly day, as in 12-25.",
            )
        elif "date" in fields:
            day = self.date(fields, path)
            return Holiday(date=day, name=name) if day else None
        elif "yearly" in fields:
            yearly = self.yearly(fields["yearly"], f"{path}.yearly")
            return Holiday(yearly=yearly, name=name) if yearly else None
        return None

    def pause(self, value: Any, path: str) -> Break | None:
        fields = self.object(value, path, ("date", "start", "end", "name"))
        day, hours, name = (
            self.date(fields, path),
            self.hours(fields, path),
            self.name(fields, path),
        )
        return Break(day, hours.start, hours.end, name) if day and hours else None

    def shift(self, value: Any, path: str) -> Shift | None:
        fields = self.object(value, path, ("date", "windows", "name"))
        if fields and "windows" not in fields:
            self.refuse(
                f"{path}.windows",
                "shift_hours_missing",
                "A shift needs its hours; an empty list means closed on that date.",
            )
        day, name = self.date(fields, path), self.name(fields, path)
        windows = self.entries(fields, "windows", self.shift_hours, prefix=f"{path}.")
        return Shift(day, windows, name) if day else None

    def shift_hours(self, value: Any, path: str) -> Hours | None:
        return self.hours(self.object(value, path, ("start", "end")), path)

    def hours(self, fields: Mapping[str, Any], path: str) -> Hours | None:
        if not fields:
            return None
        start = self.clock(fields.get("start"), f"{path}.start", latest="23:59")
        end = self.clock(fields.get("end"), f"{path}.end", latest="24:00")
        return Hours(start, end) if start is not None and end is not None else None

    def clock(self, value: Any, path: str, *, latest: str) -> int | None:
        match = _CLOCK.fullmatch(value) if isinstance(value, str) else None
        if match:
            hour, minute = int(match[1]), int(match[2])
            if minute < 60 and f"{hour:02}:{minute:02}" <= latest:
                return hour * 60 + minute
        found = f"{path} is missing." if value is None else f"{_said(value)} is not a time."
        message = f"{found} Write hours and minutes from 00:00 to {latest}."
        self.refuse(path, "time_invalid", message)
        return None

    def date(self, fields: Mapping[str, Any], path: str) -> date | None:
        if not fields:
            return None
        value = fields.get("date")
        if isinstance(value, str) and _DATE.fullmatch(value):
            try:
                return date.fromisoformat(value)
            except ValueError:
                pass
        self.refuse(
            f"{path}.date",
            "date_invalid",
            f"{_said(value)} is not a date. Write year, month and day, as in 2026-12-25.",
        )
        return None

    def yearly(self, value: Any, path: str) -> tuple[int, int] | None:
        if isinstance(value, str) and _YEARLY.fullmatch(value):
            try:
                day = date.fromisoformat(f"{_LEAP_YEAR}-{value}")
            except ValueError:
                pass
            else:
                return day.month, day.day
        self.refuse(
            path,
            "yearly_invalid",
            f"{_said(value)} is not a day of the year. Write month and day, as in 12-25.",
        )
        return None

    def name(self, fields: Mapping[str, Any], path: str) -> str:
        value = fields.get("name", "")
        if isinstance(value, str):
            return value.strip()
        self.refuse(
            f"{path}.name", "name_invalid", f"{_said(value)} is not a name. Write it as text."
        )
        return ""

    def object(
        self, value: Any, path: str, known: tuple[str, ...], *, prefix: str | None = None
    ) -> Mapping[str, Any]:
        """The value's fields; empty, with a problem, where it has none or is no object."""
        if not isinstance(value, Mapping) or not value:
            self.refuse(path, "object_expected", f"{path} must have {', '.join(known)}.")
            return {}
        for key in value:
            if key not in known:
                where = f"{path}." if prefix is None else prefix
                self.refuse(
                    f"{where}{key}",
                    "key_unknown",
                    f"{_said(key)} is not known here. Take it out, or write {', '.join(known)}.",
                )
        return value

    def entries(
        self,
        fields: Mapping[str, Any],
        key: str,
        read: Callable[[Any, str], Entry | None],
        *,
        prefix: str = "",
    ) -> tuple[Entry, ...]:
        values = fields.get(key, ())
        if not isinstance(values, list | tuple):
            self.refuse(f"{prefix}{key}", "list_expected", f"{prefix}{key} must be a list.")
            return ()
        read_entries = [
            read(value, f"{prefix}{key}[{index}]") for index, value in enumerate(values)
        ]
        return tuple(entry for entry in read_entries if entry is not None)

    def refuse(self, path: str, code: str, message: str) -> None:
        self.problems.append(FieldProblem(path, code, message))


def _said(value: Any) -> str:
    """The value as it was written; nobody reads a long one back."""
    text = repr(value)
    return text if len(text) <= LONGEST_SAID else f"{text[:LONGEST_SAID]}…"
