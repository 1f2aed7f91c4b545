"""What a replay of past leads is made from: the leads, and the rules, pools and people of a draft.

All of it is plain data. Instants are aware; spans run from the start up to, and not at, the end.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Any

from worktime.rules import Calendar


@dataclass(frozen=True, slots=True)
class Past:
    """One lead that was handed off, with what became of it.

    `pool_id` and `user_id` say where it first went; `user_id` is None where nobody ever got it.
    `was_held` says that nobody was free when it came. `first` goes before the rotation whatever
    the rules say, as whoever met the buyer does. `freed_at` is when the first receiver's slot was
    free again, None for not yet. `due_at` is when the buyer's first contact was promised.
    """

    handoff_id: int
    at: datetime
    facts: Mapping[str, Any]
    asks: Mapping[str, str] = field(default_factory=dict)
    first: int | None = None
    owner: int | None = None
    earlier: int | None = None
    pool_id: int | None = None
    user_id: int | None = None
    was_held: bool = False
    freed_at: datetime | None = None
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Carried:
    """A lead from before the weeks; until `freed_at` (None: to their end) it took a slot."""

    user_id: int
    at: datetime
    freed_at: datetime | None


@dataclass(frozen=True, slots=True)
class RuleLine:
    """One rule of the draft."""

    rule_id: int
    conditions: Mapping[str, Any]
    pool_id: int
    owner_first: bool = False
    earlier_first: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """One membership. `is_active` holds for both the person and the membership."""

    member_id: int
    user_id: int
    weight: int
    is_active: bool = True


@dataclass(frozen=True, slots=True)
class PoolSetting:
    """A pool with its members by id."""

    pool_id: int
    places: tuple[Place, ...]
    strategy: str = "weighted_round_robin"
    hours: str = "ignored"
    skills: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Start:
    """Where a pool's rotation stood when the weeks began, as far as that is known.

    `sequence` numbers the last turn before them. `credits` are by user id, and `last_picked` are
    the numbers of people's last turns.
    """

    pool_id: int
    sequence: int
    credits: Mapping[int, int]
    last_picked: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who takes leads. `away` are the spans of time off and pauses, by their start.

    Limits of None are no limits. Without a calendar the person counts as always at work.
    """

    user_id: int
    capacity: int | None = None
    day_limit: int | None = None
    week_limit: int | None = None
    skills: frozenset[tuple[str, str]] = frozenset()
    away: tuple[tuple[datetime, datetime], ...] = ()
    calendar_id: int | None = None

    def away_until(self, at: datetime) -> datetime | None:
        """The end of the absence that covers the instant, the latest where several do."""
        return max((end for start, end in self.away if start <= at < end), default=None)

    @property
    def has_limits(self) -> bool:
        """Whether a lead that they get may be the last for a while."""
        limits = (self.capacity, self.day_limit, self.week_limit)
        return any(limit is not None for limit in limits)


@dataclass(frozen=True, slots=True)
class Setting:
    """Everything but the leads. `zone` is where the organisation's days and weeks begin."""

    since: datetime
    until: datetime
    zone: tzinfo
    rules: tuple[RuleLine, ...]
    pools: tuple[PoolSetting, ...]
    people: Mapping[int, Person]
    calendars: Mapping[int, Calendar] = field(default_factory=dict)
