"""What a draft still lacks, in words."""

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, tzinfo
from typing import Any

from core.errors import FieldProblem
from handoff.choices import EventKind, LegEnd, RejectReason
from handoff.models import Event, FormVersion, Handoff, HandoffType, Leg
from handoff.rules.form import FILLED, RECOMMENDED, Condition, Form
from handoff.rules.gate import WEIGHTS, completeness, gate_problems, halves
from handoff.rules.values import is_empty
from handoff.selectors.lists import in_sentence
from handoff.selectors.story import clock_time
from sla.choices import ClockKind
from sla.models import Clock
from sla.selectors import ClockView, clock_view

NAMED = 4


@dataclass(frozen=True, slots=True)
class Lack:
    """A field that lacks its answer.

    ``words`` say why what stands there does not count, what to write where nothing stands there,
    or what an answer would add in percent. ``is_empty``: nothing stands there.
    """

    key: str
    label: str
    words: str
    is_empty: bool = True


@dataclass(frozen=True, slots=True)
class Part:
    """A section's name and how many of its required and recommended fields are answered."""

    key: str
    title: str
    filled: int
    total: int

    @property
    def words(self) -> str:
        return "complete" if self.filled == self.total else f"{self.filled} of {self.total} filled"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a draft is: percent, what keeps it from being handed off, what would help."""

    percent: int
    missing: tuple[Lack, ...]
    helpful: tuple[Lack, ...]
    parts: tuple[Part, ...]

    @property
    def sentence(self) -> str:
        """What is still missing, as people say it."""
        if not self.missing:
            return "Ready to hand off."
        named = [in_sentence(lack.label) for lack in self.missing[:NAMED]]
        rest = len(self.missing) - len(named)
        more = f" and {rest} more" if rest else ""
        return f"Still missing: {', '.join(named)}{more}."


@dataclass(frozen=True, slots=True)
class Rejection:
    """What the receiver said when a handoff came back."""

    handoff: Handoff
    receiver: str
    reason: str
    note: str
    when: str
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Return:
    """Why a handoff was taken from its receiver and given back to its submitter."""

    receiver: str
    note: str
    when: str


def progress(form: Form, answers: Mapping[str, Any], *, marked: Collection[str] = ()) -> Progress:
    """How far these answers are; ``marked`` are the fields that a receiver wants answered."""
    problems = gate_problems(form, answers, marked=marked)
    stopped = {problem.field for problem in problems}
    asked = form.asked(answers)
    total = sum(WEIGHTS[field.need] for field in asked) or 1
    helpful = [
        Lack(field.key, field.label, f"+{100 * WEIGHTS[field.need] // total} %")
        for field in asked
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
    if field is None:
        return Lack(problem.field, problem.field, problem.message, is_empty=False)
    if problem.code == "required":
        return Lack(field.key, field.label, field.help)
    return Lack(field.key, field.label, problem.message, is_empty=False)


def _parts(form: Form, answers: Mapping[str, Any]) -> list[Part]:
    parts = []
    asked = {field.key for field in form.asked(answers)}
    for section in form.sections:
        wanted = [f for f in section.fields if WEIGHTS[f.need] and f.key in asked]
        filled = sum(halves(field, answers.get(field.key)) > 0 for field in wanted)
        parts.append(Part(section.key, section.title, filled, len(wanted)))
    return parts


def condition_words(form: Form, rule: Condition) -> str:
    """When a field is asked, for somebody who reads the form on paper or without its script."""
    other = form.get(rule.field)
    label = other.label if other else rule.field
    if rule.op == FILLED:
        return f"Only where \u201c{label}\u201d is answered."
    return f"Only where \u201c{label}\u201d is: {' or '.join(rule.values)}."


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


def return_of(row: Handoff, *, now: datetime) -> Return | None:
    """How this handoff was returned from somebody who had it, or None where it was not."""
    leg = (
        Leg.objects.filter(handoff_id=row.pk, ended_as=LegEnd.RETURNED)
        .select_related("receiver")
        .order_by("-pk")
        .first()
    )
    if leg is None or leg.ended_at is None:
        return None
    return Return(leg.receiver.name, leg.note, clock_time(leg.ended_at, now=now))


def form_seen(type_: HandoffType, n: int | None) -> FormVersion | None:
    """The version of the type's form that a page showed; the present one where it does not say."""
    current = type_.current_form
    if n is None or (current is not None and current.n == n):
        return current
    return type_.forms.filter(n=n).first() or current


def filled_in(row: Handoff) -> frozenset[str]:
    """What was not typed when the draft was begun, but known of its lead and company."""
    begun = Event.objects.filter(handoff_id=row.pk, kind=EventKind.DRAFTED).order_by("seq")
    data = begun.values_list("data", flat=True).first() or {}
    return frozenset(data.get("filled_in", ()))


def newer_form(row: Handoff) -> int | None:
    """The number of the form that new handoffs of the type use, where the draft keeps another."""
    current = row.type.current_form
    return current.n if current is not None and current.pk != row.form_version_id else None


def progress_data(shown: Progress) -> dict[str, Any]:
    """How far a draft is, for a page that shows it live."""
    return {**asdict(shown), "sentence": shown.sentence}


def hand_off_clock(row: Handoff, *, now: datetime, zone: tzinfo) -> ClockView | None:
    """Until when the draft is to be handed off; None where no policy says."""
    clock = (
        Clock.objects.with_view()
        .filter(
            handoff_clock__handoff_id=row.pk,
            handoff_clock__kind=ClockKind.HAND_OFF,
            handoff_clock__is_current=True,
        )
        .first()
    )
    return clock_view(clock, now=now, zone=zone) if clock else None
