"""A person leaves: everything that they answer for changes hands in one transaction."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from accounts.models import User
from accounts.rules.policy import Action, allows
from accounts.services import deactivate_user, hold_admins
from core.errors import Conflict, FieldProblem, NotPermitted
from handoff.choices import EventKind, LegEnd, Status, TransferReason
from handoff.errors import LeavingRefused
from handoff.models import Handoff, Leg
from handoff.rules.transitions import Step
from handoff.selectors.leaving import leaving_problems, owned_by, received_by
from handoff.services import tell
from handoff.services.change import apply_change, transfer_to
from handoff.services.closing import end_live_leg
from handoff.services.companies import hold_companies, leave_companies
from handoff.services.decide import free
from handoff.services.moves import backup_first, moved_data, rule_of_leg
from handoff.services.placement import Placing, Reason, place
from notify.services import remove_slack
from routing.choices import TurnKind
from routing.models import Load, Member, Pool, Rule
from routing.selectors.emptied import emptied_by
from routing.services import Firsts, leave_pools, lock_loads_of_pools, lock_pools
from sla.models import Clock

LEFT = Reason(TurnKind.ROTATION, TransferReason.LEFT, EventKind.REASSIGNED, is_counted=False)
# A lead that arrives while the person leaves makes the transaction begin anew.
MOST_ATTEMPTS = 10
_RECEIVED = frozenset({Status.PENDING, Status.ACCEPTED})


@dataclass(frozen=True, slots=True)
class Offboarded:
    """What changed hands: to the successor, to other receivers, and what is held now.

    Nobody looks after the ``companies`` any more.
    """

    user: User
    successor: User
    handed_over: int
    moved: int
    held: int
    pools: tuple[Pool, ...]
    companies: int
    was_fallback_manager: bool


class _MoreArrived(Exception):
    """Something came to the person after their handoffs were locked."""


def offboard_user(
    user: User, *, successor: User, by: User, now: datetime, leaves_pools_empty: bool = False
) -> Offboarded:
    """Let a person leave: they can no longer sign in, and nothing stays with them.

    Drafts, rejected and held handoffs, the pools that they manage and the place of the fallback
    manager go to the successor; what they have received goes to their backups, else to the next
    receivers, else it is held. Nobody looks after their companies any more: the next receiver who
    makes an opportunity there does. The address of their Slack, a secret, is forgotten.
    ``leaves_pools_empty`` confirms that pools may be left without anybody.

    Raises:
        LeavingRefused: ``problems`` names what keeps them from leaving.
        NotPermitted: only an admin lets people leave.
        Conflict: leads keep arriving; try again.
    """
    if not by.is_active or not allows(by.roles, Action.PERSON_OFFBOARD, frozenset()):
        raise NotPermitted("Only a RevOps admin can let somebody leave.")
    for _ in range(MOST_ATTEMPTS):
        try:
            with transaction.atomic():
                return _offboard(
                    user, successor=successor, by=by, now=now, confirmed=leaves_pools_empty
                )
        except _MoreArrived:
            continue
    raise Conflict("New leads keep arriving for this person. Pause them first, then try again.")


def _offboard(
    user: User, *, successor: User, by: User, now: datetime, confirmed: bool
) -> Offboarded:
    hold_admins()
    # Whoever begins a draft, or sends a lead back to somebody, holds them as well.
    list(User.objects.select_for_update(no_key=True).filter(pk=user.pk).values_list("pk"))
    user.refresh_from_db()
    successor = User.objects.get(pk=successor.pk)
    rows = _lock(user)
    owned = [row for row in rows if row.status not in _RECEIVED]
    received = [row for row in rows if row.status in _RECEIVED]
    _refuse(user, successor, by=by, writes=any(row.status != Status.HOLDING for row in owned))
    legs = _end_legs(received, now=now)
    hold_companies(user)
    pools = _lock_pools(user, legs)
    _refuse_emptied(user, confirmed=confirmed)
    legs += _end_legs(_late(user, rows), now=now)
    companies = leave_companies(user, by=by, now=now)
    if companies is None or not _pools_of(legs) <= pools:
        raise _MoreArrived
    backups = {leg.pk: backup_first(leg, pool_id=rule.pool_id) for _, leg, rule in legs}
    left = leave_pools(user=user, successor=successor, by=by, now=now)
    was_fallback = deactivate_user(user=user, successor=successor, by=by, now=now)
    remove_slack(by=user, now=now)
    for row in owned:
        _hand_over(row, user, successor, by=by, now=now)
    placed = 0
    for row, leg, rule in legs:
        placed += _pass_on(row, leg, rule, firsts=backups[leg.pk], by=by, now=now)
    return Offboarded(
        user=user,
        successor=successor,
        handed_over=len(owned),
        moved=placed,
        held=len(legs) - placed,
        pools=tuple(left),
        companies=companies,
        was_fallback_manager=was_fallback,
    )


def _ids(user: User) -> list[int]:
    owned = list(owned_by(user).values_list("pk", flat=True))
    return sorted({*owned, *received_by(user).values_list("pk", flat=True)})


def _lock(user: User, *, only: Collection[int] = ()) -> list[Handoff]:
    """All that is theirs, locked by id, and the clocks of what they have received after them.

    With ``only`` just these, without waiting: what somebody else holds is left out.
    """
    rows = list(
        Handoff.objects.select_for_update(of=("self",), skip_locked=bool(only))
        .filter(pk__in=only or _ids(user))
        .select_related("lead__company", "type", "submitted_by", "owner", "pool")
        .order_by("pk")
    )
    kept = [row for row in rows if user.pk in (row.owner_id, row.submitted_by_id)]
    clocks = Clock.objects.filter(
        handoff_clock__handoff__in=[row.pk for row in kept], handoff_clock__is_current=True
    )
    held = clocks.select_for_update(of=("self",), skip_locked=bool(only)).order_by("pk")
    if len(held.values_list("pk")) < clocks.count():
        # Only what is taken without waiting can be short: a sweep has the clock just now.
        raise _MoreArrived
    return [row for row in kept if row.status != Status.CLOSED]


def _refuse(user: User, successor: User, *, by: User, writes: bool) -> None:
    problems = list(leaving_problems(user, successor, by=by, writes=writes))
    if problems:
        raise LeavingRefused(problems[0].message, problems=problems)


def _refuse_emptied(user: User, *, confirmed: bool) -> None:
    emptied = [str(pool) for pool in emptied_by(user)]
    if emptied and not confirmed:
        message = f"Nobody would be left in {', '.join(emptied)}. Confirm that, or add somebody."
        problem = FieldProblem("leaves_pools_empty", "last_member", message)
        raise LeavingRefused(message, problems=[problem])


def _end_legs(received: Sequence[Handoff], *, now: datetime) -> list[tuple[Handoff, Leg, Rule]]:
    """End their legs, all before the first pool is locked, with the rules to go on by."""
    ended = []
    for row in received:
        leg = end_live_leg(row, Step.LEAVE, LegEnd.REASSIGNED, note="", now=now)
        if leg is not None:
            ended.append((row, leg, rule_of_leg(row, leg)))
    return ended


def _late(user: User, rows: Sequence[Handoff]) -> list[Handoff]:
    """What was given to them between the first lock and that of their pools, locked as well.

    By the order of locks handoffs come before pools. To take one that nobody holds is safe in
    any order, for it never waits; what somebody holds makes all of this begin anew.
    """
    arrived = {*_ids(user)} - {row.pk for row in rows}
    late = _lock(user, only=arrived) if arrived else []
    if len(late) < len(arrived) or any(row.status not in _RECEIVED for row in late):
        raise _MoreArrived
    return late


def _pools_of(legs: Sequence[tuple[Handoff, Leg, Rule]]) -> set[int]:
    return {pool for _, leg, rule in legs for pool in (leg.turn.pool_id, rule.pool_id)}


def _lock_pools(user: User, legs: Sequence[tuple[Handoff, Leg, Rule]]) -> set[int]:
    """Every pool that this touches, then every load, and theirs whatever pool they are in."""
    pools = _pools_of(legs)
    pools |= set(Member.objects.filter(user=user).values_list("pool", flat=True))
    pools |= set(Pool.objects.filter(manager=user).values_list("pk", flat=True))
    lock_pools(pools)
    Load.objects.bulk_create([Load(user=user)], ignore_conflicts=True)
    lock_loads_of_pools(pools, user_ids=[user.pk])
    return pools


def _hand_over(row: Handoff, user: User, successor: User, *, by: User, now: datetime) -> None:
    if row.status == Status.DRAFT:
        changes = {"owner_id": successor.pk, "submitted_by_id": successor.pk}
    else:
        changes = transfer_to(row, to_id=successor.pk, reason=TransferReason.LEFT, by=by, now=now)
    apply_change(
        row,
        event=EventKind.REASSIGNED,
        by=by,
        now=now,
        changes=changes,
        data={
            "from": user.pk,
            "to": successor.pk,
            "reason": TransferReason.LEFT.value,
        },
    )


def _pass_on(row: Handoff, leg: Leg, rule: Rule, *, firsts: Firsts, by: User, now: datetime) -> int:
    """1 when somebody has it now, 0 when it is held."""
    step = Placing(LEFT, by=by, now=now, data=moved_data(leg, TransferReason.LEFT))
    next_leg = place(row, step, rule=rule, firsts=firsts)
    free(leg, now=now)
    tell.about_move(row, leg, next_leg, now=now)
    return int(next_leg is not None)
