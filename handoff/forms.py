"""The forms of the handoff pages: shape only. What may be kept or done is said by the services."""

import json
import uuid
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.http import QueryDict

from core.admin import add_problems
from core.errors import DomainError, FieldProblem
from handoff.choices import ClosedAs, RejectReason, Temperature
from handoff.models import Handoff, HandoffType
from handoff.rules.form import OPTIONAL, Form, FormField
from handoff.rules.kinds import options_of, split_time, stored_time
from handoff.rules.placeholders import STATE, TEXT
from handoff.rules.transitions import NEEDS_FIELDS
from handoff.rules.values import MAX_LINES, is_empty
from handoff.selectors.detail import answer_lines
from handoff.selectors.drafts import condition_words

MARKED = "marked"
LARGEST_VERSION = 2**31 - 1
REASON_WORDS = {
    RejectReason.MISSING_INFORMATION: "I cannot start without it",
    RejectReason.WRONG_ICP: "the company does not fit",
    RejectReason.NO_REAL_INTEREST: "the buyer did not ask for this",
    RejectReason.NO_BUDGET: "asked, and there is none",
    RejectReason.WRONG_CONTACT: "cannot decide or lead us there",
    RejectReason.DUPLICATE: "already handed off",
    RejectReason.CONFLICT: "another owner, or an opportunity exists; it goes to the next receiver",
}


_QUIET = {"autocomplete": "off"}
_WIDGETS: dict[str, tuple[type[forms.Widget], dict[str, Any]]] = {
    "text": (forms.TextInput, _QUIET),
    "long_text": (forms.Textarea, {"rows": 3}),
    "lines": (forms.Textarea, {"rows": MAX_LINES}),
    "integer": (forms.TextInput, {**_QUIET, "inputmode": "numeric"}),
    "email": (forms.EmailInput, _QUIET),
    "phone": (forms.TextInput, {**_QUIET, "type": "tel"}),
    "url": (forms.TextInput, {**_QUIET, "type": "url", "placeholder": "https://"}),
    "money": (forms.TextInput, {**_QUIET, "placeholder": "40,000 to 55,000 EUR"}),
    "date": (forms.DateInput, {"type": "date"}),
    "datetime": (forms.TextInput, {"type": "datetime-local"}),
}
_WIDE = frozenset({"long_text", "lines", "multi", "datetime"})
# Beside the input of an answer: which part of it is known, and in which zone its time is.
STATE_INPUT, ZONE_INPUT = "__state", "__zone"
ZONES = "zones"


class _AsTyped(forms.Field):
    """Whatever was typed; the services read it, so that every surface refuses the same."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, **kwargs)


@dataclass(frozen=True, slots=True)
class Question:
    """A field of the form to draw; ``home`` is its section, wherever it is drawn.

    ``condition`` says in words when it is asked; ``rule`` says it for the page's script.
    """

    asked: FormField
    home: str
    field: forms.BoundField
    state: forms.BoundField | None
    zone: forms.BoundField | None
    is_marked: bool
    condition: str
    rule: str

    @property
    def need(self) -> str:
        return "" if self.asked.need == OPTIONAL else self.asked.need

    @property
    def is_wide(self) -> bool:
        return self.asked.kind in _WIDE or self.state is not None


@dataclass(frozen=True, slots=True)
class QuestionGroup:
    """A section of the form to draw."""

    key: str
    title: str
    questions: tuple[Question, ...]


class DraftForm(forms.Form):
    """The questions of one form version, named by their keys, with what was answered or typed."""

    def __init__(
        self,
        layout: Form,
        typed: Mapping[str, Any],
        *,
        marked: Collection[str] = (),
    ) -> None:
        self.layout = layout
        self.marked = frozenset(marked)
        super().__init__(typed)
        for question in layout.fields():
            self._add(question, typed)
        self.fields["temperature"] = _AsTyped(
            label="Temperature",
            help_text="That of a known lead can be raised; lowering it takes a manager.",
            widget=forms.RadioSelect(choices=Temperature.choices),
        )

    def _add(self, question: FormField, typed: Mapping[str, Any]) -> None:
        stored = typed.get(question.key)
        self.fields[question.key] = _AsTyped(
            label=question.label,
            help_text=question.help,
            widget=_widget(question, stored if isinstance(stored, str) else ""),
        )
        if question.partial:
            states = [("", "Known"), *((state, state) for state in question.partial)]
            self.fields[question.key + STATE_INPUT] = _AsTyped(
                label=f"{question.label}: how much is known",
                widget=forms.RadioSelect(choices=states),
            )
        if question.kind == "datetime":
            self.fields[question.key + ZONE_INPUT] = _AsTyped(
                label="Time zone",
                widget=forms.TextInput(attrs={**_QUIET, "list": ZONES, "spellcheck": "false"}),
            )

    @classmethod
    def of_answers(
        cls,
        layout: Form,
        answers: Mapping[str, Any],
        *,
        temperature: str,
        marked: Collection[str] = (),
        zone: str = "",
    ) -> "DraftForm":
        """The form with stored answers in it; times without a zone yet begin with ``zone``."""
        typed: dict[str, Any] = {"temperature": temperature}
        for field in layout.fields():
            value = answers.get(field.key)
            state = value.get(STATE) if isinstance(value, dict) else ""
            if field.kind == "datetime":
                value, named = split_time(value)
                typed[field.key + ZONE_INPUT] = named or zone
            typed[field.key] = value if field.kind == "multi" else _as_text(value)
            typed[field.key + STATE_INPUT] = state
        return cls(layout, typed, marked=marked)

    def answers(self) -> dict[str, Any]:
        """What was typed, by key; a question that was not sent is left out."""
        return {
            field.key: self._typed(field)
            for field in self.layout.fields()
            if field.key in self.data
        }

    def _typed(self, field: FormField) -> Any:
        if field.kind == "multi":
            return self[field.key].data or []
        text = str(self.data[field.key])
        if field.kind == "datetime":
            return stored_time(text, str(self.data.get(field.key + ZONE_INPUT, "")))
        state = str(self.data.get(field.key + STATE_INPUT) or "")
        return {STATE: state, TEXT: text} if field.partial and state else text

    @property
    def temperature(self) -> str | None:
        return self.data.get("temperature") or None

    @property
    def zones(self) -> list[str]:
        """What the input of a time zone suggests."""
        has_times = any(field.kind == "datetime" for field in self.layout.fields())
        return [name for name in sorted(available_timezones()) if "/" in name] if has_times else []

    def groups(self) -> Iterator[QuestionGroup]:
        """What a receiver marked comes first; the rest stays in its sections."""
        marked = [field for field in self.layout.fields() if field.key in self.marked]
        if marked:
            title = "1 marked field" if len(marked) == 1 else f"{len(marked)} marked fields"
            yield QuestionGroup(MARKED, title, tuple(map(self._question, marked)))
        for part in self.layout.sections:
            rest = [field for field in part.fields if field.key not in self.marked]
            if rest:
                yield QuestionGroup(part.key, part.title, tuple(map(self._question, rest)))

    def _question(self, field: FormField) -> Question:
        home = next(part.key for part in self.layout.sections if field in part.fields)
        extra = {name: field.key + name for name in (STATE_INPUT, ZONE_INPUT)}
        rule = field.only_if
        return Question(
            asked=field,
            home=home,
            field=self[field.key],
            state=self[extra[STATE_INPUT]] if extra[STATE_INPUT] in self.fields else None,
            zone=self[extra[ZONE_INPUT]] if extra[ZONE_INPUT] in self.fields else None,
            is_marked=field.key in self.marked,
            condition=condition_words(self.layout, rule) if rule else "",
            rule=json.dumps(rule.to_data()) if rule else "",
        )

    def refuse(self, error: DomainError, *, also: Iterable[FieldProblem] = ()) -> "DraftForm":
        """The same form with what a service refused beside the fields that it names.

        ``also`` is what would be refused next: a field that is named already is not named twice.
        """
        self.full_clean()
        add_problems(self, error)
        named = {problem.field for problem in error.problems}
        for problem in also:
            if problem.field not in named:
                name = problem.field if problem.field in self.fields else None
                self.add_error(name, problem.message)
        return self


def _as_text(value: object) -> str:
    if is_empty(value):
        return ""
    if isinstance(value, dict):
        return str(value.get(TEXT) or "")
    if isinstance(value, list):
        return "\n".join(str(item) for item in value)
    return str(value)


def _widget(field: FormField, stored: str) -> forms.Widget:
    if field.kind == "multi":
        return forms.CheckboxSelectMultiple(choices=[(item, item) for item in field.options])
    if field.kind in {"choice", "yes_no"}:
        return forms.Select(choices=_options(field, stored))
    make, attributes = _WIDGETS.get(field.kind, _WIDGETS["text"])
    return make(attrs=dict(attributes))


def _options(field: FormField, stored: str) -> Sequence[tuple[str, str]]:
    """The answers of a choice. One that is stored and no longer offered stays to be seen."""
    known = options_of(field)
    offered = [("", "Choose"), *((option, option) for option in known)]
    if stored and stored not in known:
        offered.append((stored, stored))
    return offered


class ActForm(forms.Form):
    """What every change carries: the state that the person saw."""

    version = forms.IntegerField(min_value=1, max_value=LARGEST_VERSION, widget=forms.HiddenInput)


class NewForm(forms.Form):
    """What begins a draft besides its answers; the key makes a form sent twice one draft.

    ``form`` is the number of the form version that the person sees.
    """

    submission_uuid = forms.UUIDField(widget=forms.HiddenInput)
    type = forms.SlugField(widget=forms.HiddenInput)
    lead = forms.IntegerField(
        required=False, min_value=1, max_value=2**63 - 1, widget=forms.HiddenInput
    )
    form = forms.IntegerField(
        required=False, min_value=1, max_value=LARGEST_VERSION, widget=forms.HiddenInput
    )

    @classmethod
    def begin(cls, *, type_: HandoffType, lead_id: int | None) -> "NewForm":
        shown = type_.current_form.n if type_.current_form else None
        return cls(
            initial={
                "submission_uuid": uuid.uuid4(),
                "type": type_.key,
                "lead": lead_id,
                "form": shown,
            }
        )


@dataclass(frozen=True, slots=True)
class Reason:
    """A reject reason to choose: its name and what it says."""

    value: str
    label: str
    words: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Markable:
    """A field that a receiver may mark as missing, with its answer as it is."""

    key: str
    label: str
    answer: str
    is_marked: bool


class RejectForm(ActForm):
    """Why the handoff goes back; the fields count for missing information only."""

    reason = _AsTyped(label="Reason", widget=forms.RadioSelect(choices=RejectReason.choices))
    fields_missing = _AsTyped(label="Which fields?", widget=forms.SelectMultiple)
    note = _AsTyped(label="Note", widget=forms.Textarea(attrs={"rows": 3}))

    def __init__(self, row: Handoff, data: QueryDict | None = None) -> None:
        super().__init__(data, initial={"version": row.version})
        self.layout = Form.from_layout(row.form_version.layout)
        self.handed_off = row.answers
        self.marked = frozenset(data.getlist("fields_missing") if data else ())
        self.fields["note"].label = f"Note to {row.submitted_by.name}"
        self.fields["note"].help_text = "One sentence is enough."

    @property
    def chosen(self) -> str:
        return str(self.data.get("reason", ""))

    def marked_fields(self) -> list[str]:
        """The marked fields where the reason is one that marks fields; else the box is hidden."""
        return sorted(self.marked) if self.chosen in NEEDS_FIELDS else []

    def reasons(self) -> list[Reason]:
        return [
            Reason(value, str(label), REASON_WORDS[RejectReason(value)], value == self.chosen)
            for value, label in RejectReason.choices
        ]

    def markable(self) -> list[Markable]:
        """Every field that was asked; those without an answer first."""
        found = [self._markable(field) for field in self.layout.asked(self.handed_off)]
        return sorted(found, key=lambda item: item.answer != "")

    def _markable(self, field: FormField) -> Markable:
        answer = "; ".join(answer_lines(field, self.handed_off.get(field.key)))
        return Markable(field.key, field.label, answer, field.key in self.marked)

    def refuse(self, error: DomainError) -> "RejectForm":
        """The same form with what the service refused beside what it names."""
        self.full_clean()
        for problem in error.problems:
            name = "fields_missing" if problem.field == "fields" else problem.field
            # The names that a program would send mean nothing to who sees the choices in words.
            message = "Choose a reason." if name == "reason" else problem.message
            self.add_error(name if name in self.fields else None, message)
        return self


class ConcedeForm(ActForm):
    """What becomes of the lead when the submitter accepts the rejection."""

    to = forms.ChoiceField(
        label="What becomes of the lead?",
        choices=[
            (ClosedAs.CONCEDED.value, "Conceded: the receiver is right, and this is the end of it"),
            (ClosedAs.NURTURE.value, "Back to nurture: not now, perhaps later"),
        ],
        initial=ClosedAs.CONCEDED.value,
        widget=forms.RadioSelect,
        error_messages={"required": "Choose what becomes of the lead."},
    )
