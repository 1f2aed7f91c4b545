"""Cover for time off: whose buyer would wait for somebody who is away goes to somebody else."""

import logging
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime

from django.db import InterfaceError, OperationalError, transaction

from accounts.rules.policy import Action
from accounts.selectors import manager_of
from core.errors import DomainError
from handoff.choices import EventKind, LegEnd, TransferReason
from handoff.models import Leg
from handoff.rules.transitions import Step
from handoff.selectors.absence import absence_of, left_alone
from handoff.selectors.facts import asks_of
from handoff.selectors.holding import barred_on_chain
from handoff.selectors.stickiness import sticky_receivers
from handoff.services import tell
from handoff.services.change import lock_handoff, open_for
from handoff.services.closing import end_live_leg
from handoff.services.decide import free, live_leg
from handoff.services.moves import backup_first, moved_data, rule_of_leg
from handoff.services.placement import Placing, Reason, assign
from routing.choices import TurnKind
from routing.selectors import member_standings
from routing.services import lock_loads, lock_pools, open_draw, take_turn

logger = logging.getLogger(__name__)

BATCH = 100
COVERED = Reason(TurnKind.ROTATION, TransferReason.COVER, EventKind.COVERED)


class _NobodyFree(Exception):
    """Undoes the move that has found nobody to go to."""


def apply_cover(now: datetime) -> int:
    """Move the leads of people who are away whose buyers would wait; returns how many moved.

    The backup first, else the normal pick; where nobody is eligible the lead stays and a manager
    is told, once for each leg and time off. Each in a transaction of its own; asking again
    changes nothing.
    """
    moved = 0
    free: dict[int, set[int]] = {}
    for pk in _waiting(now):
        try:
            moved += _cover(pk, free, now=now)
        except (OperationalError, InterfaceError):
            raise
        except Exception:
            # One receiver without published hours must not keep the others waiting.
            logger.exception("lead not covered", extra={"handoff": pk})
    return moved


def _waiting(now: datetime) -> Iterator[int]:
    """The handoffs to look at by id, read batch by batch."""
    last = 0
    while batch := left_alone(now=now, after=last, limit=BATCH):
        yield from batch
        last = batch[-1]


def _cover(pk: int, free: dict[int, set[int]], *, now: datetime) -> int:
    try:
        # Else what nobody can take would take locks in vain, each time.
        if _has_taker(pk, free, now=now):
            with suppress(_NobodyFree), transaction.atomic():
                return _move(pk, now=now)
        with transaction.atomic():
            _tell_manager(pk, now=now)
    except DomainError:
        # Somebody has done something about it meanwhile.
        pass
    return 0


def _has_taker(pk: int, free: dict[int, set[int]], *, now: datetime) -> bool:
    """Whether somebody seems free in the pool; nothing is locked, and whoever moves it looks again.

    ``free`` keeps who is, by pool, for the leads to come.
    """
    live = Leg.objects.filter(handoff=pk, ended_at=None).order_by()
    leg = live.select_related("handoff", "turn__rule").first()
    if leg is None or leg.turn.rule is None:
        return True
    pool_id = leg.turn.rule.pool_id
    if pool_id not in free:
        standings = member_standings(pool_id, now=now)
        free[pool_id] = {one.user_id for one in standings if one.excluded is None}
    return bool(free[pool_id] - barred_on_chain(leg.handoff).keys())


def _move(pk: int, *, now: datetime) -> int:
    """1 when moved, 0 when the lead is not left alone any more."""
    row = open_for(pk, step=Step.COVER, action=Action.HANDOFF_READ, by=None, now=now, version=None)
    leg = live_leg(row, now=now)
    away = absence_of(row, leg, now=now)
    if away is None:
        return 0
    end_live_leg(row, Step.COVER, LegEnd.COVERED, note="", now=now)
    rule = rule_of_leg(row, leg)
    lock_pools([leg.turn.pool_id, rule.pool_id])
    lock_loads(pool_id=rule.pool_id, user_id=leg.receiver_id)
    firsts = backup_first(leg, pool_id=rule.pool_id, kind=TurnKind.COVER)
    draw = open_draw(pool_id=rule.pool_id, now=now, asks=asks_of(row))
    turn = take_turn(
        draw,
        kind=TurnKind.ROTATION,
        rule=rule,
        barred=barred_on_chain(row),
        firsts=(*firsts, *sticky_receivers(row, rule)),
    )
    if turn is None:
        raise _NobodyFree
    data = {**moved_data(leg, TransferReason.COVER), "to": turn.user_id, "time_off": away.pk}
    step = Placing(COVERED, by=None, now=now, changes={"pool_id": rule.pool_id}, data=data)
    next_leg = assign(row, step, turn=turn, draw=draw)
    free(leg, now=now)
    tell.about_move(row, _ended(leg), next_leg, now=now)
    return 1


def _ended(leg: Leg) -> Leg:
    leg.refresh_from_db(fields=["ended_at", "ended_as"])
    return leg


def _tell_manager(pk: int, *, now: datetime) -> None:
    row = lock_handoff(pk)
    leg = live_leg(row, now=now)
    away = absence_of(row, leg, now=now)
    manager = manager_of(leg.receiver, pool_manager=row.pool.manager if row.pool else None)
    if away is not None and manager is not None:
        tell.manager_of_uncovered(row, leg, manager, time_off_id=away.pk, now=now)
