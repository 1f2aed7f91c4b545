"""What counts as a real text.

A required field is no gate if "n/a" opens it. An answer is real when something is left after
everything invisible is taken away, when it holds a letter or a digit, and when it is not one of
the words that people type to get past a form.
"""

import re
import unicodedata

# The parts of a partial answer: what is known for sure, and what else was said.
STATE, TEXT = "state", "text"

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


def visible(text: str) -> str:
    """The text without characters that print as nothing, white space folded."""
    if text.isascii() and text.isprintable():
        return " ".join(text.split())
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
    if isinstance(value, dict):
        return not any(value.get(part) for part in (STATE, TEXT))
    return False
