"""Who follows a calendar, told by the apps above that have calendars chosen for something."""

from __future__ import annotations

from collections.abc import Callable, Iterable

_followers: list[Callable[[int], Iterable[str]]] = []
_running: list[Callable[[int], int]] = []


def register_followers(read: Callable[[int], Iterable[str]]) -> None:
    """`read` gives for a calendar's id what follows it, such as "6 people" or "the team DACH"."""
    _followers.append(read)


def register_running(read: Callable[[int], int]) -> None:
    """`read` counts for a calendar's id the clocks that run by one of its versions."""
    _running.append(read)


def followers(calendar_id: int) -> list[str]:
    return [words for read in _followers for words in read(calendar_id)]


def running(calendar_id: int) -> int:
    """Clocks that keep the version they started with, whatever is saved now."""
    return sum(read(calendar_id) for read in _running)
