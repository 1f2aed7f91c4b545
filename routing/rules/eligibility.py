"""Who may be picked at an instant, and why not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Code(StrEnum):
    """Why a member is no candidate; the values are those that turns are stored with."""

    INACTIVE = "inactive"
    PAUSED = "paused"
    TIME_OFF = "time_off"
    AT_CAPACITY = "at_capacity"
    NO_WEIGHT = "no_weight"
    CONFLICT = "conflict"
    TIMED_OUT = "timed_out"


@dataclass(frozen=True, slots=True)
class Excluded:
    """Why one member is passed over.

    `until` is when that ends by itself, where it does; the counts stand with `at_capacity` only.
    """

    code: str
    until: datetime | None = None
    open_count: int | None = None
    capacity: int | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """What decides whether a member is a candidate at one instant.

    `is_active` holds for both the person and the membership. `away_until` is the end of the time
    off that covers the instant. A `capacity` of None means no limit.
    """

    is_active: bool
    paused_at: datetime | None
    paused_until: datetime | None
    away_until: datetime | None
    weight: int
    open_count: int
    capacity: int | None

    @property
    def free(self) -> int | None:
        """How many more leads the person can take; None for any number."""
        return None if self.capacity is None else max(0, self.capacity - self.open_count)


def excluded(standing: Standing, now: datetime) -> Excluded | None:
    """Why the member is no candidate at `now`, or None.

    The most lasting reason is told where several hold. A pause and time off begin at their start
    and are over at their end.
    """
    if not standing.is_active:
        return Excluded(Code.INACTIVE)
    if standing.weight == 0:
        return Excluded(Code.NO_WEIGHT)
    if standing.away_until is not None:
        return Excluded(Code.TIME_OFF, until=standing.away_until)
    if _is_paused(standing, now):
        return Excluded(Code.PAUSED, until=standing.paused_until)
    if standing.free == 0:
        return Excluded(
            Code.AT_CAPACITY, open_count=standing.open_count, capacity=standing.capacity
        )
    return None


def _is_paused(standing: Standing, now: datetime) -> bool:
    if standing.paused_at is None or standing.paused_at > now:
        return False
    return standing.paused_until is None or now < standing.paused_until
