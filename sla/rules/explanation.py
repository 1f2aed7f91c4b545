"""Why a clock is due when it is: which time counted, and which was skipped and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from sla.rules.pace import NOTHING, Hold, Pace
from sla.rules.pauses import OPEN_END
from sla.rules.targets import ELAPSED_MINUTES, WORKING_DAYS
from sla.rules.wording import target_words
from worktime.rules import Span, Why, duration_words, explain, into_open_day
from worktime.rules.zones import load_zone

AROUND_THE_CLOCK = "runs around the clock"
PAUSE = "paused"

Reasons = Mapping[Hold, str]
"""Why a clock was paused, by the pause."""


def explain_span(
    pace: Pace, start: datetime, end: datetime, *, reasons: Reasons | None = None
) -> list[Span]:
    """Spans that tile [start, end]; time inside the pauses does not count."""
    if pace.unit == ELAPSED_MINUTES:
        spans = [Span(start, end, True, Why.OPEN, AROUND_THE_CLOCK)] if start < end else []
    else:
        spans = explain(pace.calendar, start, end)
    return [part for span in spans for part in _cut(span, pace, reasons or {})]


def _cut(span: Span, pace: Pace, reasons: Reasons) -> Iterator[Span]:
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
        reason = reasons.get(hold, "")
        yield Span(first, last, False, Why.PAUSE, f"{PAUSE}: {reason}" if reason else PAUSE)
        cursor = last
    if cursor < span.end:
        yield Span(cursor, span.end, True, span.why, span.note)


@dataclass(frozen=True, slots=True)
class Promise:
    """What fixes a clock's due time beside its calendar and pauses."""

    start: datetime
    due: datetime
    amount: int
    is_fixed: bool
    follows_buyer: bool
    is_unstaffed: bool
    is_breached: bool
    is_replacement: bool


@dataclass(frozen=True, slots=True)
class Deadline:
    """Why a clock is due when it is, for people and for programs.

    ``spans`` tile the time from start to due; ``around`` those of the whole days in ``zone`` that
    the two lie in, for a drawing. ``counted`` is what the counted spans add up to, ``rules`` are
    sentences that say how the target is counted and what has moved it.
    """

    start: datetime
    due: datetime
    target: str
    zone: str
    spans: tuple[Span, ...]
    around: tuple[Span, ...]
    counted: timedelta
    rules: tuple[str, ...]


def explain_deadline(promise: Promise, pace: Pace, *, reasons: Reasons) -> Deadline:
    """The explanation of a clock whose time passes at ``pace``, pauses included."""
    start, due = promise.start.astimezone(UTC), promise.due.astimezone(UTC)
    first, last = start, due
    if pace.unit != ELAPSED_MINUTES:
        zone = load_zone(pace.calendar.zone)
        first = _midnight(start.astimezone(zone).date(), pace)
        last = _midnight(due.astimezone(zone).date() + timedelta(days=1), pace)
    around = explain_span(pace, first, last, reasons=reasons)
    spans = tuple(cut for span in around if (cut := span.within(start, due)) is not None)
    return Deadline(
        start=start,
        due=due,
        target=target_words(promise.amount, pace.unit),
        zone=pace.calendar.zone,
        spans=spans,
        around=tuple(around),
        counted=sum((span.end - span.start for span in spans if span.counted), NOTHING),
        rules=tuple(_rules(promise, pace)),
    )


def _midnight(day: date, pace: Pace) -> datetime:
    zone = load_zone(pace.calendar.zone)
    return datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)


def _rules(promise: Promise, pace: Pace) -> Iterator[str]:
    if promise.follows_buyer:
        yield (
            "It is due with the buyer's first contact, or a quarter of "
            f"{target_words(promise.amount, pace.unit)} after this receiver got the lead, "
            "whichever is later. More time for the buyer's clock moves it too."
        )
    elif promise.is_fixed:
        yield (
            "It is due at a time that was agreed. What counts until then only places the steps "
            "of its ladder, and pauses do not move it."
        )
    else:
        yield _unit_rule(promise, pace)
        yield from _pause_rules(promise, pace)
    if promise.is_breached:
        yield "It was missed, so its due time does not move any more."
    if promise.is_replacement:
        yield "It took the place of an earlier clock and kept the pauses and misses of that one."
    if promise.is_unstaffed:
        yield (
            "Nobody of the pool was at work when it started: nothing moves before the first of "
            "them is, and it is counted apart from people's figures."
        )


def _unit_rule(promise: Promise, pace: Pace) -> str:
    words = target_words(promise.amount, pace.unit)
    if pace.unit == ELAPSED_MINUTES:
        return f"{words}: every hour counts, by night and on holidays too."
    if pace.unit == WORKING_DAYS:
        open_days = "open day" if promise.amount == 1 else "open days"
        rule = (
            f"{words}: the same time of day, {promise.amount} {open_days} later. Where that is "
            "closed, the next opening, at the latest the end of that day's hours."
        )
        if into_open_day(pace.calendar, promise.start) > promise.start:
            return f"{rule} It began on a day without hours, so it counts from the next opening."
        return rule
    return f"{words}: only open hours of the calendar count."


def _pause_rules(promise: Promise, pace: Pace) -> Iterator[str]:
    before = [hold for hold in pace.holds if hold.starts_at < promise.due]
    moved = sum((pace.counted(hold.starts_at, hold.ends_at) for hold in _ended(before)), NOTHING)
    if moved and not promise.is_breached:
        yield f"Pauses have moved the due time by {duration_words(moved.total_seconds())}."
    if len(_ended(before)) < len(before):
        yield "It is paused: the due time is worked out anew when it goes on."


def _ended(holds: Sequence[Hold]) -> list[Hold]:
    return [hold for hold in holds if hold.ends_at < OPEN_END]
