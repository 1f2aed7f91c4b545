"""Why somebody was passed over: as turns and events store it, and in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.dateparse import parse_datetime

from routing.choices import Exclusion, SkillKind
from routing.rules import Code, Excluded

# By which name each detail is stored.
_STORED = {
    "open": "open_count",
    "capacity": "capacity",
    "count": "count",
    "limit": "limit",
    "kind": "kind",
    "value": "value",
}
# A language of two or three letters is its code.
_LONGEST_CODE = 3


def exclusion_row(user_id: int, excluded: Excluded) -> dict[str, Any]:
    """The exclusion as it is stored: the user, the code and what details there are."""
    details = {name: getattr(excluded, field) for name, field in _STORED.items()}
    known = {name: value for name, value in details.items() if value is not None}
    if excluded.until is not None:
        known = {"until": excluded.until.isoformat(), **known}
    return {"user": user_id, "code": str(excluded.code), **known}


def excluded_from(row: Mapping[str, Any]) -> Excluded:
    """The exclusion that `exclusion_row` stored."""
    details = {field: row.get(name) for name, field in _STORED.items()}
    until = parse_datetime(row["until"]) if "until" in row else None
    return Excluded(row["code"], until=until, **details)


def reason_words(excluded: Excluded, until: str = "") -> str:
    """The reason in words, as in "at capacity, 12 of 12 open"; `until` is when it ends, if told."""
    words = str(dict(Exclusion.choices).get(excluded.code, excluded.code))
    if excluded.code == Code.NO_SKILL and excluded.value:
        words = f"{_lacking(excluded.kind, excluded.value)}: the lead asks for it"
    elif excluded.capacity is not None:
        words = f"{words}, {excluded.open_count} of {excluded.capacity} open"
    elif excluded.limit is not None:
        words = f"{words}, {excluded.count} of {excluded.limit}"
    return f"{words} until {until}" if until else words


def _lacking(kind: str | None, value: str) -> str:
    if kind == SkillKind.LANGUAGE:
        name = value.upper() if len(value) <= _LONGEST_CODE else value.title()
        return f"speaks no {name}"
    if kind == SkillKind.PRODUCT:
        return f"does not sell \u201c{value}\u201d"
    return f"does not work with \u201c{value}\u201d"
