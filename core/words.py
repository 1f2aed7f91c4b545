"""Numbers with their words, and several words as one phrase."""

from collections.abc import Sequence


def counted(n: int, one: str, many: str = "") -> str:
    """As in "1 person", "3 people" and "0 policies"; `many` is by default `one` with an s."""
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def listed(parts: Sequence[str]) -> str:
    """As in "a", "a and b" and "a, b and c"."""
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)
