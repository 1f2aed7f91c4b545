"""Two weeks of a calendar as they will be, drawn to scale: hours, holidays, breaks, absences."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from worktime.rules.calendar import Calendar, clock_text
from worktime.rules.intervals import Intervals, clipped, common, length, merged, without
from worktime.rules.plan import DAY_MINUTES, Plan
from worktime.rules.words import duration_words
from worktime.rules.zones import load_zone

DRAWN_DAYS = 14
# The drawing begins and ends here, or earlier and later where there are open hours.
USUAL_START, USUAL_END = 6 * 60, 20 * 60
HOUR = 60
GRID_HOURS = 2
# What words need of the drawing's width where it is narrowest, in percents: edges, each letter.
EDGES_PERCENT, LETTER_PERCENT = 4, 1.45

OPEN, SHIFT, CLOSED, AWAY = "open", "shift", "closed", "away"

Absence = tuple[datetime, datetime, str]


@dataclass(frozen=True, slots=True)
class DrawnSpan:
    """Hours on the drawing; `x` and `width` are percents of its width."""

    x: float
    width: float
    words: str
    kind: str = OPEN

    @property
    def has_room(self) -> bool:
        return self.width >= EDGES_PERCENT + LETTER_PERCENT * len(self.words)

    @property
    def end(self) -> float:
        return round(self.x + self.width, 3)


@dataclass(frozen=True, slots=True)
class DrawnDay:
    """`counted` is the part that a tried deadline used; `due_x` where it falls due that day."""

    day: date
    spans: tuple[DrawnSpan, ...]
    counted: tuple[DrawnSpan, ...]
    due_x: float | None
    open_minutes: int
    note: str

    @property
    def open_words(self) -> str:
        return duration_words(self.open_minutes * 60) if self.open_minutes else "closed"


@dataclass(frozen=True, slots=True)
class DrawnWeek:
    number: int
    days: tuple[DrawnDay, ...]

    @property
    def open_words(self) -> str:
        minutes = sum(day.open_minutes for day in self.days)
        return f"{duration_words(minutes * 60)} open" if minutes else "closed"


@dataclass(frozen=True, slots=True)
class Timetable:
    weeks: tuple[DrawnWeek, ...]
    hours: tuple[DrawnSpan, ...]

    @property
    def days(self) -> tuple[DrawnDay, ...]:
        return tuple(day for week in self.weeks for day in week.days)

    @property
    def first(self) -> date:
        return self.days[0].day

    @property
    def last(self) -> date:
        return self.days[-1].day


def monday_of(day: date) -> date:
    return day - timedelta(days=day.weekday())


def timetable(
    calendar: Calendar,
    *,
    first: date,
    away: Sequence[Absence] = (),
    counted: Sequence[tuple[datetime, datetime]] = (),
    due: datetime | None = None,
) -> Timetable:
    """The fourteen days from `first`, in the calendar's zone.

    `away` are absences of a person, who is not there in these hours; `counted` and `due` are a
    deadline to be drawn in. Raises ZoneUnknown.
    """
    plan, wall = Plan(calendar), _Wall(calendar.zone)
    days = [first + timedelta(days=n) for n in range(DRAWN_DAYS)]
    opened = {day: _open_on(plan, day.toordinal()) for day in days}
    scale = _scale([edge for spans in opened.values() for span in spans for edge in span])

    def drawn_day(day: date) -> DrawnDay:
        ordinal = day.toordinal()
        gone = merged(span for start, end, _ in away for span in wall.on(day, start, end))
        there = without(opened[day], gone)
        missing = common(opened[day], gone)
        ran = [span for start, end in counted for span in wall.on(day, start, end)]
        fell = [] if due is None else wall.instant_on(day, due)
        return DrawnDay(
            day=day,
            spans=(
                *_hours(plan, ordinal, there, scale),
                *(
                    scale(low, high, " ".join(_absences(away, wall, day)), AWAY)
                    for low, high in missing
                ),
                *(scale(low, high, words, CLOSED) for low, high, words in _closed(plan, ordinal)),
            ),
            counted=tuple(scale(low, high, "") for low, high in common(there, merged(ran))),
            due_x=scale(fell[0], fell[0], "").x if fell else None,
            open_minutes=length(there),
            note=", ".join([*_notes(plan, ordinal), *_absences(away, wall, day)]),
        )

    drawn = tuple(map(drawn_day, days))
    weeks = [drawn[n : n + 7] for n in range(0, DRAWN_DAYS, 7)]
    return Timetable(
        weeks=tuple(DrawnWeek(week[0].day.isocalendar().week, week) for week in weeks),
        hours=scale.grid(),
    )


class _Wall:
    """Instants as minutes of a date on the wall of a zone."""

    def __init__(self, zone: str) -> None:
        self._zone = load_zone(zone)

    def on(self, day: date, start: datetime, end: datetime) -> Intervals:
        return clipped([(self._minute(day, start), self._minute(day, end))], 0, DAY_MINUTES)

    def instant_on(self, day: date, at: datetime) -> list[int]:
        minute = self._minute(day, at)
        return [minute] if 0 <= minute < DAY_MINUTES else []

    def _minute(self, day: date, at: datetime) -> int:
        there = at.astimezone(self._zone)
        days = there.date().toordinal() - day.toordinal()
        return days * DAY_MINUTES + there.hour * HOUR + there.minute


@dataclass(frozen=True, slots=True)
class _Scale:
    """From minutes of a day to percents of the drawing's width."""

    start: int
    end: int

    def __call__(self, low: int, high: int, words: str, kind: str = OPEN) -> DrawnSpan:
        width = self.end - self.start
        low, high = max(low, self.start), min(high, self.end)
        return DrawnSpan(
            x=round((low - self.start) * 100 / width, 3),
            width=round(max(high - low, 0) * 100 / width, 3),
            words=words,
            kind=kind,
        )

    def grid(self) -> tuple[DrawnSpan, ...]:
        minutes = range(self.start, self.end + 1, GRID_HOURS * HOUR)
        return tuple(self(minute, minute, clock_text(minute)) for minute in minutes)


def _scale(edges: Sequence[int]) -> _Scale:
    return _Scale(min([USUAL_START, *edges]) // HOUR * HOUR, max([USUAL_END, *edges]))


def _open_on(plan: Plan, ordinal: int) -> Intervals:
    """Open minutes of the date on the wall; what runs past midnight belongs to the next date."""
    night = [(low - DAY_MINUTES, high - DAY_MINUTES) for low, high in plan.hours(ordinal - 1)]
    spans = merged([*plan.hours(ordinal), *night])
    return clipped(without(spans, merged(plan.breaks(ordinal))), 0, DAY_MINUTES)


def _hours(
    plan: Plan, ordinal: int, spans: Intervals, scale: Callable[..., DrawnSpan]
) -> Iterator[DrawnSpan]:
    kind = SHIFT if plan.is_shift(ordinal) else OPEN
    for low, high in spans:
        yield scale(low, high, f"{clock_text(low)}–{clock_text(high)}", kind)


def _closed(plan: Plan, ordinal: int) -> Iterator[tuple[int, int, str]]:
    """What would be open on the date, were it not a holiday or a break."""
    planned = clipped(merged(plan.planned(ordinal)), 0, DAY_MINUTES)
    if plan.holiday(ordinal) is not None:
        if planned:
            yield planned[0][0], planned[-1][1], plan.holiday(ordinal) or "Holiday"
        return
    for (start, end), name in plan.breaks(ordinal).items():
        for low, high in common(planned, clipped([(start, end)], 0, DAY_MINUTES)):
            yield low, high, name or "Break"


def _absences(away: Sequence[Absence], wall: _Wall, day: date) -> list[str]:
    return [words for start, end, words in away if wall.on(day, start, end)]


def _notes(plan: Plan, ordinal: int) -> Iterator[str]:
    holiday = plan.holiday(ordinal)
    if holiday is not None:
        yield f"Holiday: {holiday}" if holiday else "Holiday"
    yield from (f"Break: {name or 'closed'}" for name in plan.breaks(ordinal).values())
    shift = plan.shift_name(ordinal)
    if shift:
        yield f"Shift: {shift}"
