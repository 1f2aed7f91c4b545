"""Open clocks follow the policies and hours of now: an admin's explicit act, never a side effect.

Each handoff is a transaction of its own, and a clock that follows the present versions is passed
over: what was interrupted is done again from the beginning, and finds only what was left.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db import transaction

from accounts.models import User
from accounts.rules.policy import Action, allows
from core.errors import NotPermitted
from handoff.choices import EventKind
from handoff.models import Handoff, HandoffClock
from handoff.selectors.retiming import Planned, planned_retimings
from handoff.services.change import apply_change, lock_handoff
from handoff.services.clocks import earliest_due, follow_buyer
from sla.models import Clock
from sla.rules.retiming import Retiming, Scope
from sla.services import retime_clock


def retime_clocks(
    clock_ids: Collection[int], scope: Scope, by: User, now: datetime
) -> list[Retiming]:
    """Time those of the clocks anew that are open and in the scope; what became of each.

    From its original start, with its pauses and facts; ``sla.services.retime_clock`` tells more.
    Every handoff concerned has an event that says who did it.

    Raises NotPermitted where the person may not edit the configuration.
    """
    if not by.is_active or not allows(by.roles, Action.CONFIG_EDIT, frozenset()):
        raise NotPermitted("Only an admin times open clocks anew.")
    plans = planned_retimings(clock_ids, scope=scope, now=now)
    rows = sorted({plan.link.handoff_id for plan in plans if plan.target is not None})
    return [line for pk in rows for line in _retime(pk, clock_ids, scope, by=by, now=now)]


def _retime(
    handoff_id: int, clock_ids: Collection[int], scope: Scope, *, by: User, now: datetime
) -> list[Retiming]:
    """All of one handoff: it is read again under its lock, as others may have stopped a clock."""
    with transaction.atomic():
        row = lock_handoff(handoff_id)
        own = HandoffClock.objects.filter(handoff_id=row.pk, clock__in=clock_ids)
        ids = list(own.values_list("clock_id", flat=True))
        plans = planned_retimings(ids, scope=scope, now=now)
        done = [(plan, clock) for plan in plans if (clock := _take_over(plan, now=now)) is not None]
        if done:
            follow_buyer(row, now=now)
            _write(row, done, by=by, now=now)
        return [plan.line for plan, _ in done]


def _take_over(plan: Planned, *, now: datetime) -> Clock | None:
    if plan.target is None:
        return None
    link = plan.link
    made = retime_clock(
        clock=link.clock, target=plan.target, calendar_version=plan.calendar_version, now=now
    )
    if made is not None:
        HandoffClock.objects.filter(pk=link.pk).update(is_current=False)
        HandoffClock.objects.create(
            clock=made,
            handoff_id=link.handoff_id,
            leg_id=link.leg_id,
            kind=link.kind,
            is_current=True,
        )
    return made


def _write(
    row: Handoff, done: Collection[tuple[Planned, Clock]], *, by: User, now: datetime
) -> None:
    clocks: list[dict[str, Any]] = [
        {
            "clock": clock.pk,
            "clock_kind": clock.kind,
            "replaces": clock.replaces_id,
            "due_at": clock.due_at.isoformat(),
            "was_due_at": plan.line.was_due_at.isoformat(),
        }
        for plan, clock in done
    ]
    apply_change(
        row,
        event=EventKind.RETIMED,
        by=by,
        now=now,
        changes={"next_due_at": earliest_due(row)},
        data={"clocks": clocks},
    )
