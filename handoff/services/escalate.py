"""Phase 2 of escalation: what came due on a clock becomes events and messages.

Each escalation is claimed by a lease and handled in one transaction, which locks the handoff,
reads the state again and marks the escalation handled. A crash repeats the work; the unique
event per escalation and the message keys make the repeat harmless.
"""

import logging
from datetime import datetime

from django.db import transaction

from accounts.models import User
from accounts.selectors import manager_of
from handoff.choices import EventKind
from handoff.models import Handoff, HandoffClock
from handoff.services import tell
from handoff.services.change import append_event, lock_handoff
from sla.choices import StepAction
from sla.models import Clock, Escalation
from sla.services import claim_escalations, fail_escalation, finish_escalation

logger = logging.getLogger(__name__)

BATCH = 100


def apply_escalations(now: datetime) -> int:
    """Act on up to a batch of escalations that are waiting; returns how many were tried."""
    claimed = claim_escalations(now=now, limit=BATCH)
    for escalation in claimed:
        try:
            with transaction.atomic():
                _apply(escalation, now=now)
        except Exception as error:
            # One bad row must not hold up the others; it is tried again later, and set aside
            # after the last try, where an admin finds it.
            logger.exception("escalation failed", extra={"escalation": escalation.pk})
            fail_escalation(escalation=escalation, error=str(error), now=now)
    return len(claimed)


def _apply(escalation: Escalation, *, now: datetime) -> None:
    link = HandoffClock.objects.select_related("leg__receiver").get(clock_id=escalation.clock_id)
    row = lock_handoff(link.handoff_id)
    clock = Clock.objects.get(pk=escalation.clock_id)
    due = _is_due(escalation, clock)
    if not finish_escalation(escalation=escalation, now=now, superseded=not due):
        return
    if not due:
        _record(row, escalation, EventKind.STEP_SUPERSEDED, link, now=now)
    elif escalation.step.action == StepAction.BREACH:
        _record(row, escalation, EventKind.BREACHED, link, now=now)
    elif escalation.step.action == StepAction.REMIND:
        _remind(row, escalation, link, now=now)
    else:
        _alert(row, escalation, link, now=now)


def _is_due(escalation: Escalation, clock: Clock) -> bool:
    """A breach and its alert stand once the due time is missed; a reminder only while it helps."""
    if escalation.step.action == StepAction.REMIND:
        return clock.state == "running"
    return clock.breached_at is not None


def _remind(row: Handoff, escalation: Escalation, link: HandoffClock, *, now: datetime) -> None:
    to = link.leg.receiver if link.leg else row.owner
    _record(row, escalation, EventKind.REMINDED, link, now=now, told=to)
    _tell("remind", row, escalation, link, to, now=now)


def _alert(row: Handoff, escalation: Escalation, link: HandoffClock, *, now: datetime) -> None:
    late = link.leg.receiver if link.leg else row.owner
    manager = manager_of(late, pool_manager=row.pool.manager if row.pool else None)
    _record(row, escalation, EventKind.ALERTED, link, now=now, told=manager)
    if manager is not None:
        _tell("late", row, escalation, link, manager, now=now)


def _record(
    row: Handoff,
    escalation: Escalation,
    kind: EventKind,
    link: HandoffClock,
    *,
    now: datetime,
    told: User | None = None,
) -> None:
    data = {
        "clock": link.clock_id,
        "clock_kind": link.kind,
        "leg": link.leg_id,
        "step": escalation.step_id,
        "action": escalation.step.action,
        "step_at": escalation.at.isoformat(),
    }
    if told is not None:
        data["told"] = told.pk
    append_event(row, kind=kind, by=None, now=now, data=data, escalation_id=escalation.pk)


def _tell(
    kind: str,
    row: Handoff,
    escalation: Escalation,
    link: HandoffClock,
    to: User,
    *,
    now: datetime,
) -> None:
    if link.leg is None:
        return
    tell.about_step(
        kind,
        row,
        link.leg,
        to,
        escalation_id=escalation.pk,
        clock_id=escalation.clock_id,
        now=now,
    )
