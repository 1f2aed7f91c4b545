"""Reading answers as they are stored, and saying whether they count."""

import re
from collections.abc import Callable
from datetime import date
from typing import Any

from core.errors import FieldProblem
from handoff.rules.form import FormField
from handoff.rules.kinds import check_kind, check_many, check_partial
from handoff.rules.placeholders import (
    STATE,
    TEXT,
    has_forbidden_characters,
    is_empty,
    is_placeholder,
    visible,
)

__all__ = [
    "check_answer",
    "has_forbidden_characters",
    "is_empty",
    "is_placeholder",
    "read_answer",
    "visible",
]

MAX_TEXT = 200
MAX_LONG_TEXT = 5_000
MAX_URL = 1_000
MAX_LINE = 500
MAX_LINES = 3
MAX_CHOICES = 40
MAX_INTEGER = 100_000_000

_LONGEST = {"long_text": MAX_LONG_TEXT, "url": MAX_URL}
# Answers that rules compare, which are kept as a word or two.
MAX_WORDS = 60
_WORDS = frozenset({"company.segment", "contact.language", "contact.product"})
# A size of 0 is no answer; a score of 0 is one.
_FROM_ZERO = frozenset({"contact.score"})
_LISTS = frozenset({"lines", "multi"})
_CHOICES = frozenset({"choice", "yes_no"})
_WHOLE_NUMBER = re.compile(
    r"[0-9]{1,12}|[0-9]{1,3}([ ,.'\u2019\u00a0\u202f])[0-9]{3}(?:\1[0-9]{3}){0,2}"
)
_EMAIL = re.compile(r"[^@\s<>\"(),:;\\\[\]]+@[^@\s.<>\"(),:;\\\[\]]+(\.[^@\s.<>\"(),:;\\\[\]]+)+")


def read_answer(field: FormField, raw: object) -> tuple[object, FieldProblem | None]:
    """An answer in the form in which it is stored, or the reason why it cannot be stored.

    Only what no draft may hold is refused here: a wrong type, too long a text, characters that
    are not text. Whether the answer opens the gate is ``check_answer``'s question.
    """
    if raw is None or raw == "":
        return ([] if field.kind in _LISTS else None), None
    if isinstance(raw, dict):
        return _read_partial(field, raw)
    if field.kind in _LISTS:
        return _read_lines(field, raw)
    return _read_integer(field, raw) if field.kind == "integer" else _read_one(field, raw)


def _read_one(field: FormField, raw: object) -> tuple[object, FieldProblem | None]:
    if field.kind == "yes_no" and isinstance(raw, bool):
        return ("Yes" if raw else "No"), None
    if not isinstance(raw, str):
        return None, _problem(field, "wrong_type", f"{field.label} must be text.")
    return _read_text(field, raw)


def _read_partial(field: FormField, raw: dict[str, Any]) -> tuple[object, FieldProblem | None]:
    state, text = raw.get(STATE), raw.get(TEXT) or ""
    known = isinstance(state, str) and isinstance(text, str) and set(raw) <= {STATE, TEXT}
    if not field.partial or not known:
        return None, _problem(field, "wrong_type", f"{field.label} must be one answer.")
    if not state:
        return read_answer(field, text)
    for part in (state, text):
        stored, problem = _read_text(field, part)
        if problem is not None:
            return None, problem
    return ({STATE: " ".join(state.split()), TEXT: stored} if stored else {STATE: state}), None


def _read_text(field: FormField, raw: str) -> tuple[object, FieldProblem | None]:
    limit = MAX_WORDS if field.key in _WORDS else _LONGEST.get(field.kind, MAX_TEXT)
    if has_forbidden_characters(raw):
        message = f"{field.label} has characters that are not text. Type it again."
        return None, _problem(field, "invalid_characters", message)
    text = raw.replace("\r\n", "\n").strip()
    if field.kind != "long_text":
        text = " ".join(text.split())
    if len(text) > limit:
        message = f"{field.label} has {len(text):,} characters; {limit:,} fit. Shorten it."
        return None, _problem(field, "too_long", message)
    return text, None


def _read_lines(field: FormField, raw: object) -> tuple[object, FieldProblem | None]:
    items = raw.splitlines() if isinstance(raw, str) else raw
    if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
        return None, _problem(field, "wrong_type", f"{field.label} must be lines of text.")
    if any(has_forbidden_characters(item) for item in items):
        message = f"{field.label} has characters that are not text. Type it again."
        return None, _problem(field, "invalid_characters", message)
    lines = [" ".join(item.split()) for item in items if visible(item)]
    most = MAX_LINES if field.kind == "lines" else MAX_CHOICES
    if len(lines) > most:
        message = f"{field.label} has {len(lines)} lines; give at most {most}, one per line."
        return None, _problem(field, "too_many", message)
    if any(len(line) > MAX_LINE for line in lines):
        message = f"A line of {field.label} is longer than {MAX_LINE} characters. Shorten it."
        return None, _problem(field, "too_long", message)
    return lines, None


def _read_integer(field: FormField, raw: object) -> tuple[object, FieldProblem | None]:
    text = str(raw).strip() if isinstance(raw, str | int) and not isinstance(raw, bool) else ""
    # Signs stand between thousands only: "180.0" is no 1,800.
    digits = re.sub(r"[^0-9]", "", text) if _WHOLE_NUMBER.fullmatch(text) else ""
    if not digits or int(digits) > MAX_INTEGER:
        least = _least(field)
        message = f"{field.label} must be a whole number between {least} and {MAX_INTEGER:,}."
        return None, _problem(field, "not_a_number", message)
    return int(digits), None


def check_answer(field: FormField, value: object) -> FieldProblem | None:
    """Why the answer does not count, or None when it does, wholly or in part.

    An empty answer counts as missing.
    """
    if is_empty(value):
        return _problem(field, "required", f"{field.label} is missing. {field.help}")
    if isinstance(value, dict):
        return check_partial(field, value)
    if isinstance(value, list):
        return _check_list(field, value)
    return _check_number(field, value) if field.kind == "integer" else _check_text(field, value)


def _check_number(field: FormField, value: object) -> FieldProblem | None:
    if not isinstance(value, int):
        message = f"{field.label} must be a whole number."
        return _problem(field, "not_a_number", message)
    message = f"{field.label} must be {_least(field)} or more."
    return _problem(field, "not_positive", message) if value < _least(field) else None


def _least(field: FormField) -> int:
    return 0 if field.key in _FROM_ZERO else 1


def _check_text(field: FormField, value: object) -> FieldProblem | None:
    text = str(value)
    if is_placeholder(text) and not (field.kind in _CHOICES and text in field.options):
        return _placeholder(field, text)
    return _check_kind(field, text)


def _check_list(field: FormField, values: list[Any]) -> FieldProblem | None:
    if field.kind == "multi":
        return check_many(field, values)
    fake = next((str(text) for text in values if is_placeholder(str(text))), None)
    return None if fake is None else _placeholder(field, fake)


def _check_kind(field: FormField, text: str) -> FieldProblem | None:
    check = _TEXT_KINDS.get(field.kind)
    return check(field, text) if check else check_kind(field, text)


def _check_email(field: FormField, text: str) -> FieldProblem | None:
    if _EMAIL.fullmatch(text):
        return None
    message = f"{field.label} needs an address such as ana@company.example."
    return _problem(field, "invalid_email", message)


def _check_phone(field: FormField, text: str) -> FieldProblem | None:
    digits = re.sub(r"\D", "", text)
    if len(digits) >= 6 and len(set(digits)) > 1:
        return None
    message = f"{field.label} needs a number that can be dialled, with its area code."
    return _problem(field, "invalid_phone", message)


def _check_date(field: FormField, text: str) -> FieldProblem | None:
    try:
        date.fromisoformat(text)
    except ValueError:
        message = f"{field.label} must be a day such as 2026-11-30."
        return _problem(field, "invalid_date", message)
    return None


_TEXT_KINDS: dict[str, Callable[[FormField, str], FieldProblem | None]] = {
    "email": _check_email,
    "phone": _check_phone,
    "date": _check_date,
}


def _placeholder(field: FormField, text: str) -> FieldProblem:
    shown = visible(text)[:40] or "An empty line"
    return _problem(
        field,
        "placeholder",
        f"\u201c{shown}\u201d does not count for {field.label}. {field.help}{_way_out(field)}",
    )


def _way_out(field: FormField) -> str:
    return f" Or choose \u201c{field.partial[0]}\u201d." if field.partial else ""


def _problem(field: FormField, code: str, message: str) -> FieldProblem:
    return FieldProblem(field=field.key, code=code, message=message.strip())
