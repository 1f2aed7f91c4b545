"""A target's ladder in words, and drawn: how far along each step comes, and when, by example."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from sla.rules.pace import Pace
from sla.rules.schedule import step_instant
from sla.rules.targets import (
    ALERT_MANAGER,
    BREACH,
    NOTIFY_CHANNEL,
    REASSIGN,
    REMIND,
    RETURN_TO_SUBMITTER,
    TO_NURTURE,
    WORKING_DAYS,
    Offset,
    StepSpec,
    TargetSpec,
    is_before_due,
)
from worktime.rules.words import duration_words

ACTION_WORDS = {
    REMIND: "Remind",
    BREACH: "Breach",
    ALERT_MANAGER: "Alert the manager",
    NOTIFY_CHANNEL: "Post to the team's channel",
    REASSIGN: "Give it to the backup",
    RETURN_TO_SUBMITTER: "Return it to the submitter",
    TO_NURTURE: "Give it back to nurture",
}
ACTION_ICONS = {
    REMIND: "notifications",
    BREACH: "flag",
    ALERT_MANAGER: "campaign",
    NOTIFY_CHANNEL: "tag",
    REASSIGN: "swap_horiz",
    RETURN_TO_SUBMITTER: "undo",
    TO_NURTURE: "eco",
}
# Who hears of it, whoever else is named.
ALWAYS_TOLD = {
    BREACH: "nobody: the fact is written down",
    NOTIFY_CHANNEL: "all who read the team's channel",
    REASSIGN: "who had it, who gets it, and the submitter",
    RETURN_TO_SUBMITTER: "the submitter, and who had it",
    TO_NURTURE: "the submitter, who had it, and the manager",
}
BREACH_STEP = StepSpec(0, BREACH, ())

RECIPIENT_WORDS = {"senior": "senior receiver"}

# Percents of the drawing's width: the start, the due time where steps follow it, and the end.
LEFT, DUE, RIGHT = 5.0, 58.0, 94.0
# Labels nearer than this to the one before go to the second line.
NEAR = 21.0
# What one letter of a label takes at most, in percents of the width.
LETTER = 1.3
# What a working day is drawn as where its calendar is not known.
USUAL_DAY = timedelta(hours=8)


@dataclass(frozen=True, slots=True)
class Line:
    """One step in words."""

    when: str
    what: str
    told: str
    icon: str


@dataclass(frozen=True, slots=True)
class Mark:
    """What happens at one place of the drawing; `x` is a percent of its width.

    `tone` is start, before, due or after; `level` is 1 where the label stands on the lower line.
    """

    x: float
    words: str
    when: str
    icon: str
    tone: str
    level: int
    anchor: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Drawing:
    """A ladder drawn to scale: before the due time in one scale, after it in another."""

    marks: tuple[Mark, ...]
    soon_x: float
    due_x: float
    end_x: float

    @property
    def start_x(self) -> float:
        return self.marks[0].x

    @property
    def has_lower_line(self) -> bool:
        return any(mark.level for mark in self.marks)

    @property
    def open_width(self) -> float:
        return self.soon_x - self.start_x

    @property
    def soon_width(self) -> float:
        return self.due_x - self.soon_x

    @property
    def late_width(self) -> float:
        return self.end_x - self.due_x


def when_words(offset: Offset) -> str:
    if not offset:
        return "at the due time"
    if not isinstance(offset, int):
        side = "before" if is_before_due(offset) else "after"
        return f"{_length_words(offset)} {side} due"
    if offset < 0:
        return f"at {100 + offset} % of the target"
    return f"{offset} % of the target after due"


def _length_words(length: timedelta) -> str:
    return duration_words(abs(length).total_seconds())


def told_words(step: StepSpec) -> str:
    named = (RECIPIENT_WORDS.get(name, name) for name in step.recipients)
    return ALWAYS_TOLD.get(step.action) or ", ".join(named)


def in_order(target: TargetSpec, length: timedelta | None = None) -> list[tuple[float, StepSpec]]:
    """The steps as they come, each with its percent from due, the breach first of those at due.

    Minutes are taken as a share of `length`, that of the target; where it is not given, of the
    target's own minutes or of usual days.
    """
    steps = [BREACH_STEP, *(step for step in target.steps if step.action != BREACH)]
    placed = [(percent_of(step.offset, target, length), step) for step in steps]
    return sorted(placed, key=lambda one: (one[0], one[1].action != BREACH))


def percent_of(offset: Offset, target: TargetSpec, length: timedelta | None = None) -> float:
    """The offset in percents of the target's length, the start at the earliest."""
    if not isinstance(offset, int):
        return max(-100.0, 100 * (offset / (length or _usual_length(target))))
    return max(-100.0, offset)


def _usual_length(target: TargetSpec) -> timedelta:
    is_days = target.unit == WORKING_DAYS
    return target.amount * (USUAL_DAY if is_days else timedelta(minutes=1))


def lines(target: TargetSpec) -> list[Line]:
    return [
        Line(
            when=when_words(step.offset),
            what=ACTION_WORDS.get(step.action, step.action),
            told=told_words(step),
            icon=ACTION_ICONS.get(step.action, "help"),
        )
        for _, step in in_order(target)
    ]


def draw(target: TargetSpec, *, pace: Pace | None = None, start: datetime | None = None) -> Drawing:
    """The target's ladder; with a pace and a start each mark also tells its instant.

    Expects a target without problems.
    """
    length = None if pace is None or start is None else pace.length(start, target.amount)
    steps = in_order(target, length)
    last = steps[-1][0]
    due_x = DUE if last > 0 else RIGHT

    def place(percent: float) -> float:
        if percent <= 0:
            return round(LEFT + (100 + percent) * (due_x - LEFT) / 100, 3)
        return round(due_x + percent * (RIGHT - due_x) / last, 3)

    instants = _instants(target, pace, start)
    marks = list(_marks(steps, place, instants))
    reminders = [percent for percent, step in steps if step.action == REMIND]
    return Drawing(
        marks=(Mark(LEFT, "Start", "0 %", "play_arrow", "start", 0, "start", start), *marks),
        soon_x=place(min(reminders)) if reminders else due_x,
        due_x=due_x,
        end_x=marks[-1].x,
    )


def _instants(
    target: TargetSpec, pace: Pace | None, start: datetime | None
) -> Mapping[Offset, datetime]:
    if pace is None or start is None:
        return {}
    due = pace.due(start, target.amount)
    length = pace.length(start, target.amount)
    offsets = {step.offset for step in (*target.steps, BREACH_STEP)}
    return {offset: step_instant(pace, due, length, offset) for offset in offsets}


def _marks(
    steps: Sequence[tuple[float, StepSpec]],
    place: Callable[[float], float],
    at: Mapping[Offset, datetime],
) -> Iterator[Mark]:
    before, ends, level = LEFT, LEFT, 0
    for percent, group in groupby(steps, key=lambda one: one[0]):
        these = [step for _, step in group]
        x = place(percent)
        words = ", ".join(_short(step.action, index) for index, step in enumerate(these))
        is_last = x > RIGHT - NEAR / 2
        width = LETTER * len(words)
        starts = x - width if is_last else x - width / 2
        level = 1 - level if x - before < NEAR or starts < ends else 0
        before, ends = x, starts + width
        yield Mark(
            x=x,
            words=words,
            when=_place_words(these[0].offset),
            icon=ACTION_ICONS.get(these[0].action, "help"),
            tone="due" if percent == 0 else "before" if percent < 0 else "after",
            level=level,
            anchor="end" if is_last else "middle",
            at=at.get(these[0].offset),
        )


SHORT = {
    REMIND: "Remind",
    BREACH: "Breach",
    ALERT_MANAGER: "Alert",
    NOTIFY_CHANNEL: "Channel",
    REASSIGN: "To the backup",
    RETURN_TO_SUBMITTER: "Return",
    TO_NURTURE: "To nurture",
}


def _short(action: str, index: int) -> str:
    words = SHORT.get(action, action)
    return words if index == 0 else words[:1].lower() + words[1:]


def _place_words(offset: Offset) -> str:
    if not offset:
        return "due"
    if not isinstance(offset, int):
        sign = "-" if is_before_due(offset) else "+"
        return f"{sign} {_length_words(offset)}"
    return f"{100 + offset} %" if offset < 0 else f"+ {offset} %"
