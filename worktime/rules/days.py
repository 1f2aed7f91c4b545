"""Spans of time drawn day by day: what was open, what counted, and what was skipped and why.

Positions are percents of the width, 0 to 100, and belong to the wall of one zone.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from worktime.rules.calendar import clock_text
from worktime.rules.explain import Span, Why
from worktime.rules.plan import DAY_MINUTES
from worktime.rules.zones import load_zone, moment_of, wall_us

MOST_DAYS = 9
"""Of a longer time the days in the middle are told as one row."""
KEPT_DAYS = 4
HOUR = 60
MOST_GAPS = 3
"""Between the hours that are written above a drawing as narrow as a card."""

COUNTED, OPEN, HOLIDAY, BREAK, PAUSED = "counted", "open", "holiday", "break", "paused"
_Cut = tuple[str, Span]
_KINDS = {Why.HOLIDAY: HOLIDAY, Why.BREAK: BREAK, Why.PAUSE: PAUSED}


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of one day from ``x`` on, ``width`` percent wide."""

    x: float
    width: float
    kind: str


@dataclass(frozen=True, slots=True)
class Day:
    """One date, or from ``day`` to ``last`` several that are told as one and not drawn.

    ``seconds`` is what counted of it; ``notes`` name what was skipped: holidays, breaks, pauses.
    """

    day: date
    last: date
    pieces: tuple[Piece, ...]
    due_x: float | None
    seconds: float
    notes: tuple[str, ...]

    @property
    def is_folded(self) -> bool:
        return self.day != self.last


@dataclass(frozen=True, slots=True)
class Hour:
    x: float
    text: str


@dataclass(frozen=True, slots=True)
class Days:
    """The drawing; its hours are those of ``zone``."""

    rows: tuple[Day, ...]
    hours: tuple[Hour, ...]
    zone: str


def by_day(spans: Sequence[Span], *, zone: str, start: datetime, due: datetime) -> Days:
    """The days from ``start`` to ``due``, drawn from spans that cover these days and tile.

    What counts of them counts between the two only; before and after it is drawn as open. Raises
    ZoneUnknown.
    """
    wall = _Wall(load_zone(zone))
    first, last = wall.date(start), max(wall.date(due), wall.date(start))
    ordinals = range(first.toordinal(), last.toordinal() + 1)
    cut: dict[int, list[_Cut]] = {ordinal: [] for ordinal in ordinals}
    for span in spans:
        for ordinal, kind, part in _drawn(span, wall, start, due):
            if ordinal in cut:
                cut[ordinal].append((kind, part))
    shown = _shown(ordinals)
    # A holiday has no hours of its own: it is as long as the other days.
    edges = [
        edge
        for ordinal in shown
        for kind, span in cut[ordinal]
        if kind != HOLIDAY
        for edge in (wall.minute(ordinal, span.start), wall.minute(ordinal, span.end))
    ]
    scale = _Scale.over([*edges, wall.minute(last.toordinal(), due)])
    rows = []
    for ordinal in shown:
        day = date.fromordinal(ordinal)
        pieces = tuple(
            scale.piece(wall.minute(ordinal, span.start), wall.minute(ordinal, span.end), kind)
            for kind, span in cut[ordinal]
        )
        due_x = scale.x(wall.minute(ordinal, due)) if day == last else None
        rows.append(Day(day, day, pieces, due_x, *_told(cut[ordinal], start, due)))
    if len(shown) < len(ordinals):
        rows.insert(KEPT_DAYS, _folded(cut, ordinals[KEPT_DAYS:-KEPT_DAYS], start, due))
    return Days(tuple(rows), scale.hours(), zone)


def _shown(ordinals: range) -> list[int]:
    if len(ordinals) <= MOST_DAYS:
        return list(ordinals)
    return [*ordinals[:KEPT_DAYS], *ordinals[-KEPT_DAYS:]]


def _drawn(
    span: Span, wall: "_Wall", start: datetime, due: datetime
) -> Iterator[tuple[int, str, Span]]:
    """By day what was open, or skipped by exception; a plain closing is not drawn."""
    if not span.counted and span.why not in _KINDS:
        return
    for ordinal in range(wall.date(span.start).toordinal(), wall.date(span.end).toordinal() + 1):
        begin, end = wall.midnight(ordinal), wall.midnight(ordinal + 1)
        if not span.counted:
            cuts = [(_KINDS[span.why], begin, end)]
        else:
            # Before the start and after the due time it was open, and nothing counted.
            cuts = [
                (OPEN, begin, min(start, end)),
                (COUNTED, max(start, begin), min(due, end)),
                (OPEN, max(due, begin), end),
            ]
        for kind, low, high in cuts:
            part = span.within(low, high)
            if part is not None:
                yield ordinal, kind, part


def _told(cut: Iterable[_Cut], start: datetime, due: datetime) -> tuple[float, tuple[str, ...]]:
    """The seconds that counted, and each reason why others did not, once."""
    seconds, notes = 0.0, []
    for kind, span in cut:
        if kind == COUNTED:
            seconds += span.seconds
        elif kind != OPEN and span.within(start, due) is not None:
            notes.append(span.note)
    return seconds, tuple(dict.fromkeys(notes))


def _folded(
    cut: dict[int, list[_Cut]], ordinals: Sequence[int], start: datetime, due: datetime
) -> Day:
    together = [one for ordinal in ordinals for one in cut[ordinal]]
    first, last = date.fromordinal(ordinals[0]), date.fromordinal(ordinals[-1])
    return Day(first, last, (), None, *_told(together, start, due))


class _Wall:
    """Instants as dates and minutes on the wall of a zone."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone

    def date(self, at: datetime) -> date:
        return at.astimezone(self._zone).date()

    def midnight(self, ordinal: int) -> datetime:
        return moment_of(wall_us(self._zone, ordinal))

    def minute(self, ordinal: int, at: datetime) -> float:
        """Since the midnight that starts the date; 1440 for the one that ends it."""
        there = at.astimezone(self._zone)
        days = there.date().toordinal() - ordinal
        minute = days * DAY_MINUTES + there.hour * HOUR + there.minute + there.second / 60
        return min(max(minute, 0), DAY_MINUTES)


@dataclass(frozen=True, slots=True)
class _Scale:
    """From minutes of a day to percents of the drawing's width."""

    start: int
    end: int

    @classmethod
    def over(cls, edges: Sequence[float]) -> "_Scale":
        """Whole hours around all that is drawn, one hour at least."""
        start = int(min(edges)) // HOUR * HOUR
        end = math.ceil(max(edges) / HOUR) * HOUR
        start = min(start, DAY_MINUTES - HOUR)
        return cls(start, max(end, start + HOUR))

    def x(self, minute: float) -> float:
        return round(min(max(minute - self.start, 0) * 100 / (self.end - self.start), 100), 3)

    def piece(self, low: float, high: float, kind: str) -> Piece:
        x = self.x(low)
        return Piece(x, round(max(self.x(high) - x, 0), 3), kind)

    def hours(self) -> tuple[Hour, ...]:
        """A few hours to read the drawing by, never more than fit."""
        count = (self.end - self.start) // HOUR
        step = -(-count // MOST_GAPS) * HOUR
        marks = range(self.start, self.end + 1, step)
        return tuple(Hour(self.x(mark), clock_text(mark)) for mark in marks)
