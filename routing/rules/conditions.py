"""Which rule a lead falls under: conditions over its facts.

Conditions are a group, `{"all": [...]}` or `{"any": [...]}`, of tests such as
`{"field": "country", "op": "eq", "value": "DE"}` and of further groups. No conditions at all, `{}`,
hold for every lead. A fact that is not known fits only `ne` and `not_in`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from core.errors import FieldProblem

Conditions = Mapping[str, Any]
Facts = Mapping[str, Any]

FIELDS = frozenset({"type", "temperature", "source", "size", "country", "industry"})
GROUPS = {"all": all, "any": any}
# A rule that needs more is not one that anybody reads.
MOST_NESTED = 5


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
    """True when the conditions, which `problems` found nothing wrong with, hold for the facts."""
    if not conditions:
        return True
    if "field" in conditions:
        fact = facts.get(conditions["field"])
        return OPERATORS[conditions["op"]](fact, conditions["value"])
    ((group, members),) = conditions.items()
    return GROUPS[group](holds(member, facts) for member in members)


def problems(conditions: Any, place: str = "conditions") -> Iterator[FieldProblem]:
    """What keeps the conditions from being published, each with the place and the fix."""
    if conditions == {}:
        return
    if not isinstance(conditions, dict) or "field" in conditions:
        yield _shape(place)
        return
    yield from _group_problems(conditions, place, depth=1)


def _group_problems(group: dict[str, Any], place: str, *, depth: int) -> Iterator[FieldProblem]:
    (name, members), *others = group.items() or [("", None)]
    if others or name not in GROUPS or not isinstance(members, list) or not members:
        yield _shape(place)
        return
    if depth > MOST_NESTED:
        yield FieldProblem(
            place, "too_deep", f"Nest groups {MOST_NESTED} deep at most; split the rule in two."
        )
        return
    for index, member in enumerate(members):
        inner = f"{place}.{name}[{index}]"
        if isinstance(member, dict) and not member.keys() & {"field", "op", "value"}:
            yield from _group_problems(member, inner, depth=depth + 1)
        else:
            yield from _test_problems(member, inner)


def _test_problems(test: Any, place: str) -> Iterator[FieldProblem]:
    if not isinstance(test, dict) or set(test) != {"field", "op", "value"}:
        yield FieldProblem(place, "condition_shape", "Give a field, an op and a value.")
        return
    op, value = test["op"], test["value"]
    # Looked up in lists: what came in may be no text and then has no hash.
    if test["field"] not in sorted(FIELDS):
        yield FieldProblem(f"{place}.field", "field_unknown", _one_of(sorted(FIELDS)))
    if op not in list(OPERATORS):
        yield FieldProblem(f"{place}.op", "op_unknown", _one_of(OPERATORS))
    elif op in ("in", "not_in"):
        if not isinstance(value, list) or not value:
            yield FieldProblem(f"{place}.value", "value_not_list", f"Give a list for {op}.")
    elif op in ("gte", "lte"):
        if not _is_number(value):
            yield FieldProblem(f"{place}.value", "value_not_number", f"Give a number for {op}.")
    elif not isinstance(value, str | int | float):
        yield FieldProblem(f"{place}.value", "value_not_plain", f"Give a text or number for {op}.")


def _shape(place: str) -> FieldProblem:
    return FieldProblem(
        place, "conditions_shape", 'Write {"all": [...]} or {"any": [...]} with a condition inside.'
    )


def _one_of(names: Any) -> str:
    return f"Choose one of: {', '.join(names)}."
