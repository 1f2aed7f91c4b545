"""Which values a fact of a handoff can have, told by the apps that know it.

A condition on a word that nobody ever uses would never hold, and nobody would notice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

Values = Sequence[tuple[str, str]]

_read: dict[str, Callable[[], Values]] = {}


def register(field: str, read: Callable[[], Values]) -> None:
    """`read` gives the field's values with their labels, such as `("hot", "Hot")`."""
    _read[field] = read


def known_values() -> Mapping[str, Values]:
    """The values by field; a field that is not here takes any."""
    return {field: list(read()) for field, read in _read.items()}
