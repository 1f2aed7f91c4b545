"""Who may be picked at an instant, and why not."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum

# What a lead asks for: kind of skill to the value, in lower case; kinds it says nothing of are out.
Asks = Mapping[str, str]
NOTHING_ASKED: Asks = {}


class Code(StrEnum):
    """Why a member is no candidate; the values are those that turns are stored with."""

    INACTIVE = "inactive"
    PAUSED = "paused"
    TIME_OFF = "time_off"
    AT_CAPACITY = "at_capacity"
    NO_WEIGHT = "no_weight"
    CONFLICT = "conflict"
    TIMED_OUT = "timed_out"
    OUT_OF_HOURS = "out_of_hours"
    AT_DAY_LIMIT = "at_day_limit"
    AT_WEEK_LIMIT = "at_week_limit"
    NO_SKILL = "no_skill"


# Whoever is at work but cannot take this lead has not been away: no credit is clamped after it.
BUSY = frozenset(
    {Code.AT_CAPACITY, Code.AT_DAY_LIMIT, Code.AT_WEEK_LIMIT, Code.OUT_OF_HOURS, Code.NO_SKILL}
)


@dataclass(frozen=True, slots=True)
class Excluded:
    """Why one member is passed over.

    `until` is when that ends by itself, where it does; `open_count` and `capacity` stand with
    `at_capacity`, `count` and `limit` with the limits of a day and a week, `kind` and `value` (what
    the lead asks for) with `no_skill`.
    """

    code: str
    until: datetime | None = None
    open_count: int | None = None
    capacity: int | None = None
    count: int | None = None
    limit: int | None = None
    kind: str | None = None
    value: str | None = None


@dataclass(frozen=True, slots=True)
class Period:
    """The day and the week that limits count by, in the organisation's zone.

    `day_ends` and `week_ends` are the instants at which they are over.
    """

    day: date
    week: date
    day_ends: datetime
    week_ends: datetime

    @classmethod
    def at(cls, now: datetime, zone: tzinfo) -> Period:
        """The day of that zone and the Monday of its week."""
        day = now.astimezone(zone).date()
        week = day - timedelta(days=day.weekday())
        return cls(
            day,
            week,
            day_ends=_begin(day + timedelta(days=1), zone),
            week_ends=_begin(week + timedelta(days=7), zone),
        )


@dataclass(frozen=True, slots=True)
class Room:
    """What one person carries over all pools, and how much they may; a limit of None is none."""

    open_count: int = 0
    capacity: int | None = None
    day_count: int = 0
    day_limit: int | None = None
    week_count: int = 0
    week_limit: int | None = None

    @property
    def is_bounded(self) -> bool:
        return not (self.capacity is self.day_limit is self.week_limit is None)

    def taken(self) -> Room:
        """The room after one lead more."""
        return replace(
            self,
            open_count=self.open_count + 1,
            day_count=self.day_count + 1,
            week_count=self.week_count + 1,
        )

    def full(self, period: Period | None = None) -> Excluded | None:
        """Why nothing more fits, or None; the limit that lasts longest is told."""
        if self.week_limit is not None and self.week_count >= self.week_limit:
            return Excluded(
                Code.AT_WEEK_LIMIT,
                until=period.week_ends if period else None,
                count=self.week_count,
                limit=self.week_limit,
            )
        if self.day_limit is not None and self.day_count >= self.day_limit:
            return Excluded(
                Code.AT_DAY_LIMIT,
                until=period.day_ends if period else None,
                count=self.day_count,
                limit=self.day_limit,
            )
        if self.capacity is not None and self.open_count >= self.capacity:
            return Excluded(Code.AT_CAPACITY, open_count=self.open_count, capacity=self.capacity)
        return None


ANY_ROOM = Room()


@dataclass(frozen=True, slots=True)
class Standing:
    """What decides whether a member is a candidate at one instant.

    `is_active` holds for both the person and the membership. `away_until` is the end of the time
    off that covers the instant. `needs_hours` says that only who is at work may be picked, and
    `opens_at` when somebody who is not will be, where that is known. `lacks` is the kind and value
    of a skill that the lead asks for and the person has not.
    """

    is_active: bool
    weight: int
    paused_at: datetime | None = None
    paused_until: datetime | None = None
    away_until: datetime | None = None
    room: Room = ANY_ROOM
    is_at_work: bool = True
    needs_hours: bool = False
    opens_at: datetime | None = None
    lacks: tuple[str, str] | None = None

    @property
    def open_count(self) -> int:
        return self.room.open_count

    @property
    def capacity(self) -> int | None:
        return self.room.capacity


def excluded(standing: Standing, now: datetime, period: Period | None = None) -> Excluded | None:
    """Why the member is no candidate at `now`, or None.

    The most lasting reason is told where several hold. A pause and time off begin at their start
    and are over at their end. `period` says until when a limit of a day or a week holds.
    """
    if not standing.is_active:
        return Excluded(Code.INACTIVE)
    if standing.weight == 0:
        return Excluded(Code.NO_WEIGHT)
    if standing.lacks is not None:
        kind, value = standing.lacks
        return Excluded(Code.NO_SKILL, kind=kind, value=value)
    if standing.away_until is not None:
        return Excluded(Code.TIME_OFF, until=standing.away_until)
    if _is_paused(standing, now):
        return Excluded(Code.PAUSED, until=standing.paused_until)
    return _busy(standing, period)


def first_lacking(
    wanted: Sequence[str], asks: Asks, has: Collection[tuple[str, str]]
) -> tuple[str, str] | None:
    """The first kind of those wanted, with its value, that the lead asks for and is not had."""
    asked = ((kind, asks[kind]) for kind in wanted if kind in asks)
    return next((skill for skill in asked if skill not in has), None)


def _begin(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)


def _busy(standing: Standing, period: Period | None) -> Excluded | None:
    full = standing.room.full(period)
    if full is not None and full.code == Code.AT_WEEK_LIMIT:
        return full
    if standing.needs_hours and not standing.is_at_work:
        return Excluded(Code.OUT_OF_HOURS, until=standing.opens_at)
    return full


def _is_paused(standing: Standing, now: datetime) -> bool:
    if standing.paused_at is None or standing.paused_at > now:
        return False
    return standing.paused_until is None or now < standing.paused_until
