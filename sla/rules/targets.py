"""What a policy promises: how long a clock may run, and the ladder of steps around its due time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from core.errors import FieldProblem

WORKING_MINUTES = "working_minutes"
ELAPSED_MINUTES = "elapsed_minutes"
WORKING_DAYS = "working_days"

REMIND = "remind"
BREACH = "breach"
ALERT_MANAGER = "alert_manager"
REASSIGN = "reassign"
RETURN_TO_SUBMITTER = "return_to_submitter"

# A move answers certain misses: only a leg goes to the backup, only the buyer's clock returns.
MOVES = {
    REASSIGN: frozenset({"accept", "contact_leg"}),
    RETURN_TO_SUBMITTER: frozenset({"contact"}),
}
MISPLACED = {
    REASSIGN: "Only the ladders of accept and of contact by the receiver pass a lead on.",
    RETURN_TO_SUBMITTER: "Only the ladder of first contact returns a lead to the submitter.",
}
TOLD = (REMIND, ALERT_MANAGER)

RECIPIENTS = frozenset({"receiver", "owner", "submitter", "manager"})

# A year at most: longer promises are typing errors, and search far into a calendar.
MOST = {WORKING_MINUTES: 366 * 24 * 60, ELAPSED_MINUTES: 366 * 24 * 60, WORKING_DAYS: 366}
LATEST_PERCENT = 1_000


@dataclass(frozen=True, slots=True)
class StepSpec:
    """A rung: `offset_percent` of the target's length from due, negative before it."""

    offset_percent: int
    action: str
    recipients: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TargetSpec:
    """A clock of `kind` is due after `amount` of `unit`; the step `breach` is never listed."""

    kind: str
    amount: int
    unit: str
    steps: tuple[StepSpec, ...] = ()


def to_data(targets: Sequence[TargetSpec]) -> list[dict[str, Any]]:
    """The targets as a draft stores them."""
    return [asdict(target) for target in targets]


def from_data(stored: Sequence[Mapping[str, Any]]) -> tuple[TargetSpec, ...]:
    """Back from the stored form."""
    return tuple(
        TargetSpec(
            kind=target["kind"],
            amount=target["amount"],
            unit=target["unit"],
            steps=tuple(
                StepSpec(step["offset_percent"], step["action"], tuple(step["recipients"]))
                for step in target["steps"]
            ),
        )
        for target in stored
    )


def target_problems(targets: Sequence[TargetSpec]) -> Iterator[FieldProblem]:
    """What keeps the targets and their ladders from being published."""
    if not targets:
        yield FieldProblem("targets", "targets_missing", "Add at least one target.")
    for kind, count in Counter(target.kind for target in targets).items():
        if count > 1:
            yield FieldProblem("targets", "target_twice", f"Give {kind} one target, not {count}.")
    for index, target in enumerate(targets):
        yield from _amount_problems(f"targets[{index}]", target)
        yield from _ladder_problems(f"targets[{index}]", target)


def _amount_problems(place: str, target: TargetSpec) -> Iterator[FieldProblem]:
    most = MOST.get(target.unit)
    if most is None:
        known = ", ".join(MOST)
        yield FieldProblem(f"{place}.unit", "unit_unknown", f"Choose one of: {known}.")
    elif not 1 <= target.amount <= most:
        yield FieldProblem(
            f"{place}.amount", "amount_out_of_range", f"Give an amount between 1 and {most}."
        )


def _ladder_problems(place: str, target: TargetSpec) -> Iterator[FieldProblem]:
    rungs = Counter((step.offset_percent, step.action) for step in target.steps)
    for (offset, action), count in rungs.items():
        if count > 1:
            yield FieldProblem(
                f"{place}.steps", "step_twice", f"Keep one step {action} at {offset} %."
            )
    for index, step in enumerate(target.steps):
        yield from _step_problems(f"{place}.steps[{index}]", step)
        yield from _move_problems(f"{place}.steps[{index}]", step, target.kind)


def _step_problems(place: str, step: StepSpec) -> Iterator[FieldProblem]:
    if step.action == REMIND and step.offset_percent >= 0:
        yield FieldProblem(
            f"{place}.offset_percent",
            "reminder_not_before_due",
            "A reminder must come before the due time: give a percent below 0.",
        )
    if step.offset_percent <= -100:
        yield FieldProblem(
            f"{place}.offset_percent",
            "step_before_start",
            "A step must come after the start: give a percent above -100.",
        )
    if step.offset_percent > LATEST_PERCENT:
        yield FieldProblem(
            f"{place}.offset_percent", "step_too_late", f"Give at most {LATEST_PERCENT} percent."
        )
    if step.action not in (*TOLD, *MOVES):
        known = ", ".join((*TOLD, *MOVES))
        yield FieldProblem(f"{place}.action", "action_unknown", f"Choose one of: {known}.")
    unknown = set(step.recipients) - RECIPIENTS
    # A move tells those whom it concerns, whoever else is named.
    if unknown or (step.action in TOLD and not step.recipients):
        known = ", ".join(sorted(RECIPIENTS))
        yield FieldProblem(
            f"{place}.recipients", "recipients_unknown", f"Name one or more of: {known}."
        )


def _move_problems(place: str, step: StepSpec, kind: str) -> Iterator[FieldProblem]:
    if step.action not in MOVES:
        return
    if kind not in MOVES[step.action]:
        yield FieldProblem(f"{place}.action", "move_misplaced", MISPLACED[step.action])
    if step.offset_percent < 0:
        yield FieldProblem(
            f"{place}.offset_percent",
            "move_before_due",
            "A move must come at the due time or after it: give a percent of 0 or more.",
        )
