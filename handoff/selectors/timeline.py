"""The clocks, legs and touches of one handoff on one drawn time line."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo

from handoff.choices import Status, Verdict
from handoff.models import Handoff, HandoffClock, Leg, Touch
from handoff.rules.timeline import Axis, Band, Run, Stretch, axis_of, bands_of
from handoff.selectors.story import clock_time
from sla.choices import StepAction, Unit
from sla.models import Clock
from sla.rules.pauses import OPEN_END
from sla.selectors import clock_view, holds_of
from worktime.rules import Span, explain
from worktime.selectors import rules_calendar

MOST_DAYS = 60
"""A longer story is drawn from its end backwards; the table of events tells the rest."""
SHORTEST = timedelta(hours=2)
# Percent of the width that the words of a tick take: in a wide drawing, and in a narrow one.
_TICK_GAP, _TICK_GAP_NARROW = 13.0, 28.0
_STEP_MARKS = {
    StepAction.REMIND.value: ("remind", "notifications", "Reminder"),
    StepAction.ALERT_MANAGER.value: ("alert", "campaign", "Manager alerted"),
    StepAction.NOTIFY_CHANNEL.value: ("alert", "tag", "Posted to the team's channel"),
    StepAction.REASSIGN.value: ("move", "sync_alt", "Goes to the next receiver"),
    StepAction.RETURN_TO_SUBMITTER.value: ("move", "undo", "Returns to the submitter"),
    StepAction.TO_NURTURE.value: ("move", "eco", "Goes back to nurture"),
}


@dataclass(frozen=True, slots=True)
class Mark:
    """A point on a lane, at ``x`` percent."""

    x: float
    kind: str
    icon: str
    title: str


@dataclass(frozen=True, slots=True)
class Tick:
    """A time written on the axis; ``is_minor`` where a narrow drawing has no room for it."""

    x: float
    text: str
    is_minor: bool


@dataclass(frozen=True, slots=True)
class Lane:
    """One line of the drawing; ``state`` is the clock's badge state, ``note`` what it says."""

    title: str
    sub: str
    bands: tuple[Band, ...]
    marks: tuple[Mark, ...]
    note: str
    state: str


@dataclass(frozen=True, slots=True)
class TimelineView:
    """The whole drawing. ``now`` is None where the story is over; its words are ``now_text``."""

    lanes: tuple[Lane, ...]
    closed: tuple[Band, ...]
    ticks: tuple[Tick, ...]
    now: float | None
    now_text: str
    hours: str


def timeline_of(
    row: Handoff,
    links: Iterable[HandoffClock],
    legs: Sequence[Leg],
    touches: Sequence[Touch],
    *,
    now: datetime,
    zone: tzinfo,
) -> TimelineView | None:
    """The drawing of a handoff, without a query; None before its first clock.

    The clocks come with their targets, calendars, pauses and receivers, the legs in their order,
    the touches with who made them.
    """
    links = sorted(links, key=lambda link: link.clock_id)
    if not links:
        return None
    main = _main_clock(links)
    start, end = _span(row, [link.clock for link in links], now=now)
    spans = explain(rules_calendar(main.calendar_version), start, end)
    stretches = _stretches(spans)
    axis = axis_of(stretches)
    lanes = []
    if legs:
        lanes.append(_owner_lane(row, legs, axis, now=now))
    for link in links:
        own = _own_stretches(link.clock, main, stretches, start=start, end=end)
        lanes.append(_clock_lane(link, axis, own, now=now, zone=zone))
    if touches:
        lanes.append(_touch_lane(touches, axis, now=now))
    is_over = row.closed_at is not None
    return TimelineView(
        lanes=tuple(lanes),
        closed=tuple(_closed_bands(spans, axis)),
        ticks=tuple(_ticks(stretches, axis, now=now, zone=zone)),
        now=None if is_over else axis.at(now),
        now_text=f"now {now.astimezone(zone):%H:%M}",
        hours=main.calendar_version.calendar.name,
    )


def _main_clock(links: Sequence[HandoffClock]) -> Clock:
    """The clock whose hours shade the drawing: the buyer's, else the newest."""
    buyers = [link.clock for link in links if link.kind == "contact"]
    clock: Clock = (buyers or [links[-1].clock])[-1]
    return clock


def _stretches(spans: Iterable[Span]) -> list[Stretch]:
    return [Stretch(each.start, each.end, each.counted, each.note) for each in spans]


def _own_stretches(
    clock: Clock, main: Clock, shared: list[Stretch], *, start: datetime, end: datetime
) -> list[Stretch]:
    """What counts for this clock, whose hours need not be those that shade the drawing."""
    if clock.target.unit == Unit.ELAPSED_MINUTES:
        return [Stretch(start, end, is_open=True)]
    if clock.calendar_version_id == main.calendar_version_id:
        return shared
    return _stretches(explain(rules_calendar(clock.calendar_version), start, end))


def _span(row: Handoff, clocks: Sequence[Clock], *, now: datetime) -> tuple[datetime, datetime]:
    start = min(clock.started_at for clock in clocks)
    if row.closed_at is not None:
        end = row.closed_at
    else:
        live = [clock for clock in clocks if clock.met_at is None and clock.cancelled_at is None]
        end = max([now, *(_last_step(clock) for clock in live)])
    end = max(end, start + SHORTEST)
    return max(start, end - timedelta(days=MOST_DAYS)), end


def _last_step(clock: Clock) -> datetime:
    steps = [datetime.fromisoformat(at) for _, at, _ in clock.schedule]
    return max([clock.due_at, *steps])


def _owner_lane(row: Handoff, legs: Sequence[Leg], axis: Axis, *, now: datetime) -> Lane:
    bands = []
    for leg in legs:
        ended = leg.ended_at or row.closed_at or now
        kind = "leg" if leg.ended_at else "leg-live"
        title = f"{leg.receiver.name}, {clock_time(leg.assigned_at, now=now)}"
        band = axis.band(leg.assigned_at, ended, kind, title)
        bands.append(replace(band, text=leg.receiver.name))
    last = legs[-1]
    note = ""
    if last.ended_at is None:
        note = f"{last.receiver.name} since {clock_time(last.assigned_at, now=now)}"
    elif row.status == Status.HOLDING:
        note = f"{row.owner.name}, while it is held"
    return Lane(
        title="Who has it",
        sub=f"{len(legs)} leg{'s' if len(legs) != 1 else ''}",
        bands=tuple(bands),
        marks=(),
        note=note,
        state="",
    )


def _clock_lane(
    link: HandoffClock,
    axis: Axis,
    stretches: Sequence[Stretch],
    *,
    now: datetime,
    zone: tzinfo,
) -> Lane:
    clock = link.clock
    view = clock_view(clock, now=now, zone=zone)
    stopped = clock.met_at or clock.cancelled_at
    holds = tuple(
        (hold.starts_at, now if hold.ends_at == OPEN_END else hold.ends_at)
        for hold in holds_of(clock)
    )
    run = Run(clock.started_at, clock.due_at, stopped, holds)
    who = link.leg.receiver.name if link.leg else ""
    return Lane(
        title=f"{clock.get_kind_display()}{f', {who}' if who else ''}",
        sub=f"{view.target}, never resets" if link.kind == "contact" else view.target,
        bands=tuple(bands_of(run, axis, stretches, now=now)),
        marks=tuple(_clock_marks(clock, axis, stopped=stopped, now=now)),
        note=f"{view.text}" if stopped else f"Due {view.due}: {view.text}",
        state=view.state,
    )


def _clock_marks(
    clock: Clock, axis: Axis, *, stopped: datetime | None, now: datetime
) -> Iterable[Mark]:
    for index, (_, at_text, action) in enumerate(clock.schedule):
        at = datetime.fromisoformat(at_text)
        # What was still to come when the clock stopped never happened.
        if action not in _STEP_MARKS or (stopped is not None and index >= clock.fired):
            continue
        kind, icon, words = _STEP_MARKS[action]
        yield Mark(axis.at(at), kind, icon, f"{words} {clock_time(at, now=now)}")
    if clock.breached_at is not None:
        yield Mark(
            axis.at(clock.due_at), "missed", "close", f"Missed {clock_time(clock.due_at, now=now)}"
        )
    elif stopped is None:
        yield Mark(axis.at(clock.due_at), "due", "flag", f"Due {clock_time(clock.due_at, now=now)}")
    if clock.met_at is not None:
        yield Mark(
            axis.at(clock.met_at), "met", "check", f"Met {clock_time(clock.met_at, now=now)}"
        )


def _touch_lane(touches: Sequence[Touch], axis: Axis, *, now: datetime) -> Lane:
    marks = []
    # By time, as the marks of the other lanes.
    for touch in reversed(touches):
        counts = touch.verdict == Verdict.MEANINGFUL
        title = (
            f"{touch.get_kind_display()} by {touch.actor.name}, "
            f"{clock_time(touch.occurred_at, now=now)}: {touch.get_verdict_display().lower()}"
        )
        marks.append(Mark(axis.at(touch.occurred_at), "touch" if counts else "touch-weak",
                          "call" if touch.kind == "call" else "chat", title))  # fmt: skip
    counting = sum(touch.verdict == Verdict.MEANINGFUL for touch in touches)
    return Lane(
        title="Touches",
        sub=f"{counting} of {len(touches)} count"
        if counting != 1
        else f"1 of {len(touches)} counts",
        bands=(),
        marks=tuple(marks),
        note="",
        state="",
    )


def _closed_bands(spans: Sequence[Span], axis: Axis) -> Iterable[Band]:
    """Neighbours that are closed for different reasons are drawn as one."""
    start: datetime | None = None
    notes: list[str] = []
    for span in [*spans, None]:
        if span is not None and not span.counted:
            start = start or span.start
            notes.append(span.note)
            end = span.end
            continue
        if start is not None:
            yield axis.band(start, end, "closed", ", ".join(dict.fromkeys(notes)))
        start, notes = None, []


def _ticks(
    stretches: Sequence[Stretch], axis: Axis, *, now: datetime, zone: tzinfo
) -> Iterable[Tick]:
    """Where open time begins, as far as the words do not run into one another."""
    free_from = free_narrow = 0.0
    begins = [each.start for each in stretches if each.is_open]
    for at in [stretches[0].start, *begins]:
        x = axis.at(at)
        if x < free_from or x > 100 - _TICK_GAP / 2:
            continue
        is_minor = x < free_narrow or x > 100 - _TICK_GAP_NARROW
        yield Tick(x, _tick_words(at.astimezone(zone), now.astimezone(zone)), is_minor)
        free_from = x + _TICK_GAP
        free_narrow = free_narrow if is_minor else x + _TICK_GAP_NARROW


def _tick_words(local: datetime, now: datetime) -> str:
    """Short, for they stand close together: the time within a week, else the day."""
    if abs((local.date() - now.date()).days) < 7:
        return f"{local:%a %H:%M}"
    return f"{local.day} {local:%b}"
