"""The parts of a rule set's form that come several times: rules, their groups, their conditions.

A row reads what was typed into conditions without judging them, so that a draft keeps all of it;
what keeps the rules from being published is noted beside the row afterwards.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django import forms

from core.conditions import (
    FIELD_LABELS,
    FIELDS,
    GROUPS,
    LISTS,
    OPERATORS_OF,
    WITHOUT_VALUE,
    Kind,
)
from core.sentences import OPERATOR_WORDS, Labels
from routing.models import Pool
from routing.rules.rule_sets import DEEPEST, LONGEST_NAME, LONGEST_TEXT, MOST_RULES
from routing.services.rule_sets import RuleSpec

MOST_ROWS = 50
MOST_GROUPS = 6
LONGEST_VALUES = 2_000
LONGEST_KEPT = 20_000
MODES = {"all": "All of these hold", "any": "At least one of these holds"}
OTHER_MODE = {"all": "any", "any": "all"}
# Of a group within a rule, which is joined the other way than the rule itself.
INNER_WORDS = {"all": "and at least one of these holds", "any": "or all of these hold"}
# With thousands parted by commas or spaces, all or none of them.
_NUMBER = re.compile(
    r"-?([0-9]{1,15}|[0-9]{1,3}(,[0-9]{3}){1,4}|[0-9]{1,3}( [0-9]{3}){1,4})(\.[0-9]{1,6})?"
)
# A thousand to some and one to others.
_POINTED = re.compile(r"-?[1-9][0-9]{0,2}\.[0-9]{3}")
# Which operators can be asked of which kinds, for the script that leaves the others out.
KINDS_OF = {
    op: " ".join(kind.value for kind in Kind if op in OPERATORS_OF[kind]) for op in OPERATOR_WORDS
}


class OperatorSelect(forms.Select):
    """Its options say for which kinds of facts they are."""

    def create_option(self, name: str, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option = super().create_option(name, value, *args, **kwargs)
        option["attrs"]["data-kinds"] = KINDS_OF.get(str(value), "")
        return option


class FactSelect(forms.Select):
    """Its options say of which kind the facts are."""

    def create_option(self, name: str, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option = super().create_option(name, value, *args, **kwargs)
        kind = FIELDS.get(str(value))
        option["attrs"]["data-kind"] = kind.value if kind else ""
        return option


class ConditionForm(forms.Form):
    """One condition; a row in which nothing is chosen or typed is none."""

    fact = forms.ChoiceField(
        label="Fact",
        choices=[("", "Choose"), *FIELD_LABELS.items()],
        required=False,
        widget=FactSelect,
    )
    op = forms.ChoiceField(
        label="Comparison",
        choices=list(OPERATOR_WORDS.items()),
        initial="eq",
        required=False,
        widget=OperatorSelect,
    )
    value = forms.CharField(
        label="Value",
        max_length=LONGEST_VALUES,
        required=False,
        widget=forms.TextInput(attrs={"list": "rule-values", "autocomplete": "off"}),
    )

    def __init__(self, *args: Any, labels: Labels, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.labels = labels
        self.notes: list[str] = []

    def clean_value(self) -> str:
        text: str = self.cleaned_data["value"]
        if any(sign < " " or sign == "\x7f" for sign in text):
            raise forms.ValidationError("Take out the characters that cannot be stored.")
        if any(len(part) > LONGEST_TEXT for part in split_list(text)):
            raise forms.ValidationError(f"Write values of {LONGEST_TEXT} letters at most.")
        return text

    def test(self) -> dict[str, Any] | None:
        """The condition as it is stored, finished or not; None for an empty row."""
        said = cleaned_of(self)
        fact, op, text = said.get("fact", ""), said.get("op") or "eq", said.get("value", "")
        if not fact and not text:
            return None
        if op in WITHOUT_VALUE:
            return {"field": fact, "op": op}
        value = self._values(fact, text) if op in LISTS else self._value(fact, text)
        return {"field": fact, "op": op, "value": value}

    def _values(self, fact: str, text: str) -> list[Any]:
        if FIELDS.get(fact) is Kind.NUMBER:
            return numbers_of(text)
        return [self._value(fact, part) for part in split_list(text)]

    def _value(self, fact: str, text: str) -> Any:
        """A number where the fact is one; the stored word for one that is written as its label."""
        if FIELDS.get(fact) is Kind.NUMBER:
            return number_of(text)
        known = self.labels.get(fact, {}).items()
        lowered = text.casefold()
        return next((value for value, label in known if label.casefold() == lowered), text)


def number_of(text: str) -> int | float | str:
    """The number, perhaps with its thousands parted; or the text where that is not certain."""
    if _NUMBER.fullmatch(text) is None or _POINTED.fullmatch(text):
        return text
    plain = text.replace(",", "").replace(" ", "")
    return float(plain) if "." in plain else int(plain)


def numbers_of(text: str) -> list[int | float | str]:
    """Numbers parted by commas; a text for what may be one with commas in it or several."""
    found: list[int | float | str] = []
    for part in re.split(r"\s*,\s+", text):
        if _NUMBER.fullmatch(part) is None:
            found += [number_of(one.strip()) for one in part.split(",") if one.strip()]
        else:
            # Nobody writes "000" for a number of its own.
            is_one = "," not in part or ",0" in part
            found.append(number_of(part) if is_one else part)
    return found


def split_list(text: str) -> list[str]:
    """Values parted by commas; one that has a comma in it stands in double quotes."""
    try:
        parts = next(csv.reader([text], skipinitialspace=True), [])
    except csv.Error:
        parts = text.split(",")
    return [part.strip() for part in parts if part.strip()]


def text_of(fact: str, value: Any, labels: Mapping[str, str]) -> str:
    """What to type for a stored value of a fact, to be read as the same again."""
    if not isinstance(value, list):
        return _word_of(value, labels)
    words = [_word_of(one, labels) for one in value]
    is_number = FIELDS.get(fact) is Kind.NUMBER
    return ", ".join(words if is_number else map(_quoted, words))


def _word_of(value: Any, labels: Mapping[str, str]) -> str:
    if isinstance(value, float):
        text = str(value)
        return f"{text}0" if _POINTED.fullmatch(text) else text
    return "" if value is None else labels.get(str(value), str(value))


def _quoted(word: str) -> str:
    """The word as `split_list` reads it, in quotes where it needs them."""
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow([word])
    return line.getvalue()


class FallbackForm(forms.Form):
    """Where every other lead goes. The pool is looked up among `pools`, read once for all rows."""

    name = forms.CharField(label="Name", max_length=LONGEST_NAME, required=False)
    pool = forms.ChoiceField(label="Pool")
    owner_first = forms.BooleanField(
        label="Whoever looks after the company goes first", required=False
    )
    earlier_first = forms.BooleanField(
        label="Whoever had the lead before goes first", required=False
    )

    def __init__(self, *args: Any, pools: Mapping[int, Pool], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.pools = pools
        self.notes: list[str] = []
        chosen = [(str(pk), pool.name) for pk, pool in pools.items()]
        # Read by Django of a field that has choices.
        self.fields["pool"].choices = [("", "Choose"), *chosen]  # type: ignore[attr-defined]
        self.fields["pool"].error_messages["required"] = "Choose the pool that gets these leads."

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if any(sign < " " or sign == "\x7f" for sign in name):
            raise forms.ValidationError("Take out the characters that cannot be stored.")
        return name

    def spec(self, conditions: Mapping[str, Any]) -> RuleSpec | None:
        """The rule as it is stored; None while it has no pool."""
        said = cleaned_of(self)
        if not said.get("pool"):
            return None
        return RuleSpec(
            name=said.get("name", ""),
            conditions=conditions,
            pool=self.pools[int(said["pool"])],
            owner_first=said["owner_first"],
            earlier_first=said["earlier_first"],
        )


class RuleForm(FallbackForm):
    """One rule without its conditions, which stand in rows of their own.

    `groups` is how many groups it has within; `kept` are conditions nested deeper than rows can
    say, which stay as they are.
    """

    match = forms.ChoiceField(label="Used when", choices=list(MODES.items()), initial="all")
    groups = forms.IntegerField(
        min_value=0, max_value=MOST_GROUPS, required=False, widget=forms.HiddenInput
    )
    kept = forms.CharField(max_length=LONGEST_KEPT, required=False, widget=forms.HiddenInput)

    def clean_kept(self) -> dict[str, Any]:
        text = self.cleaned_data["kept"]
        try:
            kept: Any = json.loads(text or "{}")
        except (ValueError, RecursionError):
            kept = None
        if kept == {} or is_group(kept):
            return dict(kept)
        raise forms.ValidationError("These conditions cannot be read. Take this rule out.")


def is_group(whole: Any, depth: int = 1) -> bool:
    """Whether this is a group of groups and tests, finished or not, that can be read again."""
    if depth > DEEPEST or not isinstance(whole, dict) or len(whole) != 1:
        return False
    ((mode, members),) = whole.items()
    if mode not in GROUPS or not isinstance(members, list):
        return False
    return all(is_test(one) or is_group(one, depth + 1) for one in members)


def is_test(whole: Any) -> bool:
    if not isinstance(whole, dict) or whole.keys() | {"value"} != {"field", "op", "value"}:
        return False
    value = whole.get("value", "")
    values = value if isinstance(value, list) else [value]
    is_plain = all(isinstance(one, str | int | float | None) for one in values)
    return is_plain and isinstance(whole["field"], str) and isinstance(whole["op"], str)


ConditionRows = forms.formset_factory(
    ConditionForm, extra=0, can_delete=True, max_num=MOST_ROWS, absolute_max=MOST_ROWS + 10
)
RuleRows = forms.formset_factory(
    RuleForm,
    extra=0,
    can_delete=True,
    can_order=True,
    max_num=MOST_RULES,
    validate_max=True,
    absolute_max=MOST_RULES + 10,
)


@dataclass(slots=True)
class RulePart:
    """One rule on the page: its form, and the rows of its groups, of which the first is its own."""

    form: RuleForm
    groups: list[Any]
    # Where in the conditions each row stands, such as `.all[2].any[0]`; known after `spec`.
    places: dict[str, ConditionForm] = field(default_factory=dict)

    @property
    def mode(self) -> str:
        mode = str(self.form["match"].value())
        return mode if mode in MODES else "all"

    @property
    def inner_words(self) -> str:
        return INNER_WORDS[self.mode]

    @property
    def number(self) -> str:
        """Its number in the names of its fields."""
        return str(self.form.prefix).rpartition("-")[2]

    @property
    def is_taken_out(self) -> bool:
        return bool(cleaned_of(self.form).get("DELETE"))

    def is_valid(self) -> bool:
        answers = [self.form.is_valid(), *(rows.is_valid() for rows in self.groups)]
        return all(answers)

    def rows(self) -> Iterator[ConditionForm]:
        for rows in self.groups:
            yield from rows.forms

    def spec(self) -> RuleSpec | None:
        kept = cleaned_of(self.form).get("kept")
        return self.form.spec(kept or self._conditions())

    def _conditions(self) -> dict[str, Any]:
        mode, inner = self.mode, OTHER_MODE[self.mode]
        self.places.clear()
        members: list[dict[str, Any]] = []
        for row, test in _tests(self.groups[0]):
            self.places[f".{mode}[{len(members)}]"] = row
            members.append(test)
        for rows in self.groups[1:]:
            found = list(_tests(rows))
            place = f".{mode}[{len(members)}].{inner}"
            self.places |= {f"{place}[{n}]": row for n, (row, _) in enumerate(found)}
            if found:
                members.append({inner: [test for _, test in found]})
        return {mode: members} if members else {}


def _tests(rows: Any) -> Iterator[tuple[ConditionForm, dict[str, Any]]]:
    for row in rows.forms:
        test = None if rows._should_delete_form(row) else row.test()
        if test is not None:
            yield row, test


def cleaned_of(form: forms.Form) -> dict[str, Any]:
    return getattr(form, "cleaned_data", None) or {}
