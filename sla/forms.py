"""A policy as people write it: conditions as sentences, targets with a unit, ladders as rows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from django import forms
from django.utils.text import slugify

from core.errors import FieldProblem
from core.fields import LocalDateTimeField
from sla.choices import ClockKind
from sla.form_rows import (
    LENGTHS,
    ConditionForm,
    ConditionRows,
    StepRows,
    TargetForm,
    TargetPart,
    cleaned_of,
    row_of,
    step_of,
)
from sla.impact import name_of, targets_of
from sla.models import PolicyVersion
from sla.rules.ladder import in_order
from sla.rules.presets import PRESETS
from sla.rules.targets import BREACH, TargetSpec
from sla.services.policies import policy_problems
from worktime.forms import KeepsCalendar
from worktime.models import Calendar

LONGEST_KEY = 60
KIND_HELP = {
    ClockKind.HAND_OFF: "For the submitter: from a draft to handing it off.",
    ClockKind.ACCEPT: "For each receiver: from getting the lead to accepting or rejecting it.",
    ClockKind.CONTACT: "For the buyer: from the handoff to the first real contact.",
    ClockKind.CONTACT_LEG: (
        "For each receiver: from getting the lead to their own first real contact. Due with the "
        "first contact, or after a quarter of this for whoever got the lead late. Its ladder "
        "counts from the second receiver on; before, that of the first contact does."
    ),
    ClockKind.NEXT_STEP: "For the receiver: from accepting to a dated next step.",
    ClockKind.BOOKING: "For the receiver: from accepting to a booked meeting with the buyer.",
    ClockKind.SECOND_MEETING: "For the buyer: from the handoff to the second meeting held.",
}
# Where in a row of a ladder a problem is shown.
_ROW = {
    "offset_percent": "distance",
    "offset_minutes": "distance",
    "action": "action",
    "recipients": "told",
}
_PLACE = re.compile(r"targets\[(\d+)\](?:\.steps\[(\d+)\])?\.?(\w*)")


class PresetForm(forms.Form):
    name = forms.ChoiceField(label="Set", choices=[(name, name) for name in PRESETS])


class DraftForm(forms.Form):
    """Which draft was looked at: how often it had been saved by then."""

    saves = forms.IntegerField(min_value=1, max_value=2_000_000_000, widget=forms.HiddenInput)


class PolicyForm(KeepsCalendar):
    """A whole policy. Beside its own fields it has `conditions`, rows, and `parts`, by kind."""

    name = forms.CharField(label="Name", max_length=150)
    position = forms.IntegerField(
        label="Position",
        min_value=1,
        max_value=9_999,
        help_text="The first policy that fits applies; the default comes last.",
    )
    calendar = forms.ModelChoiceField(
        Calendar.objects.offered(),
        label="Calendar of the buyer's clocks",
        required=False,
        empty_label="The organisation's",
    )
    is_default = forms.BooleanField(
        label="Default: for everything that no other policy fits", required=False
    )
    since = forms.IntegerField(min_value=0, max_value=2_000_000_000, widget=forms.HiddenInput)
    saves = forms.IntegerField(
        min_value=0, max_value=2_000_000_000, required=False, widget=forms.HiddenInput
    )
    # The button that keeps a draft; the other one publishes.
    draft = forms.BooleanField(required=False)
    example = LocalDateTimeField(label="Example starts", required=False)

    def __init__(self, data: Mapping[str, Any] | None = None, **kwargs: Any) -> None:
        version: PolicyVersion | None = kwargs.pop("version", None)
        position: int = kwargs.pop("position", 10)
        example: datetime = kwargs.pop("example")
        since: int = kwargs.pop("since", 0)
        saves = 0 if version is None else version.draft.get("saves", 0)
        data = _with_added_row(data)
        start = {"example": example, "since": since, "saves": saves, "position": position}
        super().__init__(data, initial=start | _initial(version), **kwargs)
        self.usual_start = example
        self.conditions: Any = ConditionRows(
            data, prefix="conditions", initial=_conditions(version)
        )
        said = () if version is None else targets_of(version)
        targets = {target.kind: target for target in said}
        self.parts = [
            _part(kind, data, targets.get(kind)) for kind in ClockKind if kind in KIND_HELP
        ]
        self._focus_on_added(data)

    def _focus_on_added(self, data: Mapping[str, Any] | None) -> None:
        """Let whoever pressed "Add" go on typing in the new row, which is the last of its group."""
        for rows in (self.conditions, *(part.rows for part in self.parts)):
            if data is not None and rows.forms and data.get("add") == rows.prefix:
                first = next(iter(rows.forms[-1].fields.values()))
                first.widget.attrs["autofocus"] = True

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("name") and not slugify(cleaned["name"]):
            self.add_error("name", "Enter a name with a letter or a digit.")
        is_whole = self.conditions.is_valid() & _all_valid(self.parts)
        found = [(part, spec) for part in self.parts if (spec := part.spec()) is not None]
        for part in self.parts:
            if part.spec() is None and part.step_forms() and not part.form.errors:
                part.form.add_error("amount", "Give the ladder a target, or take its steps out.")
                is_whole = False
        cleaned["conditions"] = {"all": self.condition_list()} if self.condition_list() else {}
        cleaned["targets"] = [spec for _, spec in found]
        cleaned["key"] = slugify(cleaned.get("name", ""))[:LONGEST_KEY]
        if is_whole:
            is_default = bool(cleaned.get("is_default"))
            problems = policy_problems(cleaned["conditions"], is_default, cleaned["targets"])
            self._place(problems, [part for part, _ in found])
        self._gather()
        return cleaned

    def condition_list(self) -> list[dict[str, Any]]:
        return [row.cleaned_data["condition"] for row in self._kept_conditions()]

    def _kept_conditions(self) -> list[ConditionForm]:
        rows = self.conditions
        return [
            row
            for row in rows.forms
            if not rows._should_delete_form(row) and "condition" in cleaned_of(row)
        ]

    def specs(self) -> Iterator[tuple[TargetPart, TargetSpec | None]]:
        """Each kind with its target as far as it can be drawn: None where it cannot."""
        for part in self.parts:
            spec = part.spec() if self.is_bound else _spec_of(part)
            is_bad = self.is_bound and (part.form.errors or any(part.rows.errors))
            yield part, None if is_bad else spec

    def _place(self, problems: Iterable[FieldProblem], parts: Sequence[TargetPart]) -> None:
        """Show each problem beside what it is about."""
        for problem in problems:
            match = _PLACE.fullmatch(problem.field)
            if match is None:
                self._place_elsewhere(problem)
                continue
            part = parts[int(match[1])]
            if match[2] is None:
                name = {"amount": "amount", "unit": "length"}.get(match[3])
                part.form.add_error(name, problem.message)
            else:
                part.step_forms()[int(match[2])].add_error(_ROW[match[3]], problem.message)

    def _place_elsewhere(self, problem: FieldProblem) -> None:
        rows = self._kept_conditions()
        match = re.fullmatch(r"conditions\.all\[(\d+)\]\.?(\w*)", problem.field)
        if match and int(match[1]) < len(rows):
            name = {"field": "fact"}.get(match[2], match[2])
            row = rows[int(match[1])]
            row.add_error(name if name in row.fields else None, problem.message)
        else:
            self.add_error(None, problem.message)

    def _gather(self) -> None:
        """Repeat what is wrong in the rows on top of the page, and refuse the whole for it."""
        for number, row in enumerate(self.conditions.forms, start=1):
            self._repeat(f"Condition {number}", row)
        for part in self.parts:
            self._repeat(part.label, part.form)
            for number, row in enumerate(part.ordered(), start=1):
                if not part.rows._should_delete_form(row):
                    self._repeat(f"{part.label}, step {number}", row)
        for rows in (self.conditions, *(part.rows for part in self.parts)):
            for message in rows.non_form_errors():
                self.add_error(None, message)

    def _repeat(self, place: str, form: forms.Form) -> None:
        for messages in form.errors.values():
            for message in messages:
                self.add_error(None, f"{place}: {message}")


def _all_valid(parts: Sequence[TargetPart]) -> bool:
    """Asks every part, so that each shows what is wrong with it."""
    answers = [part.is_valid() for part in parts]
    return all(answers)


def _part(kind: ClockKind, data: Mapping[str, Any] | None, target: TargetSpec | None) -> TargetPart:
    initial = {"length": "hours"} if target is None else _length(target)
    return TargetPart(
        kind=kind.value,
        label=str(kind.label),
        help=KIND_HELP[kind],
        form=TargetForm(data, prefix=kind.value, initial=initial),
        rows=StepRows(
            data,
            prefix=f"{kind.value}-steps",
            # What was sent stands for itself: a row equal to the present one is no empty row.
            initial=[] if target is None or data is not None else _step_rows(target),
            form_kwargs={"kind": kind.value},
        ),
    )


def _length(target: TargetSpec) -> dict[str, Any]:
    """The amount in the largest unit in which it is whole."""
    fitting = [
        (name, factor)
        for name, (_, unit, factor) in LENGTHS.items()
        if unit == target.unit and target.amount % factor == 0
    ]
    name, factor = max(fitting, key=lambda one: one[1])
    return {"length": name, "amount": target.amount // factor}


def _step_rows(target: TargetSpec) -> list[dict[str, Any]]:
    """By when they come."""
    return [row_of(step) for _, step in in_order(target) if step.action != BREACH]


def _spec_of(part: TargetPart) -> TargetSpec | None:
    """The target of a form that was not sent yet."""
    amount = part.form.initial.get("amount")
    if amount is None:
        return None
    _, unit, factor = LENGTHS[part.form.initial["length"]]
    steps = (
        step_of(row["distance"], row["side"], row["action"], row["told"])
        for row in part.rows.initial or ()
    )
    return TargetSpec(part.kind, amount * factor, unit, tuple(steps))


def _initial(version: PolicyVersion | None) -> dict[str, Any]:
    if version is None:
        return {}
    return {
        "name": name_of(version),
        "position": version.position,
        "calendar": version.calendar,
        "is_default": version.is_default,
    }


def _conditions(version: PolicyVersion | None) -> list[dict[str, Any]]:
    if version is None:
        return []
    return [
        {"fact": entry["field"], "op": entry["op"], "value": _text(entry.get("value", ""))}
        for entry in version.conditions.get("all", ())
    ]


def _text(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _with_added_row(data: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """The data with one more empty row where the button "Add" of a group of rows was pressed."""
    group = "" if data is None else data.get("add", "")
    if data is None or not group:
        return data
    name = f"{group}-TOTAL_FORMS"
    total = data.get(name, "")
    if not re.fullmatch(r"[0-9]{1,3}", total):
        return data
    more = data.copy()  # type: ignore[attr-defined]  # a QueryDict, as a request brings it
    more[name] = str(int(total) + 1)
    return more  # type: ignore[no-any-return]  # likewise
