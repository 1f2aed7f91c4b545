"""What becomes of a person's places in the pools when they leave."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q

from accounts.models import User
from routing.models import Member, Pool
from routing.selectors.emptied import emptied_by
from routing.services.emptied import LEFT, tell_of_emptied
from routing.services.pools import clamp_credits, keep


def leave_pools(*, user: User, successor: User, by: User, now: datetime) -> list[Pool]:
    """Take the person out of every pool, as member, backup and manager; the pools handed over.

    Belongs into the transaction in which they leave, which holds the locks of these pools. The
    manager of each pool in which nobody is left hears of it.
    """
    emptied = list(emptied_by(user).values_list("pk", flat=True))
    for member in Member.objects.filter(Q(user=user) | Q(backup__user=user)).order_by("pk"):
        if member.user_id == user.pk:
            member.is_active = False
        member.backup = None
        keep(member, by=by, now=now, fields=["is_active", "backup"])
    for pool_id in Member.objects.filter(user=user).order_by("pk").values_list("pool", flat=True):
        clamp_credits(pool_id)
    managed = list(Pool.objects.filter(manager=user).order_by("pk"))
    for pool in managed:
        pool.manager = successor
        keep(pool, by=by, now=now, fields=["manager"])
    tell_of_emptied(
        Pool.objects.filter(pk__in=emptied).select_related("manager"),
        user=user,
        why=LEFT,
        at=now,
        reference=str(user.pk),
        by=by,
        now=now,
    )
    return managed
