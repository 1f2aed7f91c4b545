"""How what a receiver can do is written down: in lower case, each value once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

LONGEST = 60
MOST = 50


def tidied(values: Iterable[str]) -> list[str]:
    """The values in lower case and without outer or doubled spaces, in order, each once."""
    clean = (" ".join(value.lower().split()) for value in values)
    return list(dict.fromkeys(value for value in clean if value))


def skill_problems(values: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Why tidied values cannot be kept: a code and a sentence for each."""
    if len(values) > MOST:
        yield "too_many", f"{len(values)} are more than {MOST}. Keep those that leads ask for."
    for value in values:
        if not value.isprintable():
            yield "invalid_characters", "There are characters that are not text. Type it again."
        elif len(value) > LONGEST:
            message = (
                f"\u201c{value[:20]}\u2026\u201d is longer than {LONGEST} characters. Shorten it."
            )
            yield "too_long", message
