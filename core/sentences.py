"""Conditions as sentences that anybody reads, such as "country is DE or AT and size is over 200".

Several values of one test are listed with "or"; tests and groups are joined by "and" or by ", or",
and a group within another stands in brackets, so that no sentence can be read in two ways.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from core.conditions import FIELDS, Conditions, Kind
from core.words import listed

Labels = Mapping[str, Mapping[str, str]]
NO_LABELS: Labels = MappingProxyType({})

OPERATOR_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "eq": "is",
        "ne": "is not",
        "in": "is one of",
        "not_in": "is none of",
        "contains": "contains",
        "starts_with": "starts with",
        "gte": "is at least",
        "lte": "is at most",
        "gt": "is over",
        "lt": "is under",
        "known": "is known",
        "unknown": "is not known",
    }
)
"""How the operators are called where one is chosen."""

_SENTENCES: Mapping[str, Callable[[str], str]] = MappingProxyType(
    {
        "eq": "is {}".format,
        "ne": "is not {}".format,
        "contains": "contains {}".format,
        "starts_with": "starts with {}".format,
        "gte": "is {} or more".format,
        "lte": "is {} or less".format,
        "gt": "is over {}".format,
        "lt": "is under {}".format,
        "known": lambda value: "is known",
        "unknown": lambda value: "is not known",
    }
)
# What a value may not have in it, without quotes around it, to be told from the words beside it.
_JOINING = re.compile(r"[,()\u201c\u201d]|\b(?:and|or|nor)\b", re.IGNORECASE)


def conditions_words(
    conditions: Conditions, *, labels: Labels = NO_LABELS, nothing: str = "every lead"
) -> str:
    """The conditions, which have no problems, as one phrase; `nothing` is said of no conditions.

    `labels` give the words for the values of a field, such as {"type": {"mql": "MQL"}}.
    """
    return _words(conditions, labels, is_inner=False) if any(conditions.values()) else nothing


def _words(conditions: Conditions, labels: Labels, *, is_inner: bool) -> str:
    if "field" in conditions:
        return _test_words(conditions, labels)
    ((group, members),) = conditions.items()
    if len(members) == 1:
        return _words(members[0], labels, is_inner=is_inner)
    parts = [_words(member, labels, is_inner=True) for member in members]
    words = " and ".join(parts) if group == "all" else f"either {', or '.join(parts)}"
    return f"({words})" if is_inner else words


def _test_words(test: Conditions, labels: Labels) -> str:
    field, op = test["field"], test["op"]
    value = test.get("value")
    values = value if isinstance(value, list) else [value]
    words = [_value_words(field, one, labels) for one in values]
    if op == "in":
        said = f"is {_either(words)}"
    elif op == "not_in":
        said = _neither(words)
    else:
        said = _SENTENCES[op](words[0])
    return f"{field} {said}"


def _either(words: Sequence[str]) -> str:
    return " or ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _neither(words: Sequence[str]) -> str:
    if len(words) == 1:
        return f"is not {words[0]}"
    if len(words) == 2:
        return f"is neither {words[0]} nor {words[1]}"
    return f"is none of {listed(words)}"


def _value_words(field: str, value: Any, labels: Labels) -> str:
    if isinstance(value, int | float):
        return f"{value:,}"
    text = str(value).strip()
    told = labels.get(field, {}).get(text)
    if told is None and FIELDS.get(field) is Kind.CHOICE:
        told = text.replace("_", " ")
    told = told or text
    return f"\u201c{told}\u201d" if _JOINING.search(told) else told
