"""What it means elsewhere that somebody is away, told by the apps above that give people work."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from typing import Any


class Absence(StrEnum):
    """In which way somebody gets no new leads."""

    PAUSED = "paused"
    AWAY = "away"


Warn = Callable[[Any, datetime], str]
Told = Callable[[Any, Absence, datetime, str, Any, datetime], None]

_absences: list[tuple[Warn, Told]] = []


def register_absence(warn: Warn, told: Told) -> None:
    """Be asked before somebody is away, and told when it is so.

    `warn(user, at)` says what follows where the user is away from that instant on, in a sentence;
    empty for nothing. `told(user, absence, at, reference, by, now)` is called in the transaction
    that keeps the absence, of which the reference is the name.
    """
    _absences.append((warn, told))


def absence_words(user: Any, at: datetime) -> str:
    """What the person has to be sure of, before they or somebody for them says that they go."""
    return " ".join(filter(None, (warn(user, at) for warn, _ in _absences)))


def tell_of_absence(
    user: Any, absence: Absence, *, at: datetime, reference: str, by: Any, now: datetime
) -> None:
    for _, told in _absences:
        told(user, absence, at, reference, by, now)
