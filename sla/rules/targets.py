"""What a policy promises: how long a clock may run, and the ladder of steps around its due time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from core.errors import FieldProblem

WORKING_MINUTES = "working_minutes"
ELAPSED_MINUTES = "elapsed_minutes"
WORKING_DAYS = "working_days"

REMIND = "remind"
BREACH = "breach"
ALERT_MANAGER = "alert_manager"
NOTIFY_CHANNEL = "notify_channel"
REASSIGN = "reassign"
RETURN_TO_SUBMITTER = "return_to_submitter"
TO_NURTURE = "to_nurture"

# A move answers certain misses: only a leg goes to the backup, only the buyer's clock returns.
MOVES = {
    REASSIGN: frozenset({"accept", "contact_leg"}),
    RETURN_TO_SUBMITTER: frozenset({"contact"}),
    TO_NURTURE: frozenset({"contact"}),
}
MISPLACED = {
    REASSIGN: "Only the ladders of accept and of contact by the receiver pass a lead on.",
    RETURN_TO_SUBMITTER: "Only the ladder of first contact returns a lead to the submitter.",
    TO_NURTURE: "Only the ladder of first contact gives a lead back to nurture.",
}
TOLD = (REMIND, ALERT_MANAGER)
ACTIONS = (*TOLD, NOTIFY_CHANNEL, *MOVES)

RECIPIENTS = frozenset({"receiver", "owner", "submitter", "manager", "senior"})

# A year at most: longer promises are typing errors, and search far into a calendar.
MOST = {WORKING_MINUTES: 366 * 24 * 60, ELAPSED_MINUTES: 366 * 24 * 60, WORKING_DAYS: 366}
LATEST_PERCENT = 1_000
# A month around the clock; nobody still waits for a step later than that.
LATEST_MINUTES = 31 * 24 * 60
DAY_MINUTES = 24 * 60

# How far from due a step comes: percents of the target's length, or a length of the time that
# counts; negative before due.
Offset = int | timedelta


def offset_of(percent: int | None, minutes: int | None) -> Offset:
    """The offset of a step that has one of the two; at due it is 0, however it was written."""
    if minutes is None:
        return percent or 0
    return timedelta(minutes=minutes) if minutes else 0


@dataclass(frozen=True, slots=True)
class StepSpec:
    """A rung, so far from due: `offset_percent` of the target's length, or else `offset_minutes`
    of the time that counts for the target. Either is negative before due.
    """

    offset_percent: int | None
    action: str
    recipients: tuple[str, ...]
    offset_minutes: int | None = None

    @property
    def offset(self) -> Offset:
        return offset_of(self.offset_percent, self.offset_minutes)


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
                StepSpec(
                    step["offset_percent"],
                    step["action"],
                    tuple(step["recipients"]),
                    # Older drafts know of percents only.
                    step.get("offset_minutes"),
                )
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
    rungs = Counter((step.offset, step.action) for step in target.steps)
    for (offset, action), count in rungs.items():
        if count > 1:
            yield FieldProblem(
                f"{place}.steps", "step_twice", f"Keep one step {action} {offset_words(offset)}."
            )
    for index, step in enumerate(target.steps):
        here = f"{place}.steps[{index}]"
        yield from _offset_problems(here, step, target)
        yield from _action_problems(here, step)
        yield from _move_problems(here, step, target.kind)


def offset_words(offset: Offset) -> str:
    """The offset as the form asks for it: "at 25 % before due", "at 30 min after due"."""
    if not offset:
        return "at the due time"
    if isinstance(offset, int):
        return f"at {abs(offset)} % {'before' if offset < 0 else 'after'} due"
    minutes = abs(offset) // timedelta(minutes=1)
    return f"at {minutes} min {'before' if offset < timedelta() else 'after'} due"


def is_before_due(offset: Offset) -> bool:
    return offset < 0 if isinstance(offset, int) else offset < timedelta()


def _offset_problems(place: str, step: StepSpec, target: TargetSpec) -> Iterator[FieldProblem]:
    if (step.offset_percent is None) == (step.offset_minutes is None):
        yield FieldProblem(
            f"{place}.offset_percent", "offset_unclear", "Say when: in percent or in minutes."
        )
        return
    field = f"{place}.{'offset_minutes' if step.offset_percent is None else 'offset_percent'}"
    if step.action == REMIND and not is_before_due(step.offset):
        yield FieldProblem(
            field,
            "reminder_not_before_due",
            "A reminder must come before the due time.",
        )
    if step.action in MOVES and is_before_due(step.offset):
        yield FieldProblem(
            field, "move_before_due", "A move must come at the due time or after it."
        )
    if _is_before_start(step, target):
        yield FieldProblem(
            field, "step_before_start", "A step must come after the start of the clock."
        )
    if step.offset_percent is not None and step.offset_percent > LATEST_PERCENT:
        yield FieldProblem(field, "step_too_late", f"Give at most {LATEST_PERCENT} percent.")
    if step.offset_minutes is not None and step.offset_minutes > LATEST_MINUTES:
        yield FieldProblem(field, "step_too_late", f"Give at most {LATEST_MINUTES} minutes.")


def _is_before_start(step: StepSpec, target: TargetSpec) -> bool:
    """Of a target in days only what is before every start: how long its days are differs."""
    if step.offset_percent is not None:
        return step.offset_percent <= -100
    length = target.amount * DAY_MINUTES if target.unit == WORKING_DAYS else target.amount
    return -(step.offset_minutes or 0) >= length


def _action_problems(place: str, step: StepSpec) -> Iterator[FieldProblem]:
    if step.action not in ACTIONS:
        yield FieldProblem(
            f"{place}.action", "action_unknown", f"Choose one of: {', '.join(ACTIONS)}."
        )
    unknown = set(step.recipients) - RECIPIENTS
    # A move tells those whom it concerns and a channel all who read it, whoever else is named.
    if unknown or (step.action in TOLD and not step.recipients):
        known = ", ".join(sorted(RECIPIENTS))
        yield FieldProblem(
            f"{place}.recipients", "recipients_unknown", f"Name one or more of: {known}."
        )


def _move_problems(place: str, step: StepSpec, kind: str) -> Iterator[FieldProblem]:
    if step.action in MOVES and kind not in MOVES[step.action]:
        yield FieldProblem(f"{place}.action", "move_misplaced", MISPLACED[step.action])
