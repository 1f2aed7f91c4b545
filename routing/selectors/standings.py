"""How the members of pools stand at one instant: who may be picked, and why not.

Every path asks here, so eligibility is computed in one place. Hours and skills are read only where
a pool looks at them, in a constant number of queries: a pool may be locked meanwhile.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple, Protocol

from django.db.models import BigIntegerField, DateTimeField, OuterRef, Q, QuerySet, Subquery, Sum

from accounts.models import TimeOff
from accounts.selectors import calendars_of, zone_of_team
from core.prepared import PreparedRead
from routing.choices import Hours
from routing.models import Load, Member, Pool, Skill
from routing.rules import (
    NOTHING_ASKED,
    Asks,
    Excluded,
    Period,
    Room,
    Seat,
    Standing,
    excluded,
)
from routing.rules.eligibility import first_lacking
from worktime.models import Calendar
from worktime.rules import InstantOutOfRange, NoOpenTime, is_open, next_open
from worktime.selectors import rules_calendar


class PoolSettings(Protocol):
    """What a pool says about who may be picked."""

    hours: str
    skills: list[str]


@dataclass(frozen=True, slots=True)
class MemberStanding:
    """One member of a pool at one instant; `excluded` is None for a candidate.

    `has_returned` says that the member was away in the pool's last round.
    """

    member_id: int
    user_id: int
    credit: int
    last_picked: int
    has_returned: bool
    has_load: bool
    standing: Standing
    excluded: Excluded | None

    def to_seat(self) -> Seat:
        return Seat(
            member_id=self.member_id,
            user_id=self.user_id,
            weight=self.standing.weight,
            credit=self.credit,
            last_picked=self.last_picked,
            has_returned=self.has_returned,
            open_count=self.standing.open_count,
            is_at_work=self.standing.is_at_work,
        )


class _Row(NamedTuple):
    """What is read of one member; the names are the paths to it."""

    pk: int
    pool_id: int
    user_id: int
    credit: int
    last_picked_sequence: int
    last_present_sequence: int
    weight: int
    is_active: bool
    user__is_active: bool
    user__paused_at: datetime | None
    user__paused_until: datetime | None
    user__calendar_id: int | None
    user__load__open_count: int | None
    user__load__capacity: int | None
    user__load__day: date | None
    user__load__day_count: int | None
    user__load__day_limit: int | None
    user__load__week: date | None
    user__load__week_count: int | None
    user__load__week_limit: int | None
    away_until: datetime | None


@dataclass(frozen=True, slots=True)
class _WorkHours:
    """Whether somebody is at work, and when they next are where that is known."""

    is_at_work: bool
    opens_at: datetime | None


@dataclass(frozen=True, slots=True)
class _Moment:
    """What holds for all members at the instant; hours and (kind, value) of skills by user."""

    now: datetime
    period: Period
    asks: Asks
    hours: Mapping[int, _WorkHours]
    skills: Mapping[int, Collection[tuple[str, str]]]


_ALWAYS = _WorkHours(is_at_work=True, opens_at=None)


def member_standings(
    pool_id: int, *, now: datetime, asks: Asks = NOTHING_ASKED
) -> list[MemberStanding]:
    """Every member of the pool by member id, in a constant number of queries.

    `asks` is what the lead asks for; without it no skill counts.
    """
    return standings_by_pool([pool_id], now=now, asks=asks).get(pool_id, [])


def standings_by_pool(
    pool_ids: Collection[int], *, now: datetime, asks: Asks = NOTHING_ASKED
) -> dict[int, list[MemberStanding]]:
    """The same for several pools; a pool without members is left out."""
    pools = Pool.objects.in_bulk(list(pool_ids))
    return standings_in(pools, now=now, asks=asks, period=period_at(now))


def standings_in(
    pools: Mapping[int, PoolSettings], *, now: datetime, asks: Asks, period: Period
) -> dict[int, list[MemberStanding]]:
    """The same for pools that were read before, by their id, in their period."""
    by_pool: dict[int, list[_Row]] = {}
    for row in _rows(pools, now):
        by_pool.setdefault(row.pool_id, []).append(row)
    moment = _Moment(
        now, period, asks, _hours(pools, by_pool, now), _skills_asked(pools, by_pool, asks)
    )
    return {pool_id: _standings(rows, pools[pool_id], moment) for pool_id, rows in by_pool.items()}


def period_at(now: datetime) -> Period:
    """The day and the week of an instant in the organisation's zone."""
    return Period.at(now, zone_of_team(None))


def skills_of(
    user_ids: Collection[int], wanted: Iterable[tuple[str, str]]
) -> dict[int, set[tuple[str, str]]]:
    """Which of the wanted kinds and values each of the people has, by user id, in one query."""
    pairs = set(wanted)
    rows = Skill.objects.filter(
        user__in=user_ids,
        kind__in={kind for kind, _ in pairs},
        value__in={value for _, value in pairs},
    )
    found: dict[int, set[tuple[str, str]]] = {}
    for user_id, *skill in rows.order_by().values_list("user_id", "kind", "value"):
        if tuple(skill) in pairs:
            found.setdefault(user_id, set()).add((skill[0], skill[1]))
    return found


def weight_of_active(pool_id: int) -> int:
    """W of a pool's active members, away or not."""
    active = Member.objects.filter(pool=pool_id, is_active=True, user__is_active=True)
    total: int = active.aggregate(total=Sum("weight"))["total"] or 0
    return total


def _rows(pools: Mapping[int, PoolSettings], now: datetime) -> Iterable[_Row]:
    if len(pools) == 1:
        return map(_Row._make, _rows_of_one(pool=next(iter(pools)), now=now))
    return map(_Row._make, _rows_in(Q(pool__in=list(pools)), now))


def _rows_in(wanted: Q, now: Any) -> QuerySet[Member, Any]:
    away = TimeOff.objects.covering(now).filter(user=OuterRef("user")).order_by("-ends_at")
    members = Member.objects.filter(wanted).order_by("pk")
    # Plain values: making three model objects for each member would cost more than the pick.
    until = Subquery(away.values("ends_at")[:1])
    return members.annotate(away_until=until).values_list(*_Row._fields)


_rows_of_one = PreparedRead(
    lambda pool, now: _rows_in(Q(pool=pool), now), pool=BigIntegerField(), now=DateTimeField()
)


def _hours(
    pools: Mapping[int, PoolSettings], by_pool: Mapping[int, Sequence[_Row]], now: datetime
) -> dict[int, _WorkHours]:
    """The hours of the members of pools that look at them; nothing is read for the others."""
    chosen = {
        row.user_id: row.user__calendar_id
        for pool_id, rows in by_pool.items()
        if pools[pool_id].hours != Hours.IGNORED
        for row in rows
    }
    if not chosen:
        return {}
    calendars = calendars_of(chosen)
    # Most people share their hours with others.
    found = {calendar.pk: _work_hours(calendar, now) for calendar in calendars.values()}
    return {user_id: found[calendar.pk] for user_id, calendar in calendars.items()}


def _work_hours(calendar: Calendar, now: datetime) -> _WorkHours:
    if calendar.current_version is None:
        return _WorkHours(is_at_work=False, opens_at=None)
    hours = rules_calendar(calendar.current_version)
    if is_open(hours, now):
        return _ALWAYS
    try:
        return _WorkHours(is_at_work=False, opens_at=next_open(hours, now))
    except (NoOpenTime, InstantOutOfRange):
        return _WorkHours(is_at_work=False, opens_at=None)


def _skills_asked(
    pools: Mapping[int, PoolSettings], by_pool: Mapping[int, Sequence[_Row]], asks: Asks
) -> Mapping[int, Collection[tuple[str, str]]]:
    if not asks:
        return {}
    kinds = {kind for pool_id in by_pool for kind in pools[pool_id].skills if kind in asks}
    if not kinds:
        return {}
    people = {row.user_id for rows in by_pool.values() for row in rows}
    return skills_of(people, ((kind, asks[kind]) for kind in kinds))


def _standings(rows: Sequence[_Row], pool: PoolSettings, moment: _Moment) -> list[MemberStanding]:
    last_round = max(row.last_present_sequence for row in rows)
    return [_member_standing(row, pool, last_round, moment) for row in rows]


def _member_standing(
    row: _Row, pool: PoolSettings, last_round: int, moment: _Moment
) -> MemberStanding:
    standing = _standing(row, pool, moment)
    return MemberStanding(
        member_id=row.pk,
        user_id=row.user_id,
        credit=row.credit,
        last_picked=row.last_picked_sequence,
        has_returned=row.last_present_sequence < last_round,
        has_load=row.user__load__open_count is not None,
        standing=standing,
        excluded=excluded(standing, moment.now, moment.period),
    )


def _standing(row: _Row, pool: PoolSettings, moment: _Moment) -> Standing:
    hours = _ALWAYS if pool.hours == Hours.IGNORED else moment.hours[row.user_id]
    lacks = None
    if moment.asks and pool.skills:
        lacks = first_lacking(pool.skills, moment.asks, moment.skills.get(row.user_id, ()))
    return Standing(
        is_active=row.is_active and row.user__is_active,
        weight=row.weight,
        paused_at=row.user__paused_at,
        paused_until=row.user__paused_until,
        away_until=row.away_until,
        room=_room(row, moment.period),
        is_at_work=hours.is_at_work,
        needs_hours=pool.hours == Hours.REQUIRED,
        opens_at=hours.opens_at,
        lacks=lacks,
    )


def room_in(load: Load, period: Period) -> Room:
    """What the person carries and may carry; counts of another day or week than this are over."""
    return Room(
        open_count=load.open_count,
        capacity=load.capacity,
        day_count=load.day_count if load.day == period.day else 0,
        day_limit=load.day_limit,
        week_count=load.week_count if load.week == period.week else 0,
        week_limit=load.week_limit,
    )


def _room(row: Any, period: Period) -> Room:
    """The same from the values of a row; somebody without a Load carries nothing."""
    is_of_day, is_of_week = row.user__load__day == period.day, row.user__load__week == period.week
    return Room(
        open_count=row.user__load__open_count or 0,
        capacity=row.user__load__capacity,
        day_count=row.user__load__day_count if is_of_day else 0,
        day_limit=row.user__load__day_limit,
        week_count=row.user__load__week_count if is_of_week else 0,
        week_limit=row.user__load__week_limit,
    )
