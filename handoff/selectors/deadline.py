"""Why a clock is due when it is, as its card says and draws it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from django.utils import timezone

from handoff.models import Handoff, HandoffClock
from handoff.selectors.clocks import ShownClock, show_clock
from handoff.selectors.story import clock_time
from sla.models import Clock
from sla.rules.explanation import Deadline
from sla.selectors import explain_clock
from worktime.rules import Span, Why, duration_words
from worktime.rules.days import Day, Days, by_day

MOST_LINES = 13
KEPT_LINES = 5
"""Of a longer table so many lines at either end stay as they are."""
# What is out of the ordinary is told one by one, however long the table is.
_NAMED = frozenset({Why.HOLIDAY, Why.BREAK})
_PLAIN = frozenset({Why.OUTSIDE_HOURS, Why.CLOSED_DAY})


@dataclass(frozen=True, slots=True)
class ExplainedSpan:
    """A stretch of time that counted towards a deadline, or was skipped, or some of both."""

    start: str
    end: str
    what: str
    length: str
    total: str
    counted: bool


@dataclass(frozen=True, slots=True)
class DrawnDay:
    """A row of the drawing, with its words; ``folded`` stands for days that are not drawn."""

    label: str
    folded: str
    day: Day
    counted: str
    notes: str


@dataclass(frozen=True, slots=True)
class DeadlineView:
    """The explanation of one deadline: sentences, a drawing by day, and every span in words."""

    rules: tuple[str, ...]
    spans: tuple[ExplainedSpan, ...]
    days: tuple[DrawnDay, ...]
    drawing: Days
    total: str


@dataclass(frozen=True, slots=True)
class ExplainedClock:
    """One clock of a handoff with why it is due when it is, and what it was started with."""

    shown: ShownClock
    deadline: DeadlineView
    source: str


def explained_clock(
    row: Handoff, clock_id: int, *, now: datetime, zone: tzinfo
) -> ExplainedClock | None:
    """The handoff's clock, whether it runs, has stopped or was replaced; None where it has none."""
    # Asked for by its own key: one that no column can hold is nobody's, and no error.
    asked = Clock.objects.filter(pk=clock_id)
    found = HandoffClock.objects.filter(handoff_id=row.pk, clock__in=asked).select_related(
        "clock__target__version__policy", "clock__calendar_version__calendar"
    )
    link = found.prefetch_related("clock__pauses").first()
    if link is None:
        return None
    clock = link.clock
    shown = show_clock(clock, now=now, zone=zone)
    version, policy = clock.calendar_version, clock.target.version
    return ExplainedClock(
        shown=shown,
        deadline=deadline_view(explain_clock(clock), now=now),
        source=(
            f"Target {shown.view.target} from the policy \u201c{policy.policy.name}\u201d, "
            f"version {policy.n}. Calendar \u201c{version.calendar.name}\u201d, "
            f"version {version.n}, {version.zone}. Both stay fixed for this clock."
        ),
    )


def deadline_view(deadline: Deadline, *, now: datetime) -> DeadlineView:
    """The explanation in the reader's zone; the drawing is in the calendar's."""
    drawing = by_day(deadline.around, zone=deadline.zone, start=deadline.start, due=deadline.due)
    return DeadlineView(
        rules=deadline.rules,
        spans=_lines(deadline.spans, now=now),
        days=tuple(_day(row) for row in drawing.rows),
        drawing=drawing,
        total=duration_words(deadline.counted.total_seconds()),
    )


def _day(day: Day) -> DrawnDay:
    label, folded = f"{day.day:%a} {day.day.day} {day.day:%b}", ""
    if day.is_folded:
        label = f"{day.day.day} {day.day:%b} to {day.last.day} {day.last:%b}"
        folded = f"{(day.last - day.day).days + 1} days, not drawn"
    return DrawnDay(
        label=label,
        folded=folded,
        day=day,
        counted=duration_words(day.seconds) if day.seconds else "",
        notes=", ".join(note[:1].upper() + note[1:] for note in day.notes),
    )


def _lines(spans: Sequence[Span], *, now: datetime) -> tuple[ExplainedSpan, ...]:
    lines = []
    counted = 0.0
    for group in _groups(spans):
        counted += sum(span.seconds for span in group if span.counted)
        lines.append(_line(group, counted, now=now))
    return tuple(lines)


def _groups(spans: Sequence[Span]) -> Iterator[Sequence[Span]]:
    """Each span alone; in the middle of a long list one group for as long as nothing changes."""
    if len(spans) <= MOST_LINES:
        yield from ([span] for span in spans)
        return
    yield from ([span] for span in spans[:KEPT_LINES])
    group: list[Span] = []
    for span in spans[KEPT_LINES:-KEPT_LINES]:
        if group and not _goes_on(group, span):
            yield group
            group = []
        group.append(span)
    yield group
    yield from ([span] for span in spans[-KEPT_LINES:])


def _goes_on(group: Sequence[Span], span: Span) -> bool:
    """Days and nights in turn are one, and so is a pause with the nights in it."""
    if span.why in _PLAIN:
        return group[0].why not in _NAMED
    kinds = {(each.why, each.note) for each in group if each.why not in _PLAIN}
    return kinds <= {(span.why, span.note)} and span.why not in _NAMED


def _line(group: Sequence[Span], so_far: float, *, now: datetime) -> ExplainedSpan:
    told = next((span for span in group if span.why not in _PLAIN), group[0])
    what = told.note[:1].upper() + told.note[1:] or "Open"
    if len(group) > 1:
        what += ", day by day, with the closed hours between"
    alike = [span for span in group if span.counted is told.counted and span.why == told.why]
    length = duration_words(sum(span.seconds for span in alike))
    return ExplainedSpan(
        start=clock_time(group[0].start, now=now),
        end=_end_words(group[0].start, group[-1].end, now=now),
        what=what,
        length=length if told.counted else f"skipped {length}",
        total=duration_words(so_far),
        counted=told.counted,
    )


def _end_words(start: datetime, end: datetime, *, now: datetime) -> str:
    """The day is said once."""
    local = timezone.localtime(end)
    if timezone.localtime(start).date() == local.date():
        return f"{local:%H:%M}"
    return clock_time(end, now=now)
