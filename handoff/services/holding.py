"""The drain: what is held goes out as soon as somebody is eligible, oldest first."""

import logging
from datetime import datetime

from django.db import InterfaceError, OperationalError, transaction

from accounts.rules.policy import Action
from core.errors import DomainError
from handoff.choices import EventKind, Status, TransferReason
from handoff.models import Handoff
from handoff.rules.transitions import Step
from handoff.selectors.facts import asks_from, facts_of
from handoff.selectors.holding import barred_on_chain, can_anybody_else, placeable
from handoff.selectors.stickiness import sticky_receivers
from handoff.services.change import open_for
from handoff.services.placement import Placing, Reason, assign
from routing.choices import TurnKind
from routing.selectors import match_rule
from routing.services import open_draw, take_turn

logger = logging.getLogger(__name__)

DRAINED = Reason(TurnKind.DRAINED, TransferReason.DRAINED, EventKind.DRAINED)


def drain_holding(now: datetime) -> int:
    """Give held handoffs to whoever has become eligible; returns how many were placed.

    Pool by pool, oldest first, passing over those that still have nobody, each in a transaction
    of its own. One that fails is logged and passed over too; it is tried again next time.
    """
    placed = 0
    holding = Handoff.objects.filter(status=Status.HOLDING, pool__isnull=False)
    pools = holding.order_by("pool_id").values_list("pool_id", flat=True).distinct()
    for pool_id in list(pools):
        for pk in placeable(pool_id, now=now):
            try:
                outcome = _place_held(pk, now=now)
            except (OperationalError, InterfaceError):
                raise
            except Exception:
                # A receiver without published hours must not hold up every lead behind this one.
                logger.exception("held handoff not placed", extra={"handoff": pk})
                continue
            if outcome is None:
                break
            placed += outcome
    return placed


def _place_held(pk: int, *, now: datetime) -> int | None:
    """1 when placed, 0 when passed over, None when the pool has nobody at all."""
    with transaction.atomic():
        try:
            row = open_for(
                pk, step=Step.DRAIN, action=Action.HANDOFF_READ, by=None, now=now, version=None
            )
        except DomainError:
            return 0
        if row.pool_id is None:
            return 0
        facts = facts_of(row)
        rule = match_rule(facts)
        same_pool = rule if rule is not None and rule.pool_id == row.pool_id else None
        firsts = sticky_receivers(row, same_pool) if same_pool else ()
        draw = open_draw(pool_id=row.pool_id, now=now, asks=asks_from(facts))
        if not draw.seats:
            return 0 if can_anybody_else(draw) else None
        turn = take_turn(
            draw,
            kind=TurnKind.DRAINED,
            rule=same_pool,
            barred=barred_on_chain(row),
            firsts=firsts,
        )
        if turn is None:
            return 0
        assign(row, Placing(DRAINED, by=None, now=now), turn=turn, draw=draw)
        return 1
