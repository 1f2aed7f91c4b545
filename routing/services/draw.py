"""The pick: lock the pool, see who is eligible, take a turn, write it down.

The pool's lock makes picks of one pool follow one another; it is taken late and held to the end
of the caller's transaction. People work in several pools at once, so a free slot is won by a
conditional update of their Load, whoever holds which pool. Locks go pool first, then Load.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import BigIntegerField, Case, F, PositiveBigIntegerField, Q, Value, When

from core.errors import Conflict
from routing.choices import TurnKind
from routing.models import Load, Member, Pool, Rule, Turn
from routing.rules import Code, Excluded, Pick, Seat, pick, seats_after
from routing.selectors import MemberStanding, member_standings

NOBODY_BARRED: Mapping[int, str] = {}


class StaleDraw(Conflict):
    """The draw was opened in a transaction that is over: the pool has moved on."""

    code = "stale_draw"
    title = "The pool has moved on"


@dataclass(slots=True)
class Draw:
    """A pool under lock, as it stands at `now`; turns taken from it keep it up to date.

    `seats` are the eligible members by member id, `exclusions` the others by user id. `free` says
    how many more leads each seated user can take, None for any number. `waiting` are the member
    ids of those who are at work but full: they were not away when they come back.
    """

    pool: Pool
    now: datetime
    seats: list[Seat]
    exclusions: dict[int, Excluded]
    free: dict[int, int | None]
    waiting: set[int] = field(default_factory=set)

    def exclude_full(self, seat: Seat, full: Excluded) -> None:
        self.seats = [other for other in self.seats if other.user_id != seat.user_id]
        self.exclusions[seat.user_id] = full
        if not seat.has_returned:
            self.waiting.add(seat.member_id)


def open_draw(*, pool_id: int, now: datetime) -> Draw:
    """Lock the pool and read its members' eligibility at `now`, in a constant number of queries.

    The lock is held until the caller's transaction ends, so the caller does everything else
    first. Raises TransactionManagementError outside a transaction, and Pool.DoesNotExist.
    """
    _require_transaction()
    pools = Pool.objects.select_for_update(of=("self",), no_key=True)
    pool = pools.select_related("manager").get(pk=pool_id)
    standings = member_standings(pool_id, now=now)
    _make_missing_loads(standings)
    draw = Draw(pool=pool, now=now, seats=[], exclusions={}, free={})
    for one in standings:
        if one.excluded is None:
            draw.seats.append(one.to_seat())
            draw.free[one.user_id] = one.standing.free
            continue
        draw.exclusions[one.user_id] = one.excluded
        if one.excluded.code == Code.AT_CAPACITY and not one.has_returned:
            draw.waiting.add(one.member_id)
    return draw


def lock_pools(pool_ids: Iterable[int]) -> None:
    """Lock several pools in the order of their ids, before the first draw or credit note of one.

    Whoever needs two pools in one transaction does this, so that no two wait for each other.
    """
    _require_transaction()
    pools = Pool.objects.select_for_update(of=("self",), no_key=True)
    list(pools.filter(pk__in=set(pool_ids)).order_by("pk").values_list("pk"))


def lock_loads(*, pool_id: int, user_id: int) -> None:
    """Lock the loads of the pool's members and of the user, in the order of the users' ids.

    Whoever takes one person's slot and frees another's in one transaction does this between the
    pools and the draw: with the same two people the other way round, each would wait for the
    other.
    """
    lock_loads_of_pools([pool_id], user_ids=[user_id])


def lock_loads_of_pools(pool_ids: Iterable[int], *, user_ids: Iterable[int] = ()) -> None:
    """The same for the members of several pools and several more people."""
    _require_transaction()
    members = Member.objects.filter(pool__in=set(pool_ids)).values("user")
    loads = Load.objects.filter(Q(user__in=members) | Q(user__in=set(user_ids)))
    list(loads.select_for_update(no_key=True).order_by("user_id").values_list("pk"))


def take_turn(
    draw: Draw,
    *,
    kind: TurnKind,
    rule: Rule | None,
    barred: Mapping[int, str] = NOBODY_BARRED,
    first: int | None = None,
    first_kind: TurnKind = TurnKind.RETURNING,
) -> Turn | None:
    """Pick the next member, take one of their free slots and write the turn; None for nobody.

    `barred` maps users who are not offered this lead to the code of the reason. The user `first`
    goes before the rotation when eligible; that turn is paid for like any other and is of
    `first_kind`; no other turn is of kind `returning`. Whoever lost the last slot to another pool
    in the meantime is passed over as at capacity. Effects: one Turn with the pool's next number,
    the credits of all candidates, one more on the picked person's Load, and the draw itself.

    Raises TransactionManagementError outside a transaction, StaleDraw after the draw's own.
    """
    _require_transaction()
    while True:
        open_to_all = [seat for seat in draw.seats if seat.user_id not in barred]
        choice = pick(open_to_all, first)
        if choice is None:
            return None
        if _win_slot(draw, choice.seat):
            break
        draw.exclude_full(choice.seat, Excluded(Code.AT_CAPACITY))
    if choice.seat.user_id == first:
        kind = first_kind
    elif kind == TurnKind.RETURNING:
        kind = TurnKind.ROTATION
    passed_over = draw.exclusions | {
        seat.user_id: Excluded(barred[seat.user_id])
        for seat in draw.seats
        if seat.user_id in barred
    }
    return _write_turn(draw, choice, kind=kind, rule=rule, passed_over=passed_over)


def take_turn_for(
    draw: Draw, *, user_id: int, kind: TurnKind, rule: Rule | None, costs_credit: bool
) -> Turn:
    """Give the turn to this person, whoever is next, at work or full; they may be no member.

    The slot counts on their Load and may exceed their capacity. `costs_credit` makes a member
    with a weight pay like anybody who is picked, out of those who are eligible; otherwise the
    turn stands in the ledger without a candidate and the rotation goes on as if it had not been.

    Raises TransactionManagementError outside a transaction, StaleDraw after the draw's own.
    """
    _require_transaction()
    Load.objects.bulk_create([Load(user_id=user_id)], ignore_conflicts=True)
    Load.objects.filter(user_id=user_id).update(open_count=F("open_count") + 1)
    member = Member.objects.filter(pool=draw.pool, user=user_id).first()
    if costs_credit and member is not None and member.weight:
        choice = _forced(draw, member)
        return _write_turn(draw, choice, kind=kind, rule=rule, passed_over={})
    credit = member.credit if member is not None else 0
    turn = Turn.objects.create(
        pool=draw.pool,
        sequence=_next_number(draw),
        at=draw.now,
        user_id=user_id,
        member=member,
        kind=kind,
        rule=rule,
        candidates=[],
        exclusions=[],
        credit_before=credit,
        credit_after=credit,
    )
    _use_slot(draw, user_id)
    return turn


def _forced(draw: Draw, member: Member) -> Pick:
    """The pick of this member, who sits down for it where they are no candidate."""
    seats = list(draw.seats)
    if all(seat.member_id != member.pk for seat in seats):
        seats.append(
            Seat(member.pk, member.user_id, member.weight, member.credit, has_returned=False)
        )
    choice = pick(seats, member.user_id)
    if choice is None or choice.seat.member_id != member.pk:
        raise AssertionError("whoever sits goes first when asked for")
    return choice


def _require_transaction() -> None:
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError(
            "A draw holds the pool's lock: open it and take turns inside transaction.atomic()."
        )


def _make_missing_loads(standings: list[MemberStanding]) -> None:
    missing = [Load(user_id=one.user_id) for one in standings if not one.has_load]
    if missing:
        Load.objects.bulk_create(missing, ignore_conflicts=True)


def _win_slot(draw: Draw, seat: Seat) -> bool:
    """Count one more open lead for the user unless that would exceed the capacity."""
    if draw.free[seat.user_id] is None:
        return _fill_slot(seat.user_id)
    # A lost update keeps the row's lock on PostgreSQL, and two transactions that each lost one
    # and went on to the other's would wait for ever; rolling back to here lets go of it.
    here = transaction.savepoint()
    is_won = _fill_slot(seat.user_id)
    if is_won:
        transaction.savepoint_commit(here)
    else:
        transaction.savepoint_rollback(here)
    return is_won


def _fill_slot(user_id: int) -> bool:
    has_room = Q(capacity__isnull=True) | Q(open_count__lt=F("capacity"))
    rows = Load.objects.filter(has_room, user_id=user_id)
    return rows.update(open_count=F("open_count") + 1) == 1


def _write_turn(
    draw: Draw,
    choice: Pick,
    *,
    kind: TurnKind,
    rule: Rule | None,
    passed_over: Mapping[int, Excluded],
) -> Turn:
    number = _next_number(draw)
    _settle_credits(draw, choice)
    turn = Turn.objects.create(
        pool=draw.pool,
        sequence=number,
        at=draw.now,
        user_id=choice.seat.user_id,
        member_id=choice.seat.member_id,
        kind=kind,
        rule=rule,
        candidates=[[seat.user_id, seat.weight, seat.credit] for seat in choice.candidates],
        exclusions=[_as_json(user_id, passed_over[user_id]) for user_id in sorted(passed_over)],
        credit_before=choice.seat.credit,
        credit_after=choice.credit_after,
    )
    _advance(draw, choice)
    return turn


def _next_number(draw: Draw) -> int:
    last = draw.pool.sequence
    if not Pool.objects.filter(pk=draw.pool.pk, sequence=last).update(sequence=last + 1):
        raise StaleDraw("Open a new draw: another turn was taken in this pool since.")
    draw.pool.sequence = last + 1
    return draw.pool.sequence


def _settle_credits(draw: Draw, choice: Pick) -> None:
    """Bring the stored credits to those after the pick, in one update of all candidates."""
    _clamp_returned(draw, choice)
    picked = Q(pk=choice.seat.member_id)
    sequence = draw.pool.sequence
    payment = Case(When(picked, then=choice.total), default=0, output_field=BigIntegerField())
    Member.objects.filter(pk__in=[seat.member_id for seat in choice.candidates]).update(
        credit=F("credit") + F("weight") - payment,
        last_picked_sequence=Case(
            When(picked, then=Value(sequence)),
            default=F("last_picked_sequence"),
            output_field=PositiveBigIntegerField(),
        ),
        last_present_sequence=sequence,
    )
    present = draw.waiting | _barred(draw, choice)
    if present:
        Member.objects.filter(pk__in=present).update(last_present_sequence=sequence)


def _clamp_returned(draw: Draw, choice: Pick) -> None:
    stored = {seat.member_id: seat.credit for seat in draw.seats}
    for credit in (choice.total, -choice.total):
        moved = [
            seat.member_id
            for seat in choice.candidates
            if seat.credit == credit != stored[seat.member_id]
        ]
        if moved:
            Member.objects.filter(pk__in=moved).update(credit=credit)


def _barred(draw: Draw, choice: Pick) -> set[int]:
    """Who sits in the draw, back for longer than this round, and was no candidate."""
    seated = {seat.member_id for seat in draw.seats if not seat.has_returned}
    return seated - {seat.member_id for seat in choice.candidates}


def _as_json(user_id: int, excluded: Excluded) -> dict[str, Any]:
    details = {
        "until": excluded.until.isoformat() if excluded.until else None,
        "open": excluded.open_count,
        "capacity": excluded.capacity,
    }
    known = {name: value for name, value in details.items() if value is not None}
    return {"user": user_id, "code": str(excluded.code), **known}


def _advance(draw: Draw, choice: Pick) -> None:
    """Make the draw what a new one would read after this turn."""
    after = {seat.member_id: seat for seat in seats_after(choice, draw.pool.sequence)}
    draw.seats = [after.get(seat.member_id, seat) for seat in draw.seats]
    _use_slot(draw, choice.seat.user_id)


def _use_slot(draw: Draw, user_id: int) -> None:
    """One slot less for a user who sits in the draw; without another they stand up."""
    seat = next((seat for seat in draw.seats if seat.user_id == user_id), None)
    free = draw.free.get(user_id)
    if seat is None or free is None:
        return
    draw.free[user_id] = free - 1
    if free == 1:
        draw.exclude_full(seat, Excluded(Code.AT_CAPACITY))
