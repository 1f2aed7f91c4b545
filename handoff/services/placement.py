"""Who gets a handoff: draw from the pool, make the leg, start its clock, or hold it.

The pool's lock is taken here and held to the end of the transaction, so every caller does the
rest of its work first.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from accounts.models import User
from accounts.selectors import manager_of, organisation
from handoff.choices import EventKind, Status, TransferReason
from handoff.models import Handoff, Leg
from handoff.selectors.holding import barred_on_chain, is_exhausted, is_served_before
from handoff.selectors.staffing import first_open, is_pool_staffed
from handoff.services import tell
from handoff.services.change import append_event, apply_change, transfer_to
from handoff.services.clocks import (
    Promised,
    earliest_due,
    promised_for,
    start_buyers,
    start_leg,
)
from routing.choices import TurnKind
from routing.models import Rule, Turn
from routing.services import Draw, open_draw, take_turn


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a handoff is being placed: how the turn, the transfer and the event will read."""

    turn: TurnKind
    transfer: TransferReason
    event: EventKind
    is_first: bool = False
    """Whether the handoff is submitted by it, which starts the buyer's clocks."""
    first_turn: TurnKind = TurnKind.RETURNING
    """The kind of the turn where the one named first gets it."""
    is_counted: bool = True
    """Whether a handoff that has had all its legs waits for a person instead."""


SUBMITTED = Reason(TurnKind.ROTATION, TransferReason.SUBMITTED, EventKind.SUBMITTED, True)
INTRODUCED = replace(SUBMITTED, first_turn=TurnKind.INTRODUCED)
RESUBMITTED = Reason(TurnKind.RETURNING, TransferReason.SUBMITTED, EventKind.SUBMITTED, True)
CONFLICT = Reason(TurnKind.ROTATION, TransferReason.CONFLICT, EventKind.CONFLICT)


def place(
    row: Handoff,
    *,
    rule: Rule,
    reason: Reason,
    by: User | None,
    now: datetime,
    changes: Mapping[str, Any],
    data: Mapping[str, Any] | None = None,
    first: int | None = None,
    escalation_id: int | None = None,
) -> Leg | None:
    """Give the handoff to the next receiver of the rule's pool, or hold it there.

    ``changes`` and ``data`` are what the caller's own step writes; they go into the same update
    and event. ``first`` names a user who goes before the rotation when eligible. Returns the
    leg, or None where the handoff is held.
    """
    draw = open_draw(pool_id=rule.pool_id, now=now)
    barred = barred_on_chain(row)
    is_unstaffed = not is_pool_staffed(draw, now=now)
    promised = None
    if reason.is_first:
        promised = promised_for(row)
        start_buyers(row, promised, now=now, is_unstaffed=is_unstaffed)
    turn = None
    is_used_up = reason.is_counted and is_exhausted(row, pool_id=draw.pool.pk)
    if not is_used_up and not is_served_before(row, draw=draw):
        turn = take_turn(
            draw,
            kind=reason.turn,
            rule=rule,
            barred=barred,
            first=first,
            first_kind=reason.first_turn,
        )
    changes = {**changes, "pool_id": rule.pool_id}
    if turn is None:
        hold(
            row,
            draw=draw,
            reason=reason,
            by=by,
            now=now,
            changes=changes,
            data=data,
            escalation_id=escalation_id,
        )
        return None
    leg = assign(
        row,
        turn=turn,
        draw=draw,
        reason=reason,
        by=by,
        now=now,
        changes=changes,
        data=data,
        escalation_id=escalation_id,
        is_unstaffed=is_unstaffed,
        promised=promised,
    )
    if reason.is_first and is_unstaffed:
        _tell_of_unstaffed(row, leg, draw=draw, now=now)
    return leg


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


def assign(
    row: Handoff,
    *,
    turn: Turn,
    draw: Draw,
    reason: Reason,
    by: User | None,
    now: datetime,
    changes: Mapping[str, Any],
    data: Mapping[str, Any] | None = None,
    note: str = "",
    escalation_id: int | None = None,
    is_unstaffed: bool | None = None,
    promised: Promised | None = None,
) -> Leg:
    """Make the leg that the turn decided on, start its clocks and tell the receiver."""
    receiver = User.objects.get(pk=turn.user_id)
    leg = Leg.objects.create(handoff_id=row.pk, receiver=receiver, turn=turn, assigned_at=now)
    if is_unstaffed is None:
        is_unstaffed = not is_pool_staffed(draw, now=now)
    promised = promised_for(row) if promised is None else promised
    clock = start_leg(row, leg, promised, now=now, is_unstaffed=is_unstaffed)
    transferred = transfer_to(row, to=receiver, reason=reason.transfer, by=by, now=now, note=note)
    apply_change(
        row,
        event=reason.event,
        by=by,
        now=now,
        changes={
            **changes,
            **transferred,
            "status": Status.PENDING,
            # Whoever has it now is told of the meeting anew.
            "meeting_reminded_for": None,
            "next_due_at": earliest_due(row),
        },
        data=data,
        escalation_id=escalation_id,
    )
    facts = {"leg": leg.pk, "receiver": receiver.pk, "turn": turn.pk, "pool": turn.pool_id}
    if clock is not None:
        facts |= {"clock": clock.pk, "due_at": clock.due_at.isoformat()}
    append_event(row, kind=EventKind.ASSIGNED, by=None, now=now, data=facts)
    tell.receiver_assigned(row, leg, now=now)
    return leg


def hold(
    row: Handoff,
    *,
    draw: Draw,
    reason: Reason,
    by: User | None,
    now: datetime,
    changes: Mapping[str, Any],
    data: Mapping[str, Any] | None = None,
    escalation_id: int | None = None,
) -> None:
    """Keep the handoff in the pool, owned by its manager, until somebody is eligible.

    Where nobody is left whom the product may ask, it stays until its owner decides.
    """
    owner = draw.pool.manager
    if not owner.is_active:
        owner = organisation().fallback_manager
    transferred = transfer_to(row, to=owner, reason=reason.transfer, by=by, now=now)
    apply_change(
        row,
        event=reason.event,
        by=by,
        now=now,
        changes={
            **changes,
            **transferred,
            "status": Status.HOLDING,
            "next_due_at": earliest_due(row),
        },
        data=data,
        escalation_id=escalation_id,
    )
    skipped = [
        {"user": user_id, "code": skip.code} for user_id, skip in sorted(draw.exclusions.items())
    ]
    skipped += [{"user": user, "code": code} for user, code in sorted(barred_on_chain(row).items())]
    is_used_up = is_exhausted(row, pool_id=draw.pool.pk)
    event = append_event(
        row,
        kind=EventKind.HELD,
        by=None,
        now=now,
        data={
            "pool": row.pool_id,
            "owner": owner.pk,
            "exclusions": skipped,
            "is_exhausted": is_used_up,
        },
    )
    tell.manager_of_holding(row, owner, seq=event.seq, is_exhausted=is_used_up, now=now)
