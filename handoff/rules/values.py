"""What counts as a real answer.

A required field is no gate if "n/a" opens it. An answer is real when something is left after
everything invisible is taken away, when it holds a letter or a digit, and when it is not one of
the words that people type to get past a form.
"""

import re
import unicodedata
from datetime import date

from core.errors import FieldProblem
from handoff.rules.form import FormField

MAX_TEXT = 200
MAX_LONG_TEXT = 5_000
MAX_LINE = 500
MAX_LINES = 3
MAX_INTEGER = 100_000_000

# Letters and symbols that print as nothing, which the Unicode categories do not tell.
_BLANKS = dict.fromkeys(map(ord, "\u115f\u1160\u3164\uffa0\u2800\u034f\u17b4\u17b5"), " ")
_PLACEHOLDERS = frozenset(
    {
        "na",
        "n a",
        "not applicable",
        "not available",
        "not known",
        "not sure",
        "tbd",
        "tba",
        "tbc",
        "to be defined",
        "to be determined",
        "to be confirmed",
        "to be announced",
        "to be done",
        "to do",
        "todo",
        "none",
        "nil",
        "null",
        "nothing",
        "undefined",
        "unknown",
        "unk",
        "idk",
        "dont know",
        "don t know",
        "do not know",
        "no idea",
        "no info",
        "no information",
        "blank",
        "empty",
        "placeholder",
        "dummy",
        "test",
        "testing",
        "asdf",
        "qwerty",
        "x",
        "later",
        "fill in later",
        "see crm",
        "see above",
        "same as above",
    }
)
_EMAIL = re.compile(r"[^@\s<>\"(),:;\\\[\]]+@[^@\s.<>\"(),:;\\\[\]]+(\.[^@\s.<>\"(),:;\\\[\]]+)+")


def visible(text: str) -> str:
    """The text without characters that print as nothing, white space folded."""
    kept = (
        " " if unicodedata.category(char)[0] == "Z" or char in "\t\n\r" else char
        for char in text.translate(_BLANKS)
        if unicodedata.category(char) not in {"Cf", "Cs", "Co", "Cn"}
        and (unicodedata.category(char) != "Cc" or char in "\t\n\r")
    )
    return " ".join("".join(kept).split())


def is_placeholder(text: str) -> bool:
    """True for what is typed to get past a form: "n/a", "tbd", "-", "???", "xxx"."""
    seen = unicodedata.normalize("NFKC", visible(text)).casefold()
    words = " ".join(re.findall(r"[^\W_]+", seen))
    if not words or words in _PLACEHOLDERS or words.replace(" ", "") in _PLACEHOLDERS:
        return True
    letters = words.replace(" ", "")
    return len(letters) > 2 and letters.isascii() and letters.isalpha() and len(set(letters)) == 1


def has_forbidden_characters(text: str) -> bool:
    """True for NUL, other control characters and lone surrogates, which no database should get."""
    return any(
        unicodedata.category(char) == "Cs"
        or (unicodedata.category(char) == "Cc" and char not in "\t\n\r")
        for char in text
    )


def is_empty(value: object) -> bool:
    """True when nothing visible was answered."""
    if value is None:
        return True
    if isinstance(value, str):
        return not visible(value)
    if isinstance(value, list):
        return all(is_empty(item) for item in value)
    return False


def read_answer(field: FormField, raw: object) -> tuple[object, FieldProblem | None]:
    """An answer in the form in which it is stored, or the reason why it cannot be stored.

    Only what no draft may hold is refused here: a wrong type, too long a text, characters that
    are not text. Whether the answer opens the gate is ``check_answer``'s question.
    """
    if raw is None or raw == "":
        return ([] if field.kind == "lines" else None), None
    if field.kind == "lines":
        return _read_lines(field, raw)
    if field.kind == "integer":
        return _read_integer(field, raw)
    if not isinstance(raw, str):
        return None, _problem(field, "wrong_type", f"{field.label} must be text.")
    return _read_text(field, raw)


def _read_text(field: FormField, raw: str) -> tuple[object, FieldProblem | None]:
    limit = MAX_LONG_TEXT if field.kind == "long_text" else MAX_TEXT
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
    if len(lines) > MAX_LINES:
        message = f"{field.label} has {len(lines)} lines; give at most {MAX_LINES}, one per line."
        return None, _problem(field, "too_many", message)
    if any(len(line) > MAX_LINE for line in lines):
        message = f"A line of {field.label} is longer than {MAX_LINE} characters. Shorten it."
        return None, _problem(field, "too_long", message)
    return lines, None


def _read_integer(field: FormField, raw: object) -> tuple[object, FieldProblem | None]:
    text = str(raw).strip() if isinstance(raw, str | int) and not isinstance(raw, bool) else ""
    digits = re.sub(r"[ ,.'\u00a0\u202f]", "", text)
    if not re.fullmatch(r"[0-9]{1,12}", digits) or int(digits) > MAX_INTEGER:
        message = f"{field.label} must be a whole number between 1 and {MAX_INTEGER:,}."
        return None, _problem(field, "not_a_number", message)
    return int(digits), None


def check_answer(field: FormField, value: object) -> FieldProblem | None:
    """Why the answer does not count, or None when it does. An empty answer counts as missing."""
    if is_empty(value):
        return _problem(field, "required", f"{field.label} is missing. {field.help}")
    if isinstance(value, int):
        message = f"{field.label} must be 1 or more."
        return _problem(field, "not_positive", message) if value < 1 else None
    texts = value if isinstance(value, list) else [str(value)]
    fake = next((text for text in texts if is_placeholder(text)), None)
    if fake is not None:
        return _placeholder(field, fake)
    return None if isinstance(value, list) else _check_kind(field, texts[0])


def _check_kind(field: FormField, text: str) -> FieldProblem | None:
    if field.kind == "email" and not _EMAIL.fullmatch(text):
        message = f"{field.label} needs an address such as ana@company.example."
        return _problem(field, "invalid_email", message)
    if field.kind == "phone":
        digits = re.sub(r"\D", "", text)
        if len(digits) < 6 or len(set(digits)) == 1:
            message = f"{field.label} needs a number that can be dialled, with its area code."
            return _problem(field, "invalid_phone", message)
    if field.kind == "date":
        try:
            date.fromisoformat(text)
        except ValueError:
            message = f"{field.label} must be a day such as 2026-11-30."
            return _problem(field, "invalid_date", message)
    if field.kind == "choice" and text not in field.options:
        message = f"{field.label} must be one of: {', '.join(field.options)}."
        return _problem(field, "invalid_choice", message)
    return None


def _placeholder(field: FormField, text: str) -> FieldProblem:
    shown = visible(text)[:40] or "An empty line"
    return _problem(
        field, "placeholder", f"\u201c{shown}\u201d does not count for {field.label}. {field.help}"
    )


def _problem(field: FormField, code: str, message: str) -> FieldProblem:
    return FieldProblem(field=field.key, code=code, message=message.strip())
