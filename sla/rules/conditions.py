"""Which policy applies: conditions over the facts of a handoff.

Conditions are `{"all": [{"field": ..., "op": ..., "value": ...}, ...]}`. All of them must hold; no
conditions at all hold for everything. A fact that is not known fits only `ne` and `not_in`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from core.errors import FieldProblem

Conditions = Mapping[str, Any]
Facts = Mapping[str, Any]

FIELDS = frozenset({"type", "temperature", "source", "size", "country", "industry"})


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    """A comparison by size, false wherever one of the two is no number."""

    def check(fact: Any, value: Any) -> bool:
        return _is_number(fact) and _is_number(value) and compare(fact, value)

    return check


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda fact, value: fact is not None and fact == value,
    "ne": lambda fact, value: fact != value,
    "in": lambda fact, value: fact is not None and fact in value,
    "not_in": lambda fact, value: fact not in value,
    "gte": _ordered(lambda fact, value: fact >= value),
    "lte": _ordered(lambda fact, value: fact <= value),
}


def holds(conditions: Conditions, facts: Facts) -> bool:
    """True when every condition holds for the facts."""
    return all(
        OPERATORS[condition["op"]](facts.get(condition["field"]), condition["value"])
        for condition in conditions.get("all", ())
    )


def is_empty(conditions: Conditions) -> bool:
    return not conditions.get("all")


def problems(conditions: Conditions) -> Iterator[FieldProblem]:
    """What keeps the conditions from being published, each with the place and the fix."""
    if set(conditions) - {"all"} or not isinstance(conditions.get("all", []), list):
        yield FieldProblem(
            "conditions", "conditions_shape", 'Write the conditions as {"all": [...]}.'
        )
        return
    for index, condition in enumerate(conditions.get("all", [])):
        yield from _condition_problems(f"conditions.all[{index}]", condition)


def _condition_problems(place: str, condition: Any) -> Iterator[FieldProblem]:
    if not isinstance(condition, dict) or set(condition) != {"field", "op", "value"}:
        yield FieldProblem(place, "condition_shape", "Give a field, an op and a value.")
        return
    field, op, value = condition["field"], condition["op"], condition["value"]
    if field not in FIELDS:
        known = ", ".join(sorted(FIELDS))
        yield FieldProblem(f"{place}.field", "field_unknown", f"Choose one of: {known}.")
    if op not in OPERATORS:
        known = ", ".join(OPERATORS)
        yield FieldProblem(f"{place}.op", "op_unknown", f"Choose one of: {known}.")
    elif op in ("in", "not_in") and not (isinstance(value, list) and value):
        yield FieldProblem(f"{place}.value", "value_not_list", f"Give a list for {op}.")
    elif op in ("gte", "lte") and not _is_number(value):
        yield FieldProblem(f"{place}.value", "value_not_number", f"Give a number for {op}.")
