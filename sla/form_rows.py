"""The parts of a policy's form that come several times: conditions, steps, targets."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from math import inf
from typing import Any

from django import forms

from core import vocabulary
from core.conditions import COMPARISONS, FIELD_LABELS, FIELDS, LISTS, WITHOUT_VALUE, Kind
from core.sentences import OPERATOR_WORDS
from sla.choices import Unit
from sla.rules.ladder import ACTION_WORDS, ALWAYS_TOLD, percent_of
from sla.rules.targets import MOVES, NOTIFY_CHANNEL, TOLD, StepSpec, TargetSpec

MOST_ROWS = 12
HOURS, MINUTES = 60, 1
# On which side of due a step comes, and what its distance is counted in: the sign, and whether
# it is percents.
SIDES: dict[str, tuple[str, int, bool]] = {
    "before": ("% before due", -1, True),
    "after": ("% after due", 1, True),
    "minutes_before": ("min before due", -1, False),
    "minutes_after": ("min after due", 1, False),
}
# A number with more digits is a slip of the hand; how far a step may be is said by the rules.
LONGEST_DISTANCE = 999_999

# As people say a length: a word, the stored unit, and how many of it one is.
LENGTHS: dict[str, tuple[str, str, int]] = {
    "hours": ("working hours", Unit.WORKING_MINUTES.value, HOURS),
    "minutes": ("working minutes", Unit.WORKING_MINUTES.value, MINUTES),
    "days": ("working days", Unit.WORKING_DAYS.value, 1),
    "elapsed_hours": ("hours around the clock", Unit.ELAPSED_MINUTES.value, HOURS),
    "elapsed_minutes": ("minutes around the clock", Unit.ELAPSED_MINUTES.value, MINUTES),
}
PEOPLE = (
    ("receiver", "Receiver"),
    ("owner", "Owner"),
    ("submitter", "Submitter"),
    ("manager", "Manager"),
    ("senior", "Senior receiver"),
)


class ConditionForm(forms.Form):
    """One condition; a row without a field is none."""

    fact = forms.ChoiceField(
        label="Fact", choices=[("", "Choose"), *FIELD_LABELS.items()], required=False
    )
    op = forms.ChoiceField(
        label="Comparison", choices=list(OPERATOR_WORDS.items()), initial="eq", required=False
    )
    value = forms.CharField(
        label="Value",
        max_length=300,
        required=False,
        widget=forms.TextInput(attrs={"list": "policy-values", "autocomplete": "off"}),
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        fact, text = cleaned.get("fact", ""), cleaned.get("value", "")
        op = cleaned.get("op") or "eq"
        if fact and op in WITHOUT_VALUE:
            if text:
                message = f"Leave this empty where the fact {OPERATOR_WORDS[op]}."
                self.add_error("value", message)
            cleaned["condition"] = {"field": fact, "op": op}
        elif bool(fact) != bool(text):
            field = "value" if fact else "fact"
            self.add_error(field, "Fill in both, or take the condition out.")
        elif fact:
            cleaned["condition"] = {"field": fact, "op": op, "value": self._value(fact, op, text)}
        return cleaned

    def _value(self, fact: str, op: str, text: str) -> Any:
        if op in LISTS:
            parts = [part.strip() for part in text.split(",") if part.strip()]
            return [self._one(fact, op, part) for part in parts]
        return self._one(fact, op, text)

    def _one(self, fact: str, op: str, text: str) -> Any:
        if FIELDS[fact] is Kind.NUMBER or op in COMPARISONS:
            if re.fullmatch(r"-?[0-9]{1,12}", text):
                return int(text)
            self.add_error("value", f"Write a whole number, not '{text}'.")
            return text
        known = vocabulary.choices().get(fact)
        if known is None:
            return text
        for value, label in known.items():
            if text.lower() in (value.lower(), label.lower()):
                return value
        words = ", ".join(known.values())
        self.add_error("value", f"'{text}' is not known here. Write one of: {words}.")
        return text


class StepForm(forms.Form):
    """One step of a ladder; a row without an action is none."""

    distance = forms.IntegerField(
        label="When", required=False, min_value=0, max_value=LONGEST_DISTANCE
    )
    side = forms.ChoiceField(
        label="Before or after due",
        choices=[(name, words) for name, (words, *_) in SIDES.items()],
        initial="before",
        required=False,
    )
    action = forms.ChoiceField(label="What happens", required=False)
    told = forms.MultipleChoiceField(
        label="Who is told",
        choices=PEOPLE,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args: Any, kind: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        moves = [move for move, of in MOVES.items() if kind in of]
        self.actions = [*TOLD, NOTIFY_CHANNEL, *moves]
        self.fields["action"].choices = [  # type: ignore[attr-defined]  # a choice field
            ("", "Choose"),
            *((name, ACTION_WORDS[name]) for name in self.actions),
        ]

    def always_told(self) -> list[tuple[str, str]]:
        """Who hears of it by those actions that ask for nobody."""
        return [(name, ALWAYS_TOLD[name]) for name in self.actions if name not in TOLD]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        distance, action = cleaned.get("distance"), cleaned.get("action")
        if action and distance is None and "distance" not in self.errors:
            self.add_error("distance", "Say when: a percent of the target, or minutes.")
        elif distance is not None and not action and "action" not in self.errors:
            self.add_error("action", "Say what happens, or take the step out.")
        elif action and distance is not None:
            told = cleaned.get("told", ()) if action in TOLD else ()
            cleaned["step"] = step_of(distance, cleaned.get("side") or "before", action, told)
        return cleaned


def step_of(distance: int, side: str, action: str, told: Iterable[str]) -> StepSpec:
    """The step that a row says."""
    _, sign, is_percent = SIDES[side]
    n = sign * distance
    return StepSpec(
        n if is_percent else None, action, tuple(told), offset_minutes=None if is_percent else n
    )


def row_of(step: StepSpec) -> dict[str, Any]:
    """The row that says the step."""
    is_percent = step.offset_percent is not None
    n = (step.offset_percent if is_percent else step.offset_minutes) or 0
    side = next(
        name
        for name, (_, sign, in_percent) in SIDES.items()
        if in_percent == is_percent and (sign < 0) == (n < 0)
    )
    return {
        "distance": abs(n),
        "side": side,
        "action": step.action,
        "told": list(step.recipients),
    }


ConditionRows = forms.formset_factory(
    ConditionForm, extra=0, can_delete=True, max_num=MOST_ROWS, absolute_max=MOST_ROWS * 2
)
StepRows = forms.formset_factory(
    StepForm, extra=0, can_delete=True, max_num=MOST_ROWS, absolute_max=MOST_ROWS * 2
)


class TargetForm(forms.Form):
    """How long one kind of clock may run; without an amount there is no such clock."""

    amount = forms.IntegerField(label="Within", required=False, min_value=1, max_value=600_000)
    length = forms.ChoiceField(
        label="Unit", choices=[(name, words) for name, (words, *_) in LENGTHS.items()]
    )


@dataclass(slots=True)
class TargetPart:
    """One kind of clock on the page: its target and the rows of its ladder."""

    kind: str
    label: str
    help: str
    form: TargetForm
    rows: Any

    def is_valid(self) -> bool:
        return bool(self.form.is_valid()) & bool(self.rows.is_valid())

    def step_forms(self) -> list[StepForm]:
        """The rows that say something and are not taken out, in their order."""
        return [
            row
            for row in self.rows.forms
            if not self.rows._should_delete_form(row) and "step" in cleaned_of(row)
        ]

    def ordered(self) -> list[StepForm]:
        """All rows by when their steps come; those that say nothing yet are the last."""
        rows: list[StepForm] = list(self.rows.forms)
        spec = self.spec()
        if spec is None:
            return rows
        steps = (cleaned_of(row).get("step") for row in rows)
        places = [inf if step is None else percent_of(step.offset, spec) for step in steps]
        return [row for _, row in sorted(zip(places, rows, strict=True), key=lambda one: one[0])]

    def spec(self) -> TargetSpec | None:
        amount = cleaned_of(self.form).get("amount")
        length = cleaned_of(self.form).get("length")
        if amount is None or length is None:
            return None
        _, unit, factor = LENGTHS[length]
        steps = tuple(row.cleaned_data["step"] for row in self.step_forms())
        return TargetSpec(self.kind, amount * factor, unit, steps)


def cleaned_of(form: forms.Form) -> dict[str, Any]:
    return getattr(form, "cleaned_data", None) or {}
