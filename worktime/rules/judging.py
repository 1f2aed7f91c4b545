"""Slips: what a calendar can say and nobody means. Refused when a calendar is saved, not when read.

A version that is stored is never judged again: a later rule must not stop a clock that runs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import chain

from core.errors import FieldProblem
from worktime.rules.calendar import DAY_MINUTES, Calendar, Hours, clock_text
from worktime.rules.errors import CalendarInvalid
from worktime.rules.words import duration_words

FIRST_YEAR, LAST_YEAR = 2000, 2100
"""Years in which a date may lie; a typing error rarely does."""
LONGEST_NIGHT = 12 * 60
"""Minutes. Hours shorter than half a day that were typed the wrong way round last longer."""
MOST_ENTRIES = 1_000
LONGEST_NAME = 100
WEEK_MINUTES = 7 * DAY_MINUTES

DAY_NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

Spot = tuple[int, int, str, str]
"""From when to when in minutes, the path, and the words for the hours."""


def refuse_slips(calendar: Calendar) -> None:
    """Raises CalendarInvalid where it says something that cannot be meant."""
    found = slips(calendar)
    if found:
        raise CalendarInvalid(found)


def slips(calendar: Calendar) -> list[FieldProblem]:
    """Everything about it that cannot be meant, by the paths of its JSON form."""
    crowded = list(_crowded(calendar))
    if crowded:
        return crowded
    wrong = list(_hours(calendar))
    # Hours that are wrong by themselves overlap with half the week.
    overlaps = [] if wrong else [*_week(calendar), *_same_date(calendar)]
    return [*wrong, *overlaps, *_twice(calendar), *_dates_and_names(calendar)]


def _crowded(calendar: Calendar) -> Iterator[FieldProblem]:
    for field in ("windows", "holidays", "breaks", "shifts"):
        count = len(getattr(calendar, field))
        if count > MOST_ENTRIES:
            message = (
                f"There are {count} entries. Keep at most {MOST_ENTRIES}, such as those ahead."
            )
            yield FieldProblem(field, "too_many", message)


def _hours(calendar: Calendar) -> Iterator[FieldProblem]:
    """Hours without a length, and nights that are rather hours the wrong way round."""
    spans = chain(
        ((f"windows[{n}]", one.start, one.end) for n, one in enumerate(calendar.windows)),
        ((f"breaks[{n}]", one.start, one.end) for n, one in enumerate(calendar.breaks)),
        (
            (f"shifts[{n}].windows[{m}]", hours.start, hours.end)
            for n, one in enumerate(calendar.shifts)
            for m, hours in enumerate(one.windows)
        ),
    )
    for path, start, end in spans:
        said = hours_words(start, end)
        if start == end % DAY_MINUTES and end <= start:
            message = f"{said} has no length. Write 00:00–24:00 for a whole day."
            yield FieldProblem(path, "hours_empty", message)
        # 00:00 as an end is the midnight that ends the day, however long that is.
        elif 0 < end < start and end + DAY_MINUTES - start > LONGEST_NIGHT:
            length = duration_words((end + DAY_MINUTES - start) * 60)
            message = (
                f"{said} ends before it starts, so it would run overnight for {length}. Write "
                f"{hours_words(end, start)}, or split what lasts more than 12 h at 24:00."
            )
            yield FieldProblem(path, "night_too_long", message)


def _week(calendar: Calendar) -> Iterator[FieldProblem]:
    """Windows that overlap, nights that reach into the next day's hours included."""
    spots: list[Spot] = []
    for n, one in enumerate(calendar.windows):
        start = one.weekday * DAY_MINUTES + one.start
        said = f"{DAY_NAMES[one.weekday]}'s {hours_words(one.start, one.end)}"
        spots.append((start, start + _length(one.start, one.end), f"windows[{n}]", said))
    spots.sort()
    # Sunday's night is followed by Monday's hours once more.
    again = [
        (start + WEEK_MINUTES, end + WEEK_MINUTES, path, said)
        for start, end, path, said in spots
        if start < DAY_MINUTES
    ]
    yield from _overlaps([*spots, *again])


def _same_date(calendar: Calendar) -> Iterator[FieldProblem]:
    """Breaks, and a shift's hours, that overlap on one date."""
    breaks: dict[date, list[Spot]] = {}
    for n, one in enumerate(calendar.breaks):
        breaks.setdefault(one.date, []).append(_spot(f"breaks[{n}]", one.start, one.end))
    for spots in breaks.values():
        yield from _overlaps(sorted(spots))
    for n, shift in enumerate(calendar.shifts):
        hours: Sequence[Hours] = shift.windows
        yield from _overlaps(
            sorted(
                _spot(f"shifts[{n}].windows[{m}]", one.start, one.end)
                for m, one in enumerate(hours)
            )
        )


def _overlaps(spots: Sequence[Spot]) -> Iterator[FieldProblem]:
    """Each spot that begins before one of those before it has ended; the spots are in order."""
    told: set[str] = set()
    last: Spot | None = None
    for spot in spots:
        start, end, path, said = spot
        if last is not None and start < last[1] and path != last[2] and path not in told:
            told.add(path)
            message = f"{last[3]} and {said} overlap. Write them as one, or change one of them."
            yield FieldProblem(path, "hours_overlap", message)
        if last is None or end > last[1]:
            last = spot


def _twice(calendar: Calendar) -> Iterator[FieldProblem]:
    seen: set[date | tuple[int, int] | None] = set()
    for n, one in enumerate(calendar.holidays):
        key = one.date or one.yearly
        if key in seen:
            said = one.date or "{:02}-{:02} of every year".format(*one.yearly or (0, 0))
            message = f"{said} is a closed day already. Take one of the two out."
            yield FieldProblem(f"holidays[{n}]", "holiday_twice", message)
        seen.add(key)


def _dates_and_names(calendar: Calendar) -> Iterator[FieldProblem]:
    for field in ("holidays", "breaks", "shifts"):
        for n, one in enumerate(getattr(calendar, field)):
            path = f"{field}[{n}]"
            if one.date is not None and not FIRST_YEAR <= one.date.year <= LAST_YEAR:
                message = (
                    f"{one.date} is too far away. Give a year from {FIRST_YEAR} to {LAST_YEAR}."
                )
                yield FieldProblem(f"{path}.date", "year_unlikely", message)
            if len(one.name) > LONGEST_NAME:
                message = f"Shorten the name {one.name[:20]}… to {LONGEST_NAME} characters."
                yield FieldProblem(f"{path}.name", "name_too_long", message)


def _spot(path: str, start: int, end: int) -> Spot:
    return start, start + _length(start, end), path, hours_words(start, end)


def _length(start: int, end: int) -> int:
    return end - start if end > start else end + DAY_MINUTES - start


def hours_words(start: int, end: int) -> str:
    return f"{clock_text(start)}–{clock_text(end)}"
