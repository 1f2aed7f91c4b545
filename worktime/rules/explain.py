"""Why a deadline is when it is: which time counted, and which was skipped and why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from worktime.rules import intervals
from worktime.rules.calendar import Calendar
from worktime.rules.errors import SpanReversed
from worktime.rules.intervals import Intervals
from worktime.rules.timeline import Timeline
from worktime.rules.zones import instant_us, moment_of


class Why(StrEnum):
    """Why a span counted or did not."""

    OPEN = "open"
    OUTSIDE_HOURS = "outside_hours"
    CLOSED_DAY = "closed_day"
    HOLIDAY = "holiday"
    BREAK = "break"
    PAUSE = "pause"
    """Said of a clock, never of a calendar."""


_NOTES = {
    Why.OPEN: "",
    Why.OUTSIDE_HOURS: "outside working hours",
    Why.CLOSED_DAY: "no working hours that day",
    Why.HOLIDAY: "holiday",
    Why.BREAK: "break",
    Why.PAUSE: "paused",
}


@dataclass(frozen=True)
class Span:
    """A stretch from start to end (UTC) that counted or was skipped; `note` is in plain words.

    The note of a holiday, a break or a day closed by a shift is its name where it has one.
    """

    start: datetime
    end: datetime
    counted: bool
    why: Why
    note: str

    @property
    def seconds(self) -> float:
        """Elapsed seconds."""
        return (self.end - self.start).total_seconds()

    def within(self, start: datetime, end: datetime) -> Span | None:
        """What of it lies between the two; None where nothing does."""
        first, last = max(self.start, start), min(self.end, end)
        return replace(self, start=first, end=last) if first < last else None


_Reason = tuple[Why, str]


def explain(calendar: Calendar, start: datetime, end: datetime) -> list[Span]:
    """Spans that tile [start, end] without a gap; those that counted add up to `between`.

    Neighbours with the same reason are one. Raises SpanReversed where end lies before start.
    """
    first, last = instant_us(start), instant_us(end)
    if last < first:
        raise SpanReversed
    line = calendar.timeline
    merged: list[tuple[int, int, _Reason]] = []
    for span_start, span_end, reason in _reasons(line, first, last):
        if merged and merged[-1][2] == reason:
            merged[-1] = (merged[-1][0], span_end, reason)
        else:
            merged.append((span_start, span_end, reason))
    return [
        Span(moment_of(a), moment_of(b), why is Why.OPEN, why, note or _NOTES[why])
        for a, b, (why, note) in merged
    ]


def _reasons(line: Timeline, first: int, last: int) -> Iterator[tuple[int, int, _Reason]]:
    """Each date's pieces in order, cut to [first, last)."""
    for day in range(line.date_at(first), line.date_at(last) + 1):
        for start, end, reason in sorted(_day_pieces(line, day)):
            cut_start, cut_end = max(start, first), min(end, last)
            if cut_start < cut_end:
                yield cut_start, cut_end, reason


def _day_pieces(line: Timeline, day: int) -> Iterator[tuple[int, int, _Reason]]:
    """The date's stretch in disjoint pieces, each with its reason."""
    midnight = line.midnight(day)
    opened = intervals.shifted(line.open_spans(day), midnight)
    left = intervals.without(((midnight, line.midnight(day + 1)),), opened)
    yield from _pieces(opened, (Why.OPEN, ""))
    for reason, spans in _removed(line, day):
        taken = intervals.common(left, spans)
        left = intervals.without(left, taken)
        yield from _pieces(taken, reason)
    yield from _pieces(left, _day_reason(line, day))


def _pieces(
    spans: Iterable[intervals.Interval], reason: _Reason
) -> Iterator[tuple[int, int, _Reason]]:
    return ((start, end, reason) for start, end in spans)


def _removed(line: Timeline, day: int) -> Iterator[tuple[_Reason, Intervals]]:
    """Hours that would be open on the date but for a holiday on its eve or a break."""
    plan = line.plan
    eve_holiday = plan.holiday(day - 1)
    if eve_holiday is not None:
        yield (Why.HOLIDAY, eve_holiday), line.instants(day - 1, plan.planned(day - 1))
    hours = [span for each in (day - 1, day) for span in line.instants(each, plan.hours(each))]
    for each in (day - 1, day):
        for span, name in plan.breaks(each).items():
            hole = line.instants(each, (span,))
            yield (Why.BREAK, name), intervals.common(intervals.merged(hours), hole)


def _day_reason(line: Timeline, day: int) -> _Reason:
    """Why the rest of the date is closed."""
    plan = line.plan
    holiday = plan.holiday(day)
    if holiday is not None:
        return Why.HOLIDAY, holiday
    if not plan.hours(day):
        return Why.CLOSED_DAY, plan.shift_name(day)
    return Why.OUTSIDE_HOURS, ""
