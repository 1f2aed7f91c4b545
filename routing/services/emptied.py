"""A pool that is left with nobody: its manager hears of it at once, once for each cause."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from accounts.models import User
from accounts.selectors import organisation
from accounts.uses import Absence
from notify.choices import Channel
from notify.services import queue_message
from routing.models import Pool
from routing.selectors.emptied import emptied_at

EMPTIED = "pool_emptied"
LEFT, RESTS, SHUT = "left", "rests", "shut"


def tell_of_emptied(
    pools: Iterable[Pool],
    *,
    user: User,
    why: str,
    at: datetime,
    reference: str,
    by: User | None,
    now: datetime,
) -> None:
    """Tell the manager of each pool that the user was the last, unless they did it themselves.

    `why` is the way in which the user is gone from `at` on, and `reference` names the cause:
    called again for the same one, it changes nothing.
    """
    for pool in pools:
        manager = pool.manager if pool.manager.is_active else organisation().fallback_manager
        if manager == by:
            continue
        queue_message(
            key=f"{EMPTIED}:{pool.pk}:{why}:{reference}",
            kind=EMPTIED,
            recipient=manager,
            subject_ref=f"pool:{pool.pk}",
            payload={"pool": pool.pk, "user": user.pk, "why": why, "at": at.isoformat()},
            channels=(Channel.INBOX, Channel.EMAIL),
            now=now,
        )


def tell_of_absence(
    user: User, absence: Absence, at: datetime, reference: str, by: User | None, now: datetime
) -> None:
    """Somebody is away from `at` on: for the pools in which nobody else is there then."""
    pools = emptied_at(user, at)
    tell_of_emptied(pools, user=user, why=absence.value, at=at, reference=reference, by=by, now=now)
