"""Changes of receiver after the first: by the ladder, by a manager.

A move ends the live leg and starts another; the buyer's clock runs on through all of them.
"""

from datetime import datetime

from django.db import transaction

from accounts.models import User
from accounts.rules.policy import Action
from core.errors import FieldProblem
from handoff.choices import EventKind, LegEnd, Status, TransferReason
from handoff.errors import NotSetUp, ReassignmentRefused
from handoff.models import Handoff, Leg
from handoff.rules.ownership import BY_MANAGER, RESTARTS_FREEZE
from handoff.rules.transitions import Step
from handoff.selectors.facts import facts_of
from handoff.selectors.reassign import may_receive
from handoff.services import tell
from handoff.services.change import open_for
from handoff.services.clocks import stop_clocks
from handoff.services.closing import end_live_leg
from handoff.services.decide import end_leg, free, note_problems
from handoff.services.placement import Placing, Reason, assign, place
from routing.choices import TurnKind
from routing.models import Load, Member, Pool, Rule
from routing.selectors import match_rule
from routing.services import (
    Firsts,
    give_back,
    lock_loads,
    lock_loads_of_pools,
    lock_pools,
    open_draw,
    take_turn_for,
)

TIMED_OUT = Reason(TurnKind.ROTATION, TransferReason.SLA_BREACH, EventKind.TIMED_OUT)


def time_out_leg(
    row: Handoff, leg: Leg, *, clock_kind: str, now: datetime, escalation_id: int
) -> Leg | None:
    """Pass a handoff on whose receiver let a clock of theirs run out; the next leg, or None.

    The turn stays spent unless its pool says otherwise: to ignore leads must not pay. The
    receiver's backup goes first when eligible; without anybody it is held. The caller has locked
    the handoff and found it with them.
    """
    stop_clocks(row, step=Step.TIME_OUT, now=now)
    end_leg(row, leg, ended_as=LegEnd.TIMED_OUT, now=now)
    rule = rule_of_leg(row, leg)
    lock_pools([leg.turn.pool_id, rule.pool_id])
    lock_loads(pool_id=rule.pool_id, user_id=leg.receiver_id)
    step = Placing(
        TIMED_OUT,
        by=None,
        now=now,
        data={**moved_data(leg, TransferReason.SLA_BREACH), "clock_kind": clock_kind},
        escalation_id=escalation_id,
    )
    next_leg = place(row, step, rule=rule, firsts=backup_first(leg, pool_id=rule.pool_id))
    # After the next pick, as with a conflict: the turn that comes back is not this lead's.
    if Pool.objects.filter(pk=leg.turn.pool_id, timeout_costs_turn=False).exists():
        give_back(turn=leg.turn, reason="timed_out", now=now)
    free(leg, now=now)
    tell.about_move(row, leg, next_leg, now=now)
    return next_leg


def reassign_handoff(
    handoff: Handoff,
    *,
    to: User,
    reason: str,
    note: str,
    by: User,
    now: datetime,
    version: int | None = None,
) -> Handoff:
    """Give a lead to somebody whom a manager chose, in the pool or not, at work or full.

    They must accept it again; the freeze begins anew when they do. The turn counts as load and
    may exceed the capacity, which the event says; whether it costs credit is the pool's setting.

    Raises:
        ReassignmentRefused: ``problems`` names what is wrong with the receiver, reason or note.
        HandoffNotOpen, StaleVersion: it is no longer held, pending or accepted, or changed.
        NotPermitted, NotVisible: it is not this person's to give away.
    """
    with transaction.atomic():
        row = open_for(
            handoff.pk,
            step=Step.REASSIGN,
            action=Action.HANDOFF_REASSIGN,
            by=by,
            now=now,
            version=version,
        )
        _refuse(_problems(row, to, reason, note))
        leg = end_live_leg(row, Step.REASSIGN, LegEnd.REASSIGNED, note="", now=now)
        why = TransferReason(reason)
        next_leg = _assign_by_hand(row, leg, to=to, why=why, note=note, by=by, now=now)
        free(leg, now=now)
        tell.about_move(row, leg, next_leg, now=now)
        return row


def _assign_by_hand(
    row: Handoff,
    leg: Leg | None,
    *,
    to: User,
    why: TransferReason,
    note: str,
    by: User,
    now: datetime,
) -> Leg:
    pool_id = row.pool_id or any_rule(row).pool_id
    lock_pools([pool_id, leg.turn.pool_id if leg else pool_id])
    lock_loads_of_pools([pool_id], user_ids=[to.pk, leg.receiver_id if leg else to.pk])
    draw = open_draw(pool_id=pool_id, now=now)
    turn = take_turn_for(
        draw,
        user_id=to.pk,
        kind=TurnKind.MANUAL,
        rule=None,
        costs_credit=draw.pool.manual_costs_turn,
    )
    # Under the lock of the person's load: whoever leaves takes that lock before they are gone.
    if not User.objects.filter(pk=to.pk, is_active=True).exists():
        _refuse([_inactive(to)])
    load = Load.objects.get(user=to)
    # Both reasons that a person may give let the freeze begin anew with the next acceptance.
    restarted = {"freeze_until": None} if why in RESTARTS_FREEZE else {}
    changes = {**restarted, "pool_id": pool_id}
    step = Placing(
        Reason(TurnKind.MANUAL, why, EventKind.REASSIGNED),
        by=by,
        now=now,
        changes=changes,
        data={
            **moved_data(leg, why),
            "to": to.pk,
            "over_capacity": load.capacity is not None and load.open_count > load.capacity,
        },
        note=note.strip(),
    )
    return assign(row, step, turn=turn, draw=draw)


def rule_of_leg(row: Handoff, leg: Leg) -> Rule:
    """The rule by which the next receiver is found: the leg's own, else what holds now."""
    return leg.turn.rule or any_rule(row)


def any_rule(row: Handoff) -> Rule:
    """The rule that holds for the handoff now.

    Raises:
        NotSetUp: no rules are published.
    """
    rule = match_rule(facts_of(row))
    if rule is None:
        raise NotSetUp("No routing rule says who is next. Ask your admin to publish one.")
    return rule


def backup_of(leg: Leg, *, pool_id: int) -> int | None:
    """The user who stands in for the leg's receiver in the pool, where somebody does."""
    mine = Member.objects.filter(pool=pool_id, user=leg.receiver_id)
    return mine.values_list("backup__user", flat=True).first()


def backup_first(leg: Leg, *, pool_id: int, kind: TurnKind = TurnKind.BACKUP) -> Firsts:
    """That user as the one who goes before the rotation, for a turn of that kind."""
    backup = backup_of(leg, pool_id=pool_id)
    return () if backup is None else ((backup, kind),)


def moved_data(leg: Leg | None, why: TransferReason) -> dict[str, object]:
    """What the event of every move says: whose leg ended, and why."""
    return {
        "leg": leg.pk if leg else None,
        "from": leg.receiver_id if leg else None,
        "reason": why.value,
    }


def _problems(row: Handoff, to: User, reason: str, note: str) -> list[FieldProblem]:
    problems = []
    if not to.is_active:
        problems.append(_inactive(to))
    elif not may_receive(row, to):
        message = f"{to} is in no group that receives \u201c{row.type.name}\u201d."
        problems.append(FieldProblem("to", "not_a_receiver", message))
    elif row.status != Status.HOLDING and row.owner_id == to.pk:
        problems.append(FieldProblem("to", "has_it", f"{to} has this lead. Choose another."))
    if reason not in BY_MANAGER:
        message = "Choose why: a manager's decision or a change of territory."
        problems.append(FieldProblem("reason", "invalid_choice", message))
    if not note.strip():
        message = "Say why, for whoever has it now and whoever gets it."
        problems.append(FieldProblem("note", "required", message))
    return problems + note_problems(note)


def _inactive(to: User) -> FieldProblem:
    return FieldProblem("to", "inactive", f"{to} is not active. Choose somebody who is.")


def _refuse(problems: list[FieldProblem]) -> None:
    if problems:
        raise ReassignmentRefused(problems[0].message, problems=problems)
