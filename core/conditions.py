"""Conditions over the facts of a lead: how they are checked, and for whom they hold.

Conditions are a group, `{"all": [...]}` or `{"any": [...]}`, of tests such as
`{"field": "country", "op": "eq", "value": "DE"}` and of further groups. No conditions at all, `{}`,
hold for every lead. Texts compare without regard to case and outer spaces. A fact that is not known
fits only `ne`, `not_in` and `unknown`, which like `known` has no value.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Collection, Iterator, Mapping
from enum import StrEnum
from math import isfinite
from types import MappingProxyType
from typing import Any

from core.errors import FieldProblem

Conditions = Mapping[str, Any]
Facts = Mapping[str, Any]
Check = Callable[[Facts], bool]


class Kind(StrEnum):
    """What a fact is, which decides what may be asked of it."""

    CHOICE = "choice"
    TEXT = "text"
    NUMBER = "number"


FIELDS: Mapping[str, Kind] = MappingProxyType(
    {
        "type": Kind.CHOICE,
        "temperature": Kind.CHOICE,
        "source": Kind.TEXT,
        "size": Kind.NUMBER,
        "country": Kind.TEXT,
        "industry": Kind.TEXT,
        "segment": Kind.TEXT,
        "product": Kind.TEXT,
        "language": Kind.TEXT,
        "score": Kind.NUMBER,
    }
)
FIELD_LABELS: Mapping[str, str] = MappingProxyType(
    {
        "type": "Type of handoff",
        "temperature": "Temperature",
        "source": "Source of the lead",
        "size": "Size of the company",
        "country": "Country",
        "industry": "Industry",
        "segment": "Segment",
        "product": "Product",
        "language": "Language",
        "score": "Score",
    }
)
NO_CHOICES: Mapping[str, Collection[str]] = MappingProxyType({})

GROUPS = ("all", "any")
LISTS = frozenset({"in", "not_in"})
COMPARISONS = frozenset({"gte", "lte", "gt", "lt"})
WITHOUT_VALUE = frozenset({"known", "unknown"})
_EVERYWHERE = ("eq", "ne", "in", "not_in", "known", "unknown")
OPERATORS_OF: Mapping[Kind, tuple[str, ...]] = MappingProxyType(
    {
        Kind.CHOICE: _EVERYWHERE,
        Kind.TEXT: (*_EVERYWHERE[:4], "contains", "starts_with", *_EVERYWHERE[4:]),
        Kind.NUMBER: (*_EVERYWHERE[:4], "gte", "lte", "gt", "lt", *_EVERYWHERE[4:]),
    }
)

# A rule that needs more is not one that anybody reads.
MOST_NESTED = 5
MOST_MEMBERS = 50
MOST_VALUES = 200
LONGEST_VALUE = 200
MOST_NUMBER = 10**12


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def folded_value(value: Any) -> Any:
    """A text as it compares, a number as it is; whatever else is no fact, so it is not known."""
    if isinstance(value, str):
        text = value if value.isascii() else unicodedata.normalize("NFC", value)
        return text.strip().casefold()
    return value if is_number(value) else None


def folded(facts: Facts) -> dict[str, Any]:
    """The facts as `compiled` conditions take them: folded once, asked many times."""
    return {field: folded_value(fact) for field, fact in facts.items()}


def is_known(fact: Any) -> bool:
    """Whether a folded fact tells anything: an empty text does not."""
    return fact is not None and fact != ""


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    """A comparison by size, false wherever one of the two is no number."""

    def check(fact: Any, value: Any) -> bool:
        return is_number(fact) and is_number(value) and compare(fact, value)

    return check


def _of_texts(compare: Callable[[str, str], bool]) -> Callable[[Any, Any], bool]:
    def check(fact: Any, value: Any) -> bool:
        return isinstance(fact, str) and isinstance(value, str) and compare(fact, value)

    return check


# Of a fact and a value which are both folded; the value of a list is a set.
OPERATORS: Mapping[str, Callable[[Any, Any], bool]] = MappingProxyType(
    {
        "eq": lambda fact, value: fact is not None and fact == value,
        "ne": lambda fact, value: fact != value,
        "in": lambda fact, value: fact is not None and fact in value,
        "not_in": lambda fact, value: fact not in value,
        "contains": _of_texts(lambda fact, value: value in fact),
        "starts_with": _of_texts(lambda fact, value: fact.startswith(value)),
        "gte": _ordered(lambda fact, value: fact >= value),
        "lte": _ordered(lambda fact, value: fact <= value),
        "gt": _ordered(lambda fact, value: fact > value),
        "lt": _ordered(lambda fact, value: fact < value),
        "known": lambda fact, value: is_known(fact),
        "unknown": lambda fact, value: not is_known(fact),
    }
)


def holds(conditions: Conditions, facts: Facts) -> bool:
    """True when the conditions, which `problems` found nothing wrong with, hold for the facts."""
    return compiled(conditions)(folded(facts))


def compiled(conditions: Conditions) -> Check:
    """The same as a function of `folded` facts, for asking about many leads."""
    if not conditions:
        return lambda facts: True
    if "field" in conditions:
        return _compiled_test(conditions)
    ((group, members),) = conditions.items()
    checks = tuple(compiled(member) for member in members)
    return checks[0] if len(checks) == 1 else _all_or_any(checks, is_all=group == "all")


def _all_or_any(checks: tuple[Check, ...], *, is_all: bool) -> Check:
    def check(facts: Facts) -> bool:
        # A loop, for the built-in functions would make a generator for each lead.
        for one in checks:
            if one(facts) is not is_all:
                return not is_all
        return is_all

    return check


def _compiled_test(test: Conditions) -> Check:
    field, compare, value = test["field"], OPERATORS[test["op"]], asked_value(test)
    return lambda facts: compare(facts.get(field), value)


def asked_value(test: Conditions) -> Any:
    """What a test asks for, folded; a list as a set."""
    value = test.get("value")
    if isinstance(value, list):
        return frozenset(map(folded_value, value))
    return folded_value(value)


def problems(
    conditions: Any,
    place: str = "conditions",
    *,
    choices: Mapping[str, Collection[str]] = NO_CHOICES,
) -> Iterator[FieldProblem]:
    """What keeps the conditions from being published, each with the place and the fix.

    `choices` are the only values that there are, by field; a field that is not in it takes any.
    """
    if conditions == {}:
        return
    if not isinstance(conditions, dict) or "field" in conditions:
        yield _shape(place)
        return
    yield from _group_problems(conditions, place, choices, depth=1)


def _group_problems(
    group: dict[str, Any], place: str, choices: Mapping[str, Collection[str]], *, depth: int
) -> Iterator[FieldProblem]:
    (name, members), *others = group.items() or [("", None)]
    if others or name not in GROUPS or not isinstance(members, list) or not members:
        yield _shape(place)
        return
    if depth > MOST_NESTED:
        message = f"Nest groups {MOST_NESTED} deep at most; split the rule in two."
        yield FieldProblem(place, "too_deep", message)
        return
    if len(members) > MOST_MEMBERS:
        message = f"Give {MOST_MEMBERS} conditions in one group at most; split the rule in two."
        yield FieldProblem(place, "too_many", message)
        return
    for index, member in enumerate(members):
        inner = f"{place}.{name}[{index}]"
        if isinstance(member, dict) and not member.keys() & {"field", "op", "value"}:
            yield from _group_problems(member, inner, choices, depth=depth + 1)
        else:
            yield from problems_of_test(member, inner, choices=choices)


def problems_of_test(
    test: Any, place: str, *, choices: Mapping[str, Collection[str]] = NO_CHOICES
) -> Iterator[FieldProblem]:
    """The same of one test."""
    if not isinstance(test, dict) or set(test) | {"value"} != {"field", "op", "value"}:
        yield FieldProblem(place, "condition_shape", "Give a field, an op and a value.")
        return
    field, op = test["field"], test["op"]
    # Looked up in lists: what came in may be no text and then has no hash.
    kind = FIELDS[field] if field in list(FIELDS) else None
    if kind is None:
        yield FieldProblem(f"{place}.field", "field_unknown", _one_of(sorted(FIELDS)))
    if op not in list(OPERATORS):
        allowed = OPERATORS if kind is None else OPERATORS_OF[kind]
        yield FieldProblem(f"{place}.op", "op_unknown", _one_of(allowed))
    elif kind is not None and op not in OPERATORS_OF[kind]:
        message = f"{op} cannot be asked of {field}. {_one_of(OPERATORS_OF[kind])}"
        yield FieldProblem(f"{place}.op", "op_unfit", message)
    elif "value" not in test and op not in WITHOUT_VALUE:
        yield FieldProblem(place, "condition_shape", "Give a field, an op and a value.")
    else:
        known = choices.get(field) if kind is Kind.CHOICE else None
        found = _value_problem(op, test.get("value"), kind, known)
        if found is not None:
            yield FieldProblem(f"{place}.value", *found)


def _value_problem(
    op: str, value: Any, kind: Kind | None, known: Collection[str] | None
) -> tuple[str, str] | None:
    """The code and the message of what is wrong with a value; None where nothing is."""
    if op in WITHOUT_VALUE:
        return None if value is None else ("value_not_asked", f"Give no value for {op}.")
    if op not in LISTS:
        return _one_problem(op, value, kind, known)
    if not isinstance(value, list) or not value:
        return "value_not_list", f"Give a list for {op}."
    if len(value) > MOST_VALUES:
        return "too_many", f"Give {MOST_VALUES} values at most; split the rule in two."
    found = (_one_problem(op, one, kind, known) for one in value)
    return next((problem for problem in found if problem is not None), None)


def _one_problem(
    op: str, value: Any, kind: Kind | None, known: Collection[str] | None
) -> tuple[str, str] | None:
    if (kind is Kind.NUMBER or op in COMPARISONS) and not is_number(value):
        return "value_not_number", f"Give a number for {op}."
    if is_number(value):
        if kind in (Kind.TEXT, Kind.CHOICE):
            return "value_not_text", f"Give a text for {op}."
        # Compared before it is made a float, which a very long number does not fit in.
        is_sane = -MOST_NUMBER <= value <= MOST_NUMBER and isfinite(value)
        return None if is_sane else ("value_not_number", f"Give a number up to {MOST_NUMBER:,}.")
    if not isinstance(value, str):
        return "value_not_plain", f"Give a text or number for {op}."
    return _text_problem(value, known)


def _text_problem(value: str, known: Collection[str] | None) -> tuple[str, str] | None:
    if not value.strip():
        return "value_blank", "Give a value, or ask whether it is not known."
    if len(value) > LONGEST_VALUE:
        return "value_too_long", f"Give at most {LONGEST_VALUE} characters."
    if "\x00" in value or any("\ud800" <= letter <= "\udfff" for letter in value):
        return "invalid_characters", "Take out the characters that cannot be stored."
    if known is not None and folded_value(value) not in map(folded_value, known):
        return "value_unknown", f"There is no '{value.strip()}' here. {_one_of(known)}"
    return None


def _shape(place: str) -> FieldProblem:
    return FieldProblem(
        place, "conditions_shape", 'Write {"all": [...]} or {"any": [...]} with a condition inside.'
    )


def _one_of(names: Collection[str]) -> str:
    return f"Choose one of: {', '.join(names)}."
