"""Numbers with their words."""


def counted(n: int, one: str, many: str = "") -> str:
    """As in "1 person", "3 people" and "0 policies"; `many` is by default `one` with an s."""
    return f"{n:,} {one if n == 1 else many or one + 's'}"
