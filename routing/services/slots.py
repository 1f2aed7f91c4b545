"""Slots on a person's Load: one more lead, checked against every limit in the same statement.

Counts of a day and a week roll over by themselves: those of another day than the pick's count as
0. A pick that is told of a past day, as in an import, leaves the counts of a later one alone.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db.models import (
    BigIntegerField,
    Case,
    DateField,
    F,
    PositiveIntegerField,
    Q,
    Value,
    When,
)

from core.prepared import PreparedUpdate
from routing.models import Load
from routing.rules import Period, Room
from routing.selectors import room_in

_HAS_CAPACITY = Q(capacity=None) | Q(open_count__lt=F("capacity"))
_HAS_ROOM = (
    _HAS_CAPACITY
    & (Q(day_limit=None) | Q(day_count__lt=F("day_limit")))
    & (Q(week_limit=None) | Q(week_count__lt=F("week_limit")))
)
_plus_one = PreparedUpdate(
    lambda user, day, week: (
        Load.objects.filter(_HAS_ROOM, user_id=user, day=day, week=week),
        {name: F(name) + 1 for name in ("open_count", "day_count", "week_count")},
    ),
    user=BigIntegerField(),
    day=DateField(),
    week=DateField(),
)


def fill_slot(user_id: int, period: Period) -> bool:
    """Count one more lead unless that exceeds the capacity, the day's or the week's limit."""
    if _fill_again(user_id, period):
        return True
    has_room = _HAS_CAPACITY & _below("day", period.day) & _below("week", period.week)
    return Load.objects.filter(has_room, user_id=user_id).update(**_one_more(period)) == 1


def _fill_again(user_id: int, period: Period) -> bool:
    """The same for whoever had a lead that day already, which most have: nothing rolls over.

    The full statement is ten times as long, and is made under the pool's lock.
    """
    return _plus_one(user=user_id, day=period.day, week=period.week) == 1


def add_slot(user_id: int, period: Period) -> None:
    """Count one more lead whatever the limits say."""
    Load.objects.filter(user_id=user_id).update(**_one_more(period))


def room_of(user_id: int, period: Period) -> Room:
    """What the person carries and may carry by now."""
    return room_in(Load.objects.get(user_id=user_id), period)


def _below(name: str, begin: date) -> Q:
    """Whether the count of the day or week that begins then is below its limit."""
    limit = f"{name}_limit"
    is_other = Q(**{name: None}) | ~Q(**{name: begin})
    return (
        Q(**{limit: None})
        | (is_other & Q(**{f"{limit}__gt": 0}))
        | Q(**{name: begin, f"{limit}__gt": F(f"{name}_count")})
    )


def _one_more(period: Period) -> dict[str, Any]:
    return {
        "open_count": F("open_count") + 1,
        **_counted("day", period.day),
        **_counted("week", period.week),
    }


def _counted(name: str, begin: date) -> dict[str, Any]:
    count = F(f"{name}_count")
    is_later = When(**{f"{name}__gt": begin}, then=count)
    return {
        f"{name}_count": Case(
            When(**{name: begin}, then=count + 1),
            is_later,
            default=Value(1),
            output_field=PositiveIntegerField(),
        ),
        name: Case(When(**{f"{name}__gt": begin}, then=F(name)), default=Value(begin)),
    }
