"""A whole rule set as people write it, and the forms with which it is published or brought back."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.http import QueryDict

from core.conditions import Conditions
from core.errors import FieldProblem
from core.sentences import Labels
from core.vocabulary import choices
from routing.models import Pool, RuleSet
from routing.rule_lines import PLACE, problem_lines, problem_words
from routing.rule_rows import (
    MOST_GROUPS,
    OTHER_MODE,
    ConditionForm,
    ConditionRows,
    FallbackForm,
    RulePart,
    RuleRows,
    is_group,
    text_of,
)
from routing.rules.rule_sets import draft_problems, publish_problems
from routing.services.impact_reviews import MOST_WEEKS, USUAL_WEEKS
from routing.services.rule_sets import RuleSpec

MOST_ID = 9_000_000_000
RULES = "rules"
FALLBACK = "fallback"
# Of the conditions of all rules: a request has room for fewer.
MOST_IN_ALL = 500
USUAL_NAME = "Everything else"
_ADD = re.compile(r"rules-([0-9]{1,3})-(g[0-9]|groups)")
_MOVE = re.compile(r"(up|down)-([0-9]{1,3})")
_TOTAL = re.compile(r"rules-[0-9]{1,3}-g[0-9]-TOTAL_FORMS")
_COUNT = re.compile(r"[0-9]{1,3}")


class RuleSetForm(forms.Form):
    """All rules in their order. Beside its own fields it has `parts`, the rules, and `fallback`.

    `saves` and `draft` say which draft was looked at, and `since` which version was in force then,
    0 for none. Its rows always read what is in the request, or in the rules that it opens with, so
    that both are shown and judged alike.
    """

    saves = forms.IntegerField(min_value=0, max_value=MOST_ID, widget=forms.HiddenInput)
    draft = forms.IntegerField(
        min_value=0, max_value=MOST_ID, required=False, widget=forms.HiddenInput
    )
    since = forms.IntegerField(min_value=0, max_value=MOST_ID, widget=forms.HiddenInput)

    def __init__(self, data: Mapping[str, Any] | None = None, **kwargs: Any) -> None:
        opened: Sequence[RuleSpec] = kwargs.pop("opened", ())
        draft: RuleSet | None = kwargs.pop("draft", None)
        start = {
            "saves": draft.saves if draft else 0,
            "draft": draft.pk if draft else None,
            "since": kwargs.pop("since", 0),
        }
        data = _as_asked(_bounded(data))
        super().__init__(data, initial=start, **kwargs)
        self.labels: Labels = choices()
        self.pools = {pool.pk: pool for pool in Pool.objects.order_by("name")}
        self.source: Mapping[str, Any] = data_of(opened, self.labels) if data is None else data
        rows = {"pools": self.pools}
        self.fallback = FallbackForm(self.source, prefix=FALLBACK, **rows)
        self.rules: Any = RuleRows(self.source, prefix=RULES, form_kwargs=rows)
        self.parts = sorted(map(self._part, self.rules.forms), key=self._place_of)
        self._focus_on_added(data)
        if data is None:
            self._judge()

    def _part(self, form: Any) -> RulePart:
        count = str(form["groups"].value() or 0)
        inner = int(count) if re.fullmatch(r"[0-9]", count) else 0
        groups = [
            ConditionRows(
                self.source,
                prefix=f"{form.prefix}-g{number}",
                form_kwargs={"labels": self.labels},
            )
            for number in range(min(inner, MOST_GROUPS) + 1)
        ]
        return RulePart(form, groups)

    def _place_of(self, part: RulePart) -> int:
        place = str(part.form["ORDER"].value() or "")
        return int(place) if _COUNT.fullmatch(place) else int(part.number)

    def _focus_on_added(self, data: Mapping[str, Any] | None) -> None:
        """Let whoever pressed "Add" go on typing in what is new, and whoever moved go on moving."""
        asked = "" if data is None else data.get("add", "")
        if asked == RULES and self.rules.forms:
            self.rules.forms[-1].fields["name"].widget.attrs["autofocus"] = True
        match = _ADD.fullmatch(asked)
        for part in self.parts:
            if match and part.number == match[1]:
                wanted = len(part.groups) - 1 if match[2] == "groups" else int(match[2][1:])
                rows = part.groups[wanted].forms if wanted < len(part.groups) else []
                if rows:
                    rows[-1].fields["fact"].widget.attrs["autofocus"] = True

    @property
    def moved(self) -> str:
        """The button that was pressed to move a rule, such as `up-3`."""
        asked = self.data.get("look", "") if self.is_bound else ""
        return asked if _MOVE.fullmatch(asked) else ""

    def kept_parts(self) -> list[RulePart]:
        return [part for part in self.parts if not part.is_taken_out]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        self._judge()
        if not self.rules.management_form.is_valid():
            self.add_error(None, "The rules did not arrive whole. Open them again.")
        for message in self.rules.non_form_errors():
            self.add_error(None, message)
        for number, part in enumerate(self.kept_parts(), start=1):
            self._repeat(f"Rule {number}", part.form)
            for rows in part.groups:
                for row in (one for one in rows.forms if not rows._should_delete_form(one)):
                    self._repeat(f"Rule {number}, condition", row)
                for message in rows.non_form_errors():
                    self.add_error(None, f"Rule {number}: {message}")
        self._repeat("Every other lead", self.fallback)
        if not self.errors:
            for problem in draft_problems(self.specs):
                self.add_error(None, problem.message)
        cleaned["rules"] = self.specs
        return cleaned

    def _repeat(self, place: str, form: forms.Form) -> None:
        for messages in form.errors.values():
            for message in messages:
                self.add_error(None, f"{place}: {message}")

    def _judge(self) -> None:
        """Read all rows, and note beside each what keeps it from being published."""
        self.rules.is_valid()
        self.fallback.is_valid()
        for part in self.parts:
            part.is_valid()
        found = [(part, part.spec()) for part in self.kept_parts()]
        last = self.fallback.spec({})
        self.is_whole = last is not None and all(spec for _, spec in found)
        whole = [(part, spec) for part, spec in found if spec is not None]
        self.specs = [spec for _, spec in whole] + ([last] if last else [])
        self.notes: list[str] = []
        if self.is_whole:
            self._note(publish_problems(self.specs, choices=self.labels), [one for one, _ in whole])

    def _note(self, problems: Sequence[FieldProblem], parts: Sequence[RulePart]) -> None:
        self.notes = problem_lines(problems, len(parts) + 1)
        for problem in problems:
            match = PLACE.fullmatch(problem.field)
            index = int(match[1]) if match else len(parts) + 1
            if index == len(parts):
                self.fallback.notes.append(problem_words(problem))
            elif match and index < len(parts):
                part = parts[index]
                row = _row_at(part, match[2])
                (row or part.form).notes.append(problem_words(problem))


def _row_at(part: RulePart, place: str) -> ConditionForm | None:
    """The row of the longest place that this one begins with."""
    fits = [one for one in part.places if place == one or place.startswith(f"{one}.")]
    return part.places[max(fits, key=len)] if fits else None


def data_of(specs: Sequence[RuleSpec], labels: Labels) -> dict[str, Any]:
    """What a browser would send of these rules, the last of which is the fallback."""
    rules, last = specs[:-1], specs[-1:]
    data: dict[str, Any] = {"rules-TOTAL_FORMS": len(rules), "rules-INITIAL_FORMS": 0}
    data |= _plain_data(FALLBACK, last[0]) if last else {f"{FALLBACK}-name": USUAL_NAME}
    for index, spec in enumerate(rules):
        prefix = f"{RULES}-{index}"
        data |= _plain_data(prefix, spec) | {f"{prefix}-ORDER": index + 1}
        data |= _conditions_data(prefix, spec["conditions"], labels)
    return data


def _plain_data(prefix: str, spec: RuleSpec) -> dict[str, Any]:
    data: dict[str, Any] = {f"{prefix}-name": spec["name"], f"{prefix}-pool": str(spec["pool"].pk)}
    for name in ("owner_first", "earlier_first"):
        if spec.get(name):
            data[f"{prefix}-{name}"] = "on"
    return data


def _conditions_data(prefix: str, conditions: Conditions, labels: Labels) -> dict[str, Any]:
    grouped = _in_groups(conditions)
    if grouped is None:
        said = {f"{prefix}-match": "all", f"{prefix}-kept": json.dumps(conditions)}
        return said | _rows_data(f"{prefix}-g0", [], labels)
    mode, groups = grouped
    data = {f"{prefix}-match": mode, f"{prefix}-groups": len(groups) - 1}
    for number, tests in enumerate(groups):
        data |= _rows_data(f"{prefix}-g{number}", tests, labels)
    return data


def _rows_data(prefix: str, tests: Sequence[Conditions], labels: Labels) -> dict[str, Any]:
    data: dict[str, Any] = {
        f"{prefix}-TOTAL_FORMS": len(tests),
        f"{prefix}-INITIAL_FORMS": 0,
    }
    for number, test in enumerate(tests):
        fact = test["field"]
        data |= {
            f"{prefix}-{number}-fact": fact,
            f"{prefix}-{number}-op": test["op"],
            f"{prefix}-{number}-value": text_of(fact, test.get("value"), labels.get(fact, {})),
        }
    return data


def _in_groups(conditions: Conditions) -> tuple[str, list[list[Conditions]]] | None:
    """The rule's own tests and those of each group within, or None where rows cannot say it.

    A group of one, and a group joined as the one around it, say nothing of their own.
    """
    if not conditions:
        return "all", [[]]
    if not is_group(conditions):
        return None
    mode, members = _plain_group(conditions)
    own = [one for one in members if "field" in one]
    groups = [own]
    for inner in (one for one in members if "field" not in one):
        tests = inner[OTHER_MODE[mode]]
        if any("field" not in one for one in tests):
            return None
        groups.append(tests)
    return None if len(groups) - 1 > MOST_GROUPS else (mode, groups)


def _plain_group(group: Conditions) -> tuple[str, list[Conditions]]:
    """The group with its members made plain."""
    ((mode, members),) = group.items()
    plain: list[Conditions] = []
    for member in members:
        if "field" in member:
            plain.append(member)
            continue
        inner, tests = _plain_group(member)
        if inner == mode or len(tests) == 1:
            plain += tests
        else:
            plain.append({inner: tests})
    if len(plain) == 1 and "field" not in plain[0]:
        return _plain_group(plain[0])
    return mode, plain


def _bounded(data: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """Nothing where more rows are announced than any browser could have sent."""
    if data is None:
        return None
    asked = sum(_number(data, name) for name in data if _TOTAL.fullmatch(name))
    return data if asked <= MOST_IN_ALL else QueryDict()


def _as_asked(data: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """What was sent, changed as the button says: with one more row, or in another order."""
    if data is None:
        return None
    changes = _with_more(data, data.get("add", "")) | _moved(data, data.get("look", ""))
    if not changes:
        return data
    more = data.copy()  # type: ignore[attr-defined]  # a QueryDict, as a request brings it
    for name, value in changes.items():
        more[name] = str(value)
    return more  # type: ignore[no-any-return]  # likewise


def _with_more(data: Mapping[str, Any], asked: str) -> dict[str, Any]:
    match = _ADD.fullmatch(asked)
    total = _number(data, "rules-TOTAL_FORMS")
    if asked == RULES:
        prefix = f"{RULES}-{total}"
        start = {f"{prefix}-match": "all", f"{prefix}-ORDER": total + 1, f"{prefix}-pool": ""}
        return {"rules-TOTAL_FORMS": total + 1} | start | _one_row(f"{prefix}-g0")
    if match is None:
        return {}
    prefix = f"{RULES}-{match[1]}"
    if match[2] == "groups":
        count = _number(data, f"{prefix}-groups") + 1
        return {f"{prefix}-groups": count} | _one_row(f"{prefix}-g{count}")
    name = f"{prefix}-{match[2]}-TOTAL_FORMS"
    return {name: _number(data, name) + 1}


def _one_row(prefix: str) -> dict[str, Any]:
    return {f"{prefix}-TOTAL_FORMS": 1, f"{prefix}-INITIAL_FORMS": 0}


def _moved(data: Mapping[str, Any], asked: str) -> dict[str, Any]:
    """The rules' places after one of them has changed with its neighbour."""
    match = _MOVE.fullmatch(asked)
    if match is None:
        return {}
    total = _number(data, "rules-TOTAL_FORMS")
    order = sorted(range(total), key=lambda n: _number(data, f"rules-{n}-ORDER") or n)
    if int(match[2]) not in order:
        return {}
    place = order.index(int(match[2]))
    other = place - 1 if match[1] == "up" else place + 1
    if 0 <= other < total:
        order[place], order[other] = order[other], order[place]
    return {f"rules-{n}-ORDER": at for at, n in enumerate(order, start=1)}


def _number(data: Mapping[str, Any], name: str) -> int:
    text = str(data.get(name, ""))
    return int(text) if _COUNT.fullmatch(text) else 0


class DraftForm(forms.Form):
    """Which draft was looked at; `since` is the version in force then, 0 for none."""

    saves = forms.IntegerField(min_value=1, max_value=MOST_ID, widget=forms.HiddenInput)
    draft = forms.IntegerField(min_value=1, max_value=MOST_ID, widget=forms.HiddenInput)
    since = forms.IntegerField(
        min_value=0, max_value=MOST_ID, required=False, widget=forms.HiddenInput
    )


class PublishForm(DraftForm):
    """`seen` is the impact review that is on the page."""

    seen = forms.IntegerField(
        min_value=1, max_value=MOST_ID, required=False, widget=forms.HiddenInput
    )


class BringBackForm(forms.Form):
    since = forms.IntegerField(min_value=0, max_value=MOST_ID, widget=forms.HiddenInput)
    # The button that only makes a draft of it; the other one publishes.
    draft = forms.BooleanField(required=False)


class ReviewForm(forms.Form):
    """How far back the replay of an impact review goes."""

    weeks = forms.IntegerField(
        label="Weeks", min_value=1, max_value=MOST_WEEKS, initial=USUAL_WEEKS
    )
