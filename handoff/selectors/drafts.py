"""What a draft still lacks, in words."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.errors import FieldProblem
from handoff.choices import LegEnd, RejectReason
from handoff.models import Handoff, Leg
from handoff.rules.form import RECOMMENDED, Form
from handoff.rules.gate import WEIGHTS, completeness, gate_problems
from handoff.rules.values import check_answer, is_empty
from handoff.selectors.lists import in_sentence
from handoff.selectors.story import clock_time


@dataclass(frozen=True, slots=True)
class Lack:
    """A field that lacks its answer.

    ``words`` say why what stands there does not count, or what an answer would add in percent;
    they are empty where nothing stands there.
    """

    key: str
    label: str
    words: str


@dataclass(frozen=True, slots=True)
class Part:
    """A section's name and how many of its required and recommended fields are answered."""

    key: str
    title: str
    filled: int
    total: int


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a draft is: percent, what keeps it from being handed off, what would help."""

    percent: int
    missing: tuple[Lack, ...]
    helpful: tuple[Lack, ...]
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Rejection:
    """What the receiver said when a handoff came back."""

    handoff: Handoff
    receiver: str
    reason: str
    note: str
    when: str
    fields: tuple[str, ...]


def progress(form: Form, answers: Mapping[str, Any], *, marked: Collection[str] = ()) -> Progress:
    """How far these answers are; ``marked`` are the fields that a receiver wants answered."""
    problems = gate_problems(form, answers, marked=marked)
    stopped = {problem.field for problem in problems}
    total = sum(WEIGHTS[field.need] for field in form.fields()) or 1
    helpful = [
        Lack(field.key, field.label, f"+{100 * WEIGHTS[field.need] // total} %")
        for field in form.fields()
        if field.need == RECOMMENDED
        and field.key not in stopped
        and is_empty(answers.get(field.key))
    ]
    return Progress(
        percent=completeness(form, answers),
        missing=tuple(_lack(form, problem) for problem in problems),
        helpful=tuple(helpful),
        parts=tuple(_parts(form, answers)),
    )


def _lack(form: Form, problem: FieldProblem) -> Lack:
    field = form.get(problem.field)
    label = field.label if field else problem.field
    return Lack(problem.field, label, "" if problem.code == "required" else problem.message)


def _parts(form: Form, answers: Mapping[str, Any]) -> list[Part]:
    parts = []
    for section in form.sections:
        wanted = [field for field in section.fields if WEIGHTS[field.need]]
        filled = sum(check_answer(field, answers.get(field.key)) is None for field in wanted)
        parts.append(Part(section.key, section.title, filled, len(wanted)))
    return parts


def labels_of(form: Form, keys: Collection[str]) -> tuple[str, ...]:
    """The names of these fields in the order of the form."""
    return tuple(field.label for field in form.fields() if field.key in keys)


def rejection_of(row: Handoff, *, now: datetime) -> Rejection | None:
    """How this handoff was last sent back to its submitter, or None where it never was."""
    leg = (
        Leg.objects.filter(handoff_id=row.pk, ended_as=LegEnd.REJECTED)
        .select_related("receiver")
        .order_by("-pk")
        .first()
    )
    if leg is None or leg.ended_at is None:
        return None
    return Rejection(
        handoff=row,
        receiver=leg.receiver.name,
        reason=in_sentence(RejectReason(leg.reason).label),
        note=leg.note,
        when=clock_time(leg.ended_at, now=now),
        fields=tuple(leg.rejected_fields),
    )
