"""Pools that would be left with nobody, by a change or while somebody is away."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from accounts.models import TimeOff, User
from accounts.uses import Absence
from routing.models import Load, Member, Pool


def emptied_by(user: User) -> QuerySet[Pool]:
    """The pools in which nobody else takes part, whatever the hour."""
    return _left_by(user, _taking_part().exclude(user=user))


def emptied_at(user: User, at: datetime) -> QuerySet[Pool]:
    """The pools in which nobody else takes part who is there at that instant."""
    away = TimeOff.objects.covering(at).filter(user=OuterRef("user"))
    is_paused = Q(user__paused_at__lte=at) & (
        Q(user__paused_until=None) | Q(user__paused_until__gt=at)
    )
    there = _taking_part().exclude(user=user).exclude(is_paused).exclude(Exists(away))
    return _left_by(user, there)


def is_away(user: User, absence: Absence, at: datetime) -> bool:
    """Whether the user is paused, or has time off, at that instant."""
    if absence is Absence.PAUSED:
        return user.is_paused(at)
    return TimeOff.objects.covering(at).filter(user=user).exists()


def is_shut(user: User) -> bool:
    """Whether a limit of 0 keeps every new lead from the user, in all pools."""
    shut = Q(capacity=0) | Q(day_limit=0) | Q(week_limit=0)
    return Load.objects.filter(shut, user=user).exists()


def is_empty(pool: Pool) -> bool:
    """Whether nobody takes part in the pool."""
    return not _taking_part().filter(pool=pool.pk).exists()


def _taking_part() -> QuerySet[Member]:
    return Member.objects.filter(is_active=True, user__is_active=True, weight__gt=0)


def _left_by(user: User, others: QuerySet[Member]) -> QuerySet[Pool]:
    mine = Pool.objects.filter(
        Exists(_taking_part().filter(user=user, pool=OuterRef("pk"))),
    )
    others = others.filter(pool=OuterRef("pk")).order_by()
    return mine.exclude(Exists(others)).select_related("manager").order_by(F("name"), "pk")
