"""Phase 2 of escalation: what came due on a clock becomes events, messages and moves.

Each escalation is claimed by a lease and handled in one transaction, which locks the handoff,
reads the state again and marks the escalation handled. A crash repeats the work; the unique
event per escalation and the message keys make the repeat harmless.
"""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F

from accounts.models import User
from accounts.selectors import manager_of, senior_of
from handoff.choices import EventKind, Status
from handoff.models import Handoff, HandoffClock
from handoff.rules.transitions import Step, may
from handoff.selectors.ladder_moves import hold_of_alert, hold_of_move
from handoff.services import tell
from handoff.services.change import append_event, hold_people, lock_handoff
from handoff.services.closing import nurture_row, return_row
from handoff.services.moves import time_out_leg
from handoff.services.tell import Notice
from notify.selectors import channel_of
from sla.choices import ClockKind, ClockState, StepAction
from sla.models import Clock, Escalation
from sla.rules.targets import MOVES, is_before_due
from sla.services import (
    claim_escalations,
    defer_escalation,
    fail_escalation,
    finish_escalation,
)

logger = logging.getLogger(__name__)

BATCH = 100
NOT_CONTACTED = "Nobody contacted the buyer in time."
_ALERTS = (StepAction.ALERT_MANAGER, StepAction.NOTIFY_CHANNEL)
# By whom a notice is known while steps are gathered: a person's id, or that of a channel.
_Key = tuple[str, int]


def apply_escalations(now: datetime) -> int:
    """Act on up to a batch of escalations that are waiting; returns how many were tried."""
    claimed = claim_escalations(now=now, limit=BATCH)
    by_clock: dict[int, list[Escalation]] = {}
    for escalation in claimed:
        by_clock.setdefault(escalation.clock_id, []).append(escalation)
    for passed in by_clock.values():
        if len(passed) > 1 and _try(sorted(passed, key=lambda step: step.pk), now=now) is None:
            continue
        # Alone, so that a bad one does not hold up what passed together with it.
        for escalation in passed:
            error = _try([escalation], now=now)
            if error is not None:
                fail_escalation(escalation=escalation, error=str(error), now=now)
    return len(claimed)


def _try(passed: Sequence[Escalation], *, now: datetime) -> Exception | None:
    """Act on steps of one clock; what failed, in which case nothing is changed."""
    try:
        with transaction.atomic():
            _apply_all(passed, now=now)
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
    notices: dict[_Key, Notice] = {}
    for escalation in passed:
        _apply(escalation, notices, now=now)
    for notice in notices.values():
        tell.about_steps(notice, now=now)


def _apply(escalation: Escalation, notices: dict[_Key, Notice], *, now: datetime) -> None:
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
    until = _hold(row, escalation, clock, now=now) if due else None
    if until is not None:
        defer_escalation(escalation=escalation, until=until)
        return
    if not finish_escalation(escalation=escalation, now=now, superseded=not due):
        return
    if not due:
        _record(row, escalation, EventKind.STEP_SUPERSEDED, link, now=now)
    elif escalation.step.action in _TOLD:
        _tell(row, escalation, link, notices, now=now)
    elif escalation.step.action == StepAction.NOTIFY_CHANNEL:
        _post(row, escalation, link, notices, now=now)
    else:
        _ACTS[StepAction(escalation.step.action)](row, escalation, link, now)


def _hold(row: Handoff, escalation: Escalation, clock: Clock, *, now: datetime) -> datetime | None:
    """Until when the step waits; a breach and a reminder never do."""
    if escalation.step.action in MOVES:
        return hold_of_move(row, escalation, clock, now=now)
    return hold_of_alert(row, clock, now=now) if escalation.step.action in _ALERTS else None


def _is_due(row: Handoff, escalation: Escalation, link: HandoffClock, clock: Clock) -> bool:
    """A breach and its alert stand once the due time is missed; a reminder, what alerts before due
    and a move only while the clock runs on, and a move only where the handoff is still where it
    would move it from.
    """
    action = escalation.step.action
    is_live = link.is_current and clock.state in (ClockState.RUNNING, ClockState.PAUSED)
    if action == StepAction.REMIND:
        return clock.state == ClockState.RUNNING
    if action == StepAction.REASSIGN:
        has_leg = link.leg is not None and link.leg.ended_at is None
        return is_live and has_leg and _still_waits(row, link)
    if action == StepAction.RETURN_TO_SUBMITTER:
        return is_live and may(Step.RETURN, row.status)
    if action == StepAction.TO_NURTURE:
        return is_live and may(Step.NURTURE, row.status)
    if clock.breached_at is None and is_before_due(escalation.step.offset):
        return clock.state == ClockState.RUNNING
    return clock.breached_at is not None


def _still_waits(row: Handoff, link: HandoffClock) -> bool:
    """Whether what the receiver's clock asks for is still to be done, by whomever."""
    if link.kind == ClockKind.CONTACT_LEG:
        return may(Step.TIME_OUT, row.status) and row.first_contact_at is None
    return row.status == Status.PENDING


def _breach(row: Handoff, escalation: Escalation, link: HandoffClock, now: datetime) -> None:
    """With the reason where the clock was late when it began, by another target or start."""
    begun_late = Clock.objects.filter(
        pk=escalation.clock_id, replaces__cancelled_at__gt=F("due_at")
    ).exists()
    more = {"reason": "retargeted"} if begun_late else {}
    _record(row, escalation, EventKind.BREACHED, link, now=now, more=more)


def _tell(
    row: Handoff,
    escalation: Escalation,
    link: HandoffClock,
    notices: dict[_Key, Notice],
    *,
    now: datetime,
) -> None:
    """Note whom the step tells; whom an earlier one tells already hears of both at once."""
    event, kind = _TOLD[StepAction(escalation.step.action)]
    to = _recipients(row, escalation, link)
    _record(row, escalation, event, link, now=now, told=to)
    for user in to:
        new = Notice(kind, row, link.leg, user, link.clock_id)
        notice = notices.setdefault(("user", user.pk), new)
        notice.steps.append(escalation.pk)
        if kind == tell.LATE:
            notice.kind = kind


def _post(
    row: Handoff,
    escalation: Escalation,
    link: HandoffClock,
    notices: dict[_Key, Notice],
    *,
    now: datetime,
) -> None:
    """Note that the channel of whoever is late hears of it, where there is one by now."""
    channel = channel_of(_late_one(row, link))
    more = {"channel": channel.pk, "team": channel.team_id} if channel else {"channel": None}
    _record(row, escalation, EventKind.POSTED, link, now=now, more=more)
    if channel is not None:
        new = Notice(tell.LATE, row, link.leg, channel, link.clock_id)
        notices.setdefault(("channel", channel.pk), new).steps.append(escalation.pk)


def _reassign(row: Handoff, escalation: Escalation, link: HandoffClock, now: datetime) -> None:
    if link.leg is None:
        raise AssertionError("only the clock of a leg gives it away")
    time_out_leg(row, link.leg, clock_kind=link.kind, now=now, escalation_id=escalation.pk)


def _return(row: Handoff, escalation: Escalation, link: HandoffClock, now: datetime) -> None:
    return_row(row, note=NOT_CONTACTED, by=None, now=now, escalation_id=escalation.pk)


def _nurture(row: Handoff, escalation: Escalation, link: HandoffClock, now: datetime) -> None:
    owner, manager = row.owner, _manager(row, link, _late_one(row, link))
    leg = nurture_row(row, note=NOT_CONTACTED, by=None, now=now, escalation_id=escalation.pk)
    for user in {owner, manager}:
        if user is not None:
            tell.manager_of_nurtured(row, leg, user, now=now)


_TOLD = {
    StepAction.REMIND: (EventKind.REMINDED, tell.REMIND),
    StepAction.ALERT_MANAGER: (EventKind.ALERTED, tell.LATE),
}
_ACTS: dict[StepAction, Callable[[Handoff, Escalation, HandoffClock, datetime], None]] = {
    StepAction.BREACH: _breach,
    StepAction.REASSIGN: _reassign,
    StepAction.RETURN_TO_SUBMITTER: _return,
    StepAction.TO_NURTURE: _nurture,
}


def _recipients(row: Handoff, escalation: Escalation, link: HandoffClock) -> list[User]:
    """The people whom the step names, each once; who is not active is told nothing."""
    late = _late_one(row, link)
    found: dict[int, User] = {}
    for name in escalation.step.recipients:
        user = _named(name, row, link, late)
        if user is not None and user.is_active:
            found.setdefault(user.pk, user)
    return list(found.values())


def _named(name: str, row: Handoff, link: HandoffClock, late: User) -> User | None:
    if name == "submitter":
        return _submitter(row)
    if name in ("manager", "senior"):
        senior = senior_of(late) if name == "senior" else None
        if senior is not None:
            return senior
        return _manager(row, link, late)
    return late if name == "receiver" else row.owner


def _manager(row: Handoff, link: HandoffClock, late: User) -> User | None:
    """Who answers for whoever is late; the pool's manager not for what is not handed off."""
    is_theirs = link.kind == ClockKind.HAND_OFF
    pool_manager = row.pool.manager if row.pool and not is_theirs else None
    return manager_of(late, pool_manager=pool_manager)


def _late_one(row: Handoff, link: HandoffClock) -> User:
    """Whose clock it is: the leg's receiver, the submitter, or whoever has the lead now."""
    if link.leg is not None:
        return link.leg.receiver
    return _submitter(row) if link.kind == ClockKind.HAND_OFF else row.owner


def _submitter(row: Handoff) -> User:
    """Who works on what is not handed off: the submitter, or who took over from one that left."""
    return row.owner if row.status in (Status.DRAFT, Status.REJECTED) else row.submitted_by


def _record(
    row: Handoff,
    escalation: Escalation,
    kind: EventKind,
    link: HandoffClock,
    *,
    now: datetime,
    told: Iterable[User] = (),
    more: Mapping[str, Any] | None = None,
) -> None:
    data: dict[str, Any] = {
        "clock": link.clock_id,
        "clock_kind": link.kind,
        "leg": link.leg_id,
        "step": escalation.step_id,
        "action": escalation.step.action,
        "step_at": escalation.at.isoformat(),
        **(more or {}),
    }
    if escalation.step.action in _ALERTS and is_before_due(escalation.step.offset):
        data["before_due"] = True
    people = [user.pk for user in told]
    if people:
        data |= {"told": people[0], "also_told": people[1:]}
    append_event(row, kind=kind, by=None, now=now, data=data, escalation_id=escalation.pk)
