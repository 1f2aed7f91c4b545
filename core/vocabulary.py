"""Which values the facts of a lead can have, or have in use, told by the apps that know them.

A condition on a word that nobody ever uses would never hold, and nobody would notice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

Values = Sequence[tuple[str, str]]

_choices: dict[str, Callable[[], Values]] = {}
_in_use: list[Callable[[], Mapping[str, Values]]] = []


def register_choices(field: str, read: Callable[[], Values]) -> None:
    """`read` gives all values that the field can have with their labels, as `("hot", "Hot")`."""
    _choices[field] = read


def register_in_use(read: Callable[[], Mapping[str, Values]]) -> None:
    """`read` gives values by field that are worth suggesting; others can be written as well."""
    _in_use.append(read)


def choices() -> dict[str, dict[str, str]]:
    """By field, the only values that it can have with their labels, each of which means one."""
    return {field: told_apart(read()) for field, read in _choices.items()}


def told_apart(values: Values) -> dict[str, str]:
    """The labels by value, without regard to case never one for two values.

    Where two values are called alike, or one as the other is stored, the label also says how it
    is stored; or else it says only that.
    """
    said = {value: (label, f"{label} ({value})") for value, label in values}
    counts = Counter(
        word for value, ways in said.items() for word in {one.casefold() for one in (value, *ways)}
    )
    return {
        value: next((one for one in ways if counts[one.casefold()] == 1), value)
        for value, ways in said.items()
    }


def known_values() -> dict[str, list[tuple[str, str]]]:
    """What to suggest by field: the choices, and the values in use of the other fields."""
    found = {field: list(values) for read in _in_use for field, values in read().items()}
    return found | {field: list(labels.items()) for field, labels in choices().items()}
