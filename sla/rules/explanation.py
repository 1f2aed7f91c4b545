"""Why a clock is due when it is: which time counted, and which was skipped and why."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from sla.rules.pace import Pace
from sla.rules.targets import ELAPSED_MINUTES
from worktime.rules import Span, Why, explain

AROUND_THE_CLOCK = "runs around the clock"
PAUSE = "paused"


def explain_span(pace: Pace, start: datetime, end: datetime) -> list[Span]:
    """Spans that tile [start, end]; time inside the pauses does not count."""
    if pace.unit == ELAPSED_MINUTES:
        spans = [Span(start, end, True, Why.OPEN, AROUND_THE_CLOCK)] if start < end else []
    else:
        spans = explain(pace.calendar, start, end)
    return [part for span in spans for part in _cut(span, pace)]


def _cut(span: Span, pace: Pace) -> Iterator[Span]:
    """The span, its counted time divided where pauses begin and end."""
    if not span.counted:
        yield span
        return
    cursor = span.start
    for hold in pace.holds:
        first, last = max(hold.starts_at, cursor), min(hold.ends_at, span.end)
        if first >= last:
            continue
        if cursor < first:
            yield Span(cursor, first, True, span.why, span.note)
        yield Span(first, last, False, Why.BREAK, PAUSE)
        cursor = last
    if cursor < span.end:
        yield Span(cursor, span.end, True, span.why, span.note)
