"""Phase 2 of escalation: what came due on a clock becomes events, messages and moves.

Each escalation is claimed by a lease and handled in a transaction that locks the handoff, reads
the state again and marks the escalation handled: together with others where it only tells, alone
where it moves the lead or something failed. A crash repeats the work; the unique event per
escalation and the message keys make the repeat harmless.
"""

import logging
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime
from itertools import groupby

from django.db import transaction

from accounts.models import User
from accounts.selectors import manager_of
from handoff.choices import EventKind, Status
from handoff.models import Handoff, HandoffClock
from handoff.rules.transitions import Step, may
from handoff.selectors.ladder_moves import hold_of_move
from handoff.services import tell
from handoff.services.change import append_event, hold_people, lock_handoff
from handoff.services.closing import nurture_row, return_row
from handoff.services.moves import time_out_leg
from handoff.services.telling import (
    TELLING,
    Notices,
    Overtaken,
    act_on,
    act_on_all,
    late_id,
    manager_of_pool,
    step_data,
)
from sla.choices import ClockKind, ClockState, StepAction
from sla.models import Clock, Escalation
from sla.services import (
    claim_escalations,
    defer_escalation,
    fail_escalation,
    finish_escalation,
)

logger = logging.getLogger(__name__)

BATCH = 400
NOT_CONTACTED = "Nobody contacted the buyer in time."


def apply_escalations(now: datetime) -> int:
    """Act on up to a batch of escalations that are waiting; returns how many were tried."""
    claimed = claim_escalations(now=now, limit=BATCH)
    by_clock: dict[int, list[Escalation]] = {}
    for escalation in claimed:
        by_clock.setdefault(escalation.clock_id, []).append(escalation)
    groups = [sorted(passed, key=lambda step: step.pk) for passed in by_clock.values()]
    done = _try_together(groups, now=now)
    for passed in groups:
        if passed[0].clock_id not in done:
            _try_apart(passed, now=now)
    return len(claimed)


def _try_together(groups: Sequence[Sequence[Escalation]], *, now: datetime) -> Collection[int]:
    """Act at once on the clocks whose steps only tell; the ids of those that are done.

    None are where something failed: then each is tried alone, and the bad one is found.
    """
    steps = [step for passed in groups if _only_tells(passed) for step in passed]
    if len(steps) < 2:
        return ()
    notices: Notices = {}
    try:
        with transaction.atomic():
            done = act_on_all(steps, notices, now=now)
            tell.about_steps(notices.values(), now=now)
    except Exception:
        logger.warning("escalations are tried one by one", exc_info=True)
        return ()
    return done


def _only_tells(passed: Iterable[Escalation]) -> bool:
    return all(one.step.action in TELLING for one in passed)


def _try_apart(passed: Sequence[Escalation], *, now: datetime) -> None:
    """Act on the steps of one clock together, else on each alone."""
    if len(passed) > 1 and _try(passed, now=now) is None:
        return
    # Alone, so that a bad one does not hold up what passed together with it.
    for escalation in passed:
        error = _try([escalation], now=now)
        if error is not None:
            fail_escalation(escalation=escalation, error=str(error), now=now)


def _try(passed: Sequence[Escalation], *, now: datetime) -> Exception | None:
    """Act on steps of one clock; what failed, in which case nothing is changed."""
    try:
        with transaction.atomic():
            _apply_all(passed, now=now)
    except Overtaken:
        return None
    except Exception as error:
        # One bad row must not hold up the others; it is tried again later, and set aside after
        # the last try, where an admin finds it.
        logger.exception("escalation failed", extra={"escalations": [one.pk for one in passed]})
        return error
    return None


def _apply_all(passed: Sequence[Escalation], *, now: datetime) -> None:
    """Act on the steps in their order, with one message to each person about all of them."""
    if any(one.step.action == StepAction.RETURN_TO_SUBMITTER for one in passed):
        # Before the handoff, as everywhere.
        hold_people(HandoffClock.objects.get(clock_id=passed[0].clock_id).handoff_id)
    notices: Notices = {}
    for only_tell, steps in groupby(passed, key=lambda one: one.step.action in TELLING):
        if only_tell:
            act_on(list(steps), notices, now=now)
            continue
        for step in steps:
            _move(step, now=now)
    tell.about_steps(notices.values(), now=now)


def _move(escalation: Escalation, *, now: datetime) -> None:
    link = HandoffClock.objects.select_related("leg__receiver", "leg__turn__rule").get(
        clock_id=escalation.clock_id
    )
    row = lock_handoff(link.handoff_id)
    # Whoever acknowledged the clock meanwhile wants quiet until later.
    waiting = Escalation.objects.get(pk=escalation.pk)
    if waiting.not_before > now:
        return
    clock = Clock.objects.select_related("target", "calendar_version").get(pk=escalation.clock_id)
    due = _is_due(row, escalation, link, clock)
    until = hold_of_move(row, escalation, clock, now=now) if due else None
    if until is not None:
        defer_escalation(escalation=escalation, until=until)
        return
    if not finish_escalation(escalation=escalation, now=now, superseded=not due):
        return
    if due:
        _ACTS[StepAction(escalation.step.action)](row, escalation, link, now)
        return
    append_event(
        row,
        kind=EventKind.STEP_SUPERSEDED,
        by=None,
        now=now,
        data=step_data(escalation, link),
        escalation_id=escalation.pk,
    )


def _is_due(row: Handoff, escalation: Escalation, link: HandoffClock, clock: Clock) -> bool:
    """Only while the clock runs on, and the handoff is still where the step would move it from."""
    action = escalation.step.action
    if not link.is_current or clock.state not in (ClockState.RUNNING, ClockState.PAUSED):
        return False
    if action == StepAction.REASSIGN:
        return link.leg is not None and link.leg.ended_at is None and _still_waits(row, link)
    return may(
        Step.RETURN if action == StepAction.RETURN_TO_SUBMITTER else Step.NURTURE, row.status
    )


def _still_waits(row: Handoff, link: HandoffClock) -> bool:
    """Whether what the receiver's clock asks for is still to be done, by whomever."""
    if link.kind == ClockKind.CONTACT_LEG:
        return may(Step.TIME_OUT, row.status) and row.first_contact_at is None
    return row.status == Status.PENDING


def _reassign(row: Handoff, escalation: Escalation, link: HandoffClock, now: datetime) -> None:
    if link.leg is None:
        raise AssertionError("only the clock of a leg gives it away")
    time_out_leg(row, link.leg, clock_kind=link.kind, now=now, escalation_id=escalation.pk)


def _return(row: Handoff, escalation: Escalation, link: HandoffClock, now: datetime) -> None:
    return_row(row, note=NOT_CONTACTED, by=None, now=now, escalation_id=escalation.pk)


def _nurture(row: Handoff, escalation: Escalation, link: HandoffClock, now: datetime) -> None:
    late = User.objects.get(pk=late_id(row, link.kind, link.leg.receiver_id if link.leg else None))
    owner, manager = row.owner, manager_of(late, pool_manager=manager_of_pool(row.pool, link.kind))
    leg = nurture_row(row, note=NOT_CONTACTED, by=None, now=now, escalation_id=escalation.pk)
    for user in {owner, manager}:
        if user is not None:
            tell.manager_of_nurtured(row, leg, user, now=now)


_ACTS: dict[StepAction, Callable[[Handoff, Escalation, HandoffClock, datetime], None]] = {
    StepAction.REASSIGN: _reassign,
    StepAction.RETURN_TO_SUBMITTER: _return,
    StepAction.TO_NURTURE: _nurture,
}
