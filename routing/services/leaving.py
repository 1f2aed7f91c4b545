"""What becomes of a person's places in the pools when they leave."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q

from accounts.models import User
from routing.models import Member, Pool
from routing.services.pools import clamp_credits, keep


def leave_pools(*, user: User, successor: User, by: User, now: datetime) -> list[Pool]:
    """Take the person out of every pool, as member, backup and manager; the pools handed over.

    Belongs into the transaction in which they leave, which holds the locks of these pools.
    """
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
    return managed
