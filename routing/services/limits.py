"""How many leads a person may carry, over all pools."""

from __future__ import annotations

from datetime import datetime
from typing import TypedDict, Unpack

from django.db import transaction

from accounts.models import User
from accounts.rules.policy import Action, allows
from accounts.selectors import relations_to_person
from core.errors import FieldProblem, NotPermitted
from routing.models import Load
from routing.selectors.emptied import emptied_by, is_shut
from routing.services.emptied import SHUT, tell_of_emptied
from routing.services.pools import keep, raise_for

MOST_CAPACITY = 1_000_000


class Limits(TypedDict, total=False):
    """How many leads a person may have; None is any number, and what is not given stays."""

    capacity: int | None
    day_limit: int | None
    week_limit: int | None


def set_limits(*, user: User, by: User | None, now: datetime, **limits: Unpack[Limits]) -> Load:
    """Say how many leads the person may have open at a time, and get in a day and in a week.

    What they have and got already counts: a limit below it takes nothing
    away, and no new lead comes before there is room. Where a limit of 0 leaves a pool with nobody
    else, its manager hears of it. Days and weeks are the organisation's.

    Raises NotPermitted where `by` may not, and InvalidPool for a number that cannot be meant.
    """
    return _set(user, limits, by=by, now=now)


def set_capacity(*, user: User, capacity: int | None, by: User | None, now: datetime) -> Load:
    """The same for the open leads alone."""
    return _set(user, {"capacity": capacity}, by=by, now=now)


@transaction.atomic
def _set(user: User, limits: Limits, *, by: User | None, now: datetime) -> Load:
    if by is not None and not allows(by.roles, Action.MEMBER_EDIT, relations_to_person(by, user)):
        raise NotPermitted(f"Only a manager of {user}'s team or a RevOps admin can do this.")
    message = f"Enter 0 to {MOST_CAPACITY:,}, or leave it empty for no limit."
    raise_for(
        [
            FieldProblem(name, "out_of_range", message)
            for name, limit in limits.items()
            if isinstance(limit, int) and not 0 <= limit <= MOST_CAPACITY
        ]
    )
    Load.objects.bulk_create([Load(user=user)], ignore_conflicts=True)
    row = Load.objects.select_for_update().get(user=user)
    was_shut = is_shut(user)
    for name, limit in limits.items():
        setattr(row, name, limit)
    keep(row, by=by, now=now, fields=list(limits))
    if is_shut(user) and not was_shut:
        reference = f"{row.pk}:{now.isoformat()}"
        pools = emptied_by(user)
        tell_of_emptied(pools, user=user, why=SHUT, at=now, reference=reference, by=by, now=now)
    return row
