"""Who gets a handoff: draw from the pool, make the leg, start its clock, or hold it.

The pool's lock is taken here and held to the end of the transaction, so every caller does the
rest of its work first.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from accounts.models import User
from accounts.selectors import manager_of, organisation
from handoff.choices import EventKind, Status, TransferReason
from handoff.models import Handoff, Leg
from handoff.selectors.facts import asks_of
from handoff.selectors.holding import barred_on_chain, is_exhausted, is_served_before
from handoff.selectors.staffing import PoolHours, first_open, is_pool_staffed, pool_hours
from handoff.selectors.stickiness import sticky_receivers
from handoff.services import tell
from handoff.services.change import (
    Told,
    append_event,
    append_events,
    last_seq,
    transfer_to,
    write_changes,
)
from handoff.services.clocks import (
    Promised,
    current_hours,
    earliest_due,
    hours_in,
    promised_for,
    start_buyers,
    start_leg,
)
from routing.choices import TurnKind
from routing.models import Rule, Turn
from routing.rules import Excluded
from routing.selectors import exclusion_row
from routing.services import Draw, Firsts, open_draw, take_turn
from sla.choices import ClockKind


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a handoff is being placed: how the turn, the transfer and the event will read."""

    turn: TurnKind
    transfer: TransferReason
    event: EventKind
    is_first: bool = False
    """Whether the handoff is submitted by it, which starts the buyer's clocks."""
    is_counted: bool = True
    """Whether a handoff that has had all its legs waits for a person instead."""


@dataclass(frozen=True, slots=True)
class Placing:
    """One step that finds a receiver or holds: why, by whom, and what it writes along.

    `changes` and `data` go into the same update and event, `note` into the transfer. `by` is None
    where the product itself acts, for an escalation where one is named.
    """

    reason: Reason
    by: User | None
    now: datetime
    changes: Mapping[str, Any] = field(default_factory=dict)
    data: Mapping[str, Any] | None = None
    note: str = ""
    escalation_id: int | None = None

    def changing(self, **changes: Any) -> "Placing":
        """The same with further changes of the row."""
        return replace(self, changes={**self.changes, **changes})


SUBMITTED = Reason(TurnKind.ROTATION, TransferReason.SUBMITTED, EventKind.SUBMITTED, True)
CONFLICT = Reason(TurnKind.ROTATION, TransferReason.CONFLICT, EventKind.CONFLICT)


def place(row: Handoff, step: Placing, *, rule: Rule, firsts: Firsts = ()) -> Leg | None:
    """Give the handoff to the next receiver of the rule's pool, or hold it there.

    ``firsts`` names users who go before the rotation when eligible; those whom the rule itself
    sends its leads to first come after them. Returns the leg, or None where the handoff is held.
    """
    now = step.now
    firsts = (*firsts, *sticky_receivers(row, rule))
    # All that can be known beforehand, so that others wait for the pool as briefly as can be.
    known = _known(row, pool_id=rule.pool_id)
    draw = open_draw(pool_id=rule.pool_id, now=now, asks=asks_of(row))
    is_unstaffed = not is_pool_staffed(draw, known.hours, now=now)
    step = step.changing(pool_id=rule.pool_id)
    turn = _turn(row, step.reason, draw, rule, firsts)
    if turn is None:
        if step.reason.is_first:
            usual = known.hours.usual
            start_buyers(row, known.promised, usual=usual, now=now, is_unstaffed=is_unstaffed)
        hold(row, step, draw=draw, last_event=known.last_event)
        return None
    leg = _assign(row, step, turn, known, is_unstaffed=is_unstaffed)
    if step.reason.is_first and is_unstaffed:
        _tell_of_unstaffed(row, leg, draw=draw, now=now)
    return leg


def _turn(row: Handoff, reason: Reason, draw: Draw, rule: Rule, firsts: Firsts) -> Turn | None:
    """The turn of whoever gets it; None where it waits for a person, a place or its own turn."""
    barred = barred_on_chain(row)
    if reason.is_counted and is_exhausted(row, pool_id=draw.pool.pk, barred=barred):
        return None
    if is_served_before(row, draw=draw):
        return None
    return take_turn(draw, kind=reason.turn, rule=rule, barred=barred, firsts=firsts)


def _tell_of_unstaffed(row: Handoff, leg: Leg, *, draw: Draw, now: datetime) -> None:
    """The one alert of a handoff that came in while nobody was at work; the ladder's wait.

    One that is held has its alert by that.
    """
    manager = manager_of(leg.receiver, pool_manager=draw.pool.manager)
    opens_at = first_open(draw.pool.pk, at=now)
    append_event(
        row,
        kind=EventKind.UNSTAFFED,
        by=None,
        now=now,
        data={
            "pool": draw.pool.pk,
            "told": manager.pk if manager else None,
            "until": opens_at.isoformat() if opens_at else "",
        },
    )
    if manager is not None:
        tell.manager_of_unstaffed(row, leg, manager, opens_at=opens_at, now=now)


def assign(row: Handoff, step: Placing, *, turn: Turn, draw: Draw) -> Leg:
    """Make the leg that the turn decided on, start its clocks and tell the receiver."""
    known = _known(row, pool_id=draw.pool.pk)
    is_unstaffed = not is_pool_staffed(draw, known.hours, now=step.now)
    return _assign(row, step, turn, known, is_unstaffed=is_unstaffed)


@dataclass(frozen=True, slots=True)
class _Known:
    """What placing needs and no pick changes: promises, hours, and the last event's number."""

    promised: Promised
    hours: PoolHours
    last_event: int


def _known(row: Handoff, *, pool_id: int) -> _Known:
    return _Known(promised_for(row), pool_hours(pool_id), last_seq(row))


def _assign(row: Handoff, step: Placing, turn: Turn, known: _Known, *, is_unstaffed: bool) -> Leg:
    now = step.now
    leg = Leg.objects.create(
        handoff_id=row.pk, receiver_id=turn.user_id, turn=turn, assigned_at=now
    )
    # Whoever is given it by hand need not be of the pool.
    calendar = known.hours.by_user.get(leg.receiver_id)
    clocks = start_leg(
        row,
        leg,
        known.promised,
        hours=current_hours(leg.receiver) if calendar is None else hours_in(calendar),
        usual=known.hours.usual if step.reason.is_first else None,
        now=now,
        is_unstaffed=is_unstaffed,
    )
    # A first draft had no clock that still runs.
    due = [clock.due_at for clock in clocks]
    next_due = earliest_due(row) if row.may_have_legs else min(due, default=None)
    # Whoever has it now is told of the meeting anew.
    step = step.changing(meeting_reminded_for=None)
    given = _give(row, step, to_id=leg.receiver_id, status=Status.PENDING, next_due=next_due)
    facts: dict[str, Any] = {
        "leg": leg.pk,
        "receiver": leg.receiver_id,
        "turn": turn.pk,
        "pool": turn.pool_id,
    }
    for clock in clocks:
        if clock.kind == ClockKind.ACCEPT:
            facts |= {"clock": clock.pk, "due_at": clock.due_at.isoformat()}
    assigned = Told(EventKind.ASSIGNED, data=facts)
    append_events(row, [given, assigned], after=known.last_event, now=now)
    tell.receiver_assigned(row, leg, now=now)
    return leg


def hold(row: Handoff, step: Placing, *, draw: Draw, last_event: int) -> None:
    """Keep the handoff in the pool, owned by its manager, until somebody is eligible.

    Where nobody is left whom the product may ask, it stays until its owner decides.
    """
    owner = draw.pool.manager
    if not owner.is_active:
        owner = organisation().fallback_manager
    next_due = earliest_due(row)
    given = _give(row, step, to_id=owner.pk, status=Status.HOLDING, next_due=next_due)
    barred = barred_on_chain(row)
    skipped = {user: Excluded(code) for user, code in barred.items()} | draw.exclusions
    is_used_up = is_exhausted(row, pool_id=draw.pool.pk, barred=barred)
    held = Told(
        EventKind.HELD,
        data={
            "pool": row.pool_id,
            "owner": owner.pk,
            "exclusions": [exclusion_row(user, skipped[user]) for user in sorted(skipped)],
            "is_exhausted": is_used_up,
        },
    )
    seq = append_events(row, [given, held], after=last_event, now=step.now)
    tell.manager_of_holding(row, owner, seq=seq, is_exhausted=is_used_up, now=step.now)


def _give(
    row: Handoff, step: Placing, *, to_id: int, status: Status, next_due: datetime | None
) -> Told:
    """Write the new owner and state, with what the step writes along; the event that says so."""
    reason, by, now = step.reason, step.by, step.now
    transferred = transfer_to(
        row, to_id=to_id, reason=reason.transfer, by=by, now=now, note=step.note
    )
    changes = {**step.changes, **transferred, "status": status, "next_due_at": next_due}
    stored = write_changes(row, changes, now=now)
    data = {**(step.data or {}), "set": stored}
    return Told(reason.event, by=by, data=data, escalation_id=step.escalation_id)
