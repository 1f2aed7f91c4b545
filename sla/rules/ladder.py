"""A target's ladder in words, and drawn: how far along each step comes, and when, by example."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from sla.rules.pace import Pace
from sla.rules.schedule import step_instant
from sla.rules.targets import (
    ALERT_MANAGER,
    BREACH,
    REASSIGN,
    REMIND,
    RETURN_TO_SUBMITTER,
    StepSpec,
    TargetSpec,
)

ACTION_WORDS = {
    REMIND: "Remind",
    BREACH: "Breach",
    ALERT_MANAGER: "Alert the manager",
    REASSIGN: "Give it to the backup",
    RETURN_TO_SUBMITTER: "Return it to the submitter",
}
ACTION_ICONS = {
    REMIND: "notifications",
    BREACH: "flag",
    ALERT_MANAGER: "campaign",
    REASSIGN: "swap_horiz",
    RETURN_TO_SUBMITTER: "undo",
}
BREACH_STEP = StepSpec(0, BREACH, ())

# Percents of the drawing's width: the start, the due time where steps follow it, and the end.
LEFT, DUE, RIGHT = 5.0, 58.0, 94.0
# Labels nearer than this to the one before go to the second line.
NEAR = 21.0
# What one letter of a label takes at most, in percents of the width.
LETTER = 1.3


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


def when_words(percent: int) -> str:
    if percent < 0:
        return f"at {100 + percent} % of the target"
    return f"{percent} % of the target after due" if percent else "at the due time"


def told_words(step: StepSpec) -> str:
    if step.action == BREACH:
        return "nobody: the fact is written down"
    return ", ".join(step.recipients) or "those whom it concerns"


def in_order(steps: Sequence[StepSpec]) -> list[StepSpec]:
    """The steps as they come, the breach first of those at the due time."""
    return sorted(
        [BREACH_STEP, *(step for step in steps if step.action != BREACH)],
        key=lambda step: (step.offset_percent, step.action != BREACH),
    )


def lines(steps: Sequence[StepSpec]) -> list[Line]:
    return [
        Line(
            when=when_words(step.offset_percent),
            what=ACTION_WORDS.get(step.action, step.action),
            told=told_words(step),
            icon=ACTION_ICONS.get(step.action, "help"),
        )
        for step in in_order(steps)
    ]


def draw(target: TargetSpec, *, pace: Pace | None = None, start: datetime | None = None) -> Drawing:
    """The target's ladder; with a pace and a start each mark also tells its instant.

    Expects a target without problems.
    """
    steps = in_order(target.steps)
    last = steps[-1].offset_percent
    due_x = DUE if last > 0 else RIGHT

    def place(percent: int) -> float:
        if percent <= 0:
            return round(LEFT + (100 + percent) * (due_x - LEFT) / 100, 3)
        return round(due_x + percent * (RIGHT - due_x) / last, 3)

    instants = _instants(target, pace, start)
    marks = list(_marks(steps, place, instants))
    reminders = [step.offset_percent for step in steps if step.action == REMIND]
    return Drawing(
        marks=(Mark(LEFT, "Start", "0 %", "play_arrow", "start", 0, "start", start), *marks),
        soon_x=place(min(reminders)) if reminders else due_x,
        due_x=due_x,
        end_x=marks[-1].x,
    )


def _instants(
    target: TargetSpec, pace: Pace | None, start: datetime | None
) -> Mapping[int, datetime]:
    if pace is None or start is None:
        return {}
    due = pace.due(start, target.amount)
    length = pace.length(start, target.amount)
    percents = {step.offset_percent for step in (*target.steps, BREACH_STEP)}
    return {percent: step_instant(pace, due, length, percent) for percent in percents}


def _marks(
    steps: Sequence[StepSpec], place: Callable[[int], float], at: Mapping[int, datetime]
) -> Iterator[Mark]:
    before, ends, level = LEFT, LEFT, 0
    for percent, group in groupby(steps, key=lambda step: step.offset_percent):
        these = list(group)
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
            when=_place_words(percent),
            icon=ACTION_ICONS.get(these[0].action, "help"),
            tone="due" if percent == 0 else "before" if percent < 0 else "after",
            level=level,
            anchor="end" if is_last else "middle",
            at=at.get(percent),
        )


SHORT = {
    REMIND: "Remind",
    BREACH: "Breach",
    ALERT_MANAGER: "Alert",
    REASSIGN: "To the backup",
    RETURN_TO_SUBMITTER: "Return",
}


def _short(action: str, index: int) -> str:
    words = SHORT.get(action, action)
    return words if index == 0 else words[:1].lower() + words[1:]


def _place_words(percent: int) -> str:
    if percent < 0:
        return f"{100 + percent} %"
    return f"+ {percent} %" if percent else "due"
