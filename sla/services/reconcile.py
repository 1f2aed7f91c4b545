"""Looks after the sweep: whether any clock is behind, and what waits for an admin."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from accounts.choices import Role
from accounts.models import User
from accounts.selectors import unknown_zones
from core.backlog import Backlog
from core.findings import findings, keep_finding
from core.models import Finding
from notify.models import Message
from notify.services import queue_message
from sla.impact import teams_not_told
from sla.notices import ATTENTION, CLOCKS_BEHIND
from sla.waiting import clocks_behind, steps_set_aside
from worktime.selectors import calendar_problems

logger = logging.getLogger(__name__)

# More than any menu shows.
MOST_ATTENTION = 100


def reconcile(now: datetime) -> int:
    """Tell the admins when clocks fall behind, once until all have caught up; always 0.

    Counts what waits for an admin on the way, so that no page has to.
    """
    behind = clocks_behind(now)
    known = findings()
    _note_incident(behind, known.get(CLOCKS_BEHIND), now)
    _note_attention(known.get(ATTENTION), now)
    return 0


@transaction.atomic
def _note_incident(behind: Backlog, last: Finding | None, now: datetime) -> None:
    is_open = last is not None and last.data["is_open"]
    if behind.count and not is_open:
        data = {"is_open": True, "count": behind.count, "oldest": _text(behind.oldest)}
        logger.error("clocks are behind", extra={"count": behind.count, "oldest": data["oldest"]})
        keep_finding(CLOCKS_BEHIND, at=now, data=data)
        _tell(data, now)
    elif last is not None and is_open and not behind.count:
        logger.info("clocks have caught up", extra={"since": _text(last.at)})
        data = {**last.data, "is_open": False, "over_at": _text(now)}
        keep_finding(CLOCKS_BEHIND, at=last.at, data=data)


def _tell(found: Mapping[str, Any], now: datetime) -> None:
    for admin in User.objects.active().in_roles(Role.ADMIN):
        queue_message(
            key=f"{CLOCKS_BEHIND}:{now.isoformat()}:{admin.pk}",
            kind=CLOCKS_BEHIND,
            recipient=admin,
            subject_ref="health",
            payload={"at": now.isoformat(), "count": found["count"], "oldest": found["oldest"]},
            now=now,
        )


def _note_attention(last: Finding | None, now: datetime) -> None:
    counts = {
        "steps": steps_set_aside().order_by()[:MOST_ATTENTION].count(),
        "messages": Message.objects.dead().order_by()[:MOST_ATTENTION].count(),
        "settings": (
            len(calendar_problems(today=now.date())) + len(unknown_zones()) + len(teams_not_told())
        ),
    }
    # An idle disk stays idle.
    if last is None or last.data != counts:
        keep_finding(ATTENTION, at=now, data=counts)


def _text(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
