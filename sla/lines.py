"""Policies and what they promise in words, with their ladders drawn."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from core.errors import DomainError
from sla.choices import ClockKind
from sla.rules import ladder
from sla.rules.ladder import Drawing, Line
from sla.rules.pace import Pace
from sla.rules.presets import PolicySpec
from sla.rules.targets import TargetSpec
from sla.rules.wording import conditions_words, target_words
from worktime.models import Calendar
from worktime.selectors import rules_calendar


@dataclass(frozen=True, slots=True)
class TargetLine:
    """One promise of a policy in words, with its ladder drawn and listed.

    `trouble` says why the drawing tells no times where it should.
    """

    kind: str
    words: str
    ladder: list[Line]
    drawing: Drawing
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class PolicyLine:
    """One policy of a set in words."""

    name: str
    applies_to: str
    targets: list[TargetLine]


def target_line(
    spec: TargetSpec, *, calendar: Calendar | None = None, start: datetime | None = None
) -> TargetLine:
    version = None if calendar is None else calendar.current_version
    pace = None if version is None else Pace(rules_calendar(version), spec.unit)
    try:
        drawing, trouble = ladder.draw(spec, pace=pace, start=start), ""
    except DomainError as error:
        drawing, trouble = ladder.draw(spec), error.message
    return TargetLine(
        kind=str(ClockKind(spec.kind).label),
        words=target_words(spec.amount, spec.unit),
        ladder=ladder.lines(spec),
        drawing=drawing,
        trouble=trouble,
    )


def policy_line(spec: PolicySpec) -> PolicyLine:
    return PolicyLine(
        name=spec.name,
        applies_to=conditions_words(spec.conditions),
        targets=[target_line(target) for target in spec.targets],
    )


def targets_words(targets: Iterable[TargetSpec]) -> str:
    return "; ".join(
        f"{ClockKind(target.kind).label}: {target_words(target.amount, target.unit)}"
        for target in targets
    )
