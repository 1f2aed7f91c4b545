"""Text that is safe in a mail header and a link that is safe in a mail."""

import unicodedata

SUBJECT_LENGTH = 200
# Whatever ends a line, here or in some mail program, and halves of characters.
BREAKING_CATEGORIES = frozenset({"Cc", "Cs", "Zl", "Zp"})
# Formatting that is not seen, such as the override that turns the reading direction.
INVISIBLE_CATEGORY = "Cf"


def one_line(text: str, length: int = SUBJECT_LENGTH) -> str:
    """`text` on one line of at most `length` characters, without anything invisible.

    A line break in a subject would begin a new header, so it becomes a space.
    """
    line = " ".join("".join(_visible(letter) for letter in text).split())
    return line if len(line) <= length else line[: length - 1].rstrip() + "…"


def _visible(letter: str) -> str:
    category = unicodedata.category(letter)
    if category == INVISIBLE_CATEGORY:
        return ""
    return " " if category in BREAKING_CATEGORIES else letter


def is_own_path(path: str) -> bool:
    """Whether a link to `path` stays on this site, whatever a browser makes of it."""
    return (
        path.startswith("/")
        and not path.startswith("//")
        and "\\" not in path
        and path.isprintable()
    )


def absolute_link(site_url: str, path: str) -> str:
    """The address of a page of ours, for a mail; empty for an empty path."""
    return site_url.rstrip("/") + path if path else ""
