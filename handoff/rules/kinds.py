"""Kinds of answers that are more than a text: times, choices, links, amounts and partial answers.

A time is stored as it was agreed, on the wall of its zone: ``2026-12-02T14:00[Europe/Berlin]``.
An answer that is partial is stored as ``{"state": ..., "text": ...}``; every other as text, a
number or a list of texts.
"""

import re
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from core.errors import FieldProblem
from handoff.rules.form import FormField
from handoff.rules.placeholders import STATE, TEXT, is_empty, is_placeholder, visible
from worktime.rules.errors import ZoneUnknown
from worktime.rules.zones import load_zone

YES_NO = ("Yes", "No")
CURRENCIES = ("EUR", "USD", "GBP", "CHF")
# Kinds with one input, of which half an answer can be given.
PARTIAL_KINDS = frozenset({"text", "long_text", "date", "integer", "money", "choice"})
NUMBER_KINDS = frozenset({"integer", "money"})

_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d)(?::\d\d(?:\.\d+)?)?\[([\w/+-]{1,60})\]")
_NUMBER = r"(\d{1,3}(?:[ ,.'\u00a0\u202f]\d{3})+|\d{1,9})\s*([km])?"
_AMOUNT = re.compile(
    rf"(?:([a-z]{{3}}|[€$£])\s*)?{_NUMBER}"
    rf"(?:\s*(?:[a-z]{{3}}|[€$£])?\s*(?:-|–|to)\s*(?:[a-z]{{3}}|[€$£])?\s*{_NUMBER})?"
    r"(?:\s*([a-z]{3}|[€$£]))?",
    re.IGNORECASE,
)
_SIGNS = {"€": "EUR", "$": "USD", "£": "GBP"}
_TIMES = {"": 1, "k": 1_000, "m": 1_000_000}


def is_partial(value: object) -> bool:
    """Whether half an answer was given."""
    return isinstance(value, dict) and bool(value.get(STATE))


def stored_time(at: str, zone: str) -> str:
    """A wall time and the name of its zone, as they are stored; empty where no time was given."""
    return f"{at.strip()}[{zone.strip()}]" if at.strip() else ""


def split_time(value: object) -> tuple[str, str]:
    """The wall time and the zone of a stored time, for the two inputs that it is typed in."""
    at, _, zone = str(value or "").partition("[")
    return at, zone.removesuffix("]")


def instant_of(value: object) -> datetime | None:
    """The instant of a stored time; None where it names none.

    A wall time inside a spring gap, which no clock shows, names none either. One that is shown
    twice means the first.
    """
    known = _TIME.fullmatch(str(value))
    if known is None:
        return None
    try:
        wall, zone = datetime.fromisoformat(known[1]), load_zone(known[2])
        instant = wall.replace(tzinfo=zone).astimezone(UTC)
        is_shown = instant.astimezone(zone).replace(tzinfo=None) == wall
    except (ValueError, OverflowError, ZoneUnknown):
        return None
    return instant if is_shown else None


def zone_of(value: object) -> ZoneInfo | None:
    """The zone in which a stored time was agreed."""
    try:
        return load_zone(split_time(value)[1])
    except ZoneUnknown:
        return None


def amounts_of(text: str) -> tuple[int, int, str] | None:
    """Least and most of "40,000 to 55,000 EUR" and the currency; None where it is no amount."""
    known = _AMOUNT.fullmatch(" ".join(text.split()))
    if known is None:
        return None
    before, low, low_times, high, high_times, after = known.groups()
    currency = (before or after or "").upper()
    if not currency:
        return None
    # In "40-55k" both are thousands.
    first = _amount(low, low_times or (high_times if high else "") or "")
    last = _amount(high, high_times or "") if high else first
    return (first, last, _SIGNS.get(currency, currency)) if first <= last else None


def _amount(digits: str, times: str) -> int:
    return int(re.sub(r"\D", "", digits)) * _TIMES[times.lower()]


def number_of(field: FormField, value: object) -> int | None:
    """The number that a floor is compared with: of a range its upper end."""
    if isinstance(value, int):
        return value
    amounts = amounts_of(str(value)) if field.kind == "money" else None
    return amounts[1] if amounts else None


def check_kind(field: FormField, text: str) -> FieldProblem | None:
    """Why a text that is real is not one of the field's kind."""
    checks = {"datetime": _time, "url": _url, "money": _money, "yes_no": _option, "choice": _option}
    check = checks.get(field.kind)
    said = check(field, text) if check else None
    return FieldProblem(field.key, said[0], said[1]) if said else None


def _time(field: FormField, text: str) -> tuple[str, str] | None:
    if instant_of(text) is not None:
        return None
    if zone_of(text) is None:
        return "invalid_zone", f"{field.label} needs a time zone such as Europe/Berlin."
    return "invalid_time", f"{field.label} must be a day and time that exist in that zone."


def _url(field: FormField, text: str) -> tuple[str, str] | None:
    try:
        parts = urlsplit(text)
        host = parts.hostname or ""
    except ValueError:
        host = ""
    if host and "." in host and parts.scheme in {"http", "https"} and " " not in text:
        return None
    return "invalid_url", f"{field.label} must be a link that begins with https://."


def _money(field: FormField, text: str) -> tuple[str, str] | None:
    if amounts_of(text) is not None:
        return None
    return (
        "invalid_amount",
        f"{field.label} must be an amount such as 40,000 EUR, or 40,000 to 55,000 EUR.",
    )


def _option(field: FormField, text: str) -> tuple[str, str] | None:
    options = options_of(field)
    if text in options:
        return None
    return "invalid_choice", f"{field.label} must be one of: {', '.join(options)}."


def options_of(field: FormField) -> tuple[str, ...]:
    """The answers that can be chosen."""
    return YES_NO if field.kind == "yes_no" else field.options


def check_many(field: FormField, values: list[Any]) -> FieldProblem | None:
    """Why a choice of several does not count."""
    unknown = next((value for value in values if value not in field.options), None)
    if unknown is None:
        return None
    shown, options = visible(str(unknown))[:40], ", ".join(field.options)
    message = f"{field.label} cannot be \u201c{shown}\u201d; choose from: {options}."
    return FieldProblem(field.key, "invalid_choice", message)


def check_partial(field: FormField, value: dict[str, Any]) -> FieldProblem | None:
    """Why half an answer does not count even for that."""
    if value.get(STATE) not in field.partial:
        states = ", ".join(field.partial) or "nothing but a whole answer"
        message = f"{field.label} may be partly known as: {states}."
        return FieldProblem(field.key, "invalid_state", message)
    text = str(value.get(TEXT) or "")
    if text and is_placeholder(text):
        shown = visible(text)[:40]
        message = f"\u201c{shown}\u201d says nothing about {field.label}. Leave it empty."
        return FieldProblem(field.key, "placeholder", message)
    return None


def in_words(field: FormField, value: object) -> tuple[str, ...] | None:
    """A partial answer or a time as it reads, line by line; None for every other kind."""
    if isinstance(value, dict):
        state = str(value.get(STATE) or "")
        said = str(value.get(TEXT) or "")
        partly = f"Partly known: {state[:1].lower()}{state[1:]}" if state else ""
        return tuple(line for line in (partly, *said.splitlines()) if line.strip())
    if field.kind != "datetime" or is_empty(value):
        return None
    at, zone = split_time(value)
    try:
        wall = datetime.fromisoformat(at)
    except ValueError:
        return (str(value),)
    return (f"{wall:%a} {wall.day} {wall:%b %Y}, {wall:%H:%M} ({zone.replace('_', ' ')})",)
