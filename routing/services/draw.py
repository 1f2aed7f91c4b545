"""The pick: lock the pool, see who is eligible, take a turn, write it down.

The pool's lock makes picks of one pool follow one another; it is taken late and held to the end
of the caller's transaction. People work in several pools at once, so a free slot is won by a
conditional update of their Load, whoever holds which pool. Locks go pool first, then Load.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction
from django.db.models import (
    BigIntegerField,
    Case,
    F,
    PositiveBigIntegerField,
    Q,
    Subquery,
    Value,
    When,
)

from accounts.models import Organisation
from accounts.selectors import UTC, known_zone
from core.errors import Conflict
from core.prepared import PreparedUpdate
from routing.choices import Hours, TurnKind
from routing.models import Load, Member, Pool, Rule, Turn
from routing.rules import (
    BUSY,
    NOTHING_ASKED,
    Asks,
    Code,
    Excluded,
    Period,
    Pick,
    Room,
    Seat,
    choose,
    seats_after,
)
from routing.selectors import MemberStanding, exclusion_row, standings_in
from routing.services.slots import add_slot, fill_slot, room_of

NOBODY_BARRED: Mapping[int, str] = {}
# Users who go before the rotation when they are eligible, in this order, and why.
Firsts = Sequence[tuple[int, TurnKind]]


class StaleDraw(Conflict):
    """The draw was opened in a transaction that is over: the pool has moved on."""

    code = "stale_draw"
    title = "The pool has moved on"


@dataclass(slots=True)
class Draw:
    """A pool under lock, as it stands at `now`; turns taken from it keep it up to date.

    `seats` are the members who are eligible for what the lead `asks`, by member id, `exclusions`
    the others by user id. `rooms` says what each seated user carries and may carry. `waiting` are
    the member ids of those who are busy rather than away: they were not away when they come back.
    `opens` says when those of the seated users who are not at work will be, by user id.
    """

    pool: Pool
    now: datetime
    period: Period
    seats: list[Seat]
    exclusions: dict[int, Excluded]
    rooms: dict[int, Room]
    asks: Asks = field(default_factory=dict)
    waiting: set[int] = field(default_factory=set)
    opens: dict[int, datetime | None] = field(default_factory=dict)

    @property
    def knows_hours(self) -> bool:
        """Whether the seats tell who is at work."""
        return self.pool.hours != Hours.IGNORED

    def passed_over(
        self, barred: Mapping[int, str] = NOBODY_BARRED, choice: Pick | None = None
    ) -> dict[int, Excluded]:
        """Who is no candidate, and why, by user id; `barred` are those who sit and may not.

        With a choice those too who sit and had to let others go before, who are at work.
        """
        seated = {seat.user_id for seat in self.seats}
        found = {user: Excluded(code) for user, code in barred.items() if user in seated}
        if choice is not None:
            asked = {seat.user_id for seat in choice.candidates}
            found |= {
                user: Excluded(Code.OUT_OF_HOURS, until=self.opens[user])
                for user in seated - asked
                if user not in found
            }
        return self.exclusions | found

    def exclude_full(self, seat: Seat, full: Excluded) -> None:
        self.seats = [other for other in self.seats if other.user_id != seat.user_id]
        self.exclusions[seat.user_id] = full
        if not seat.has_returned:
            self.waiting.add(seat.member_id)


def open_draw(*, pool_id: int, now: datetime, asks: Asks = NOTHING_ASKED) -> Draw:
    """Lock the pool and read its members' eligibility at `now`, in a constant number of queries.

    `asks` is what the lead asks of its receiver; the draw is then one for such leads. The lock is
    held until the caller's transaction ends, so the caller does everything else first. Raises
    TransactionManagementError outside a transaction, and Pool.DoesNotExist.
    """
    _require_transaction()
    pool, period = _lock(pool_id, now)
    standings = standings_in({pool_id: pool}, now=now, asks=asks, period=period).get(pool_id, [])
    _make_missing_loads(standings)
    draw = Draw(pool, now, period, seats=[], exclusions={}, rooms={}, asks=asks)
    for one in standings:
        if one.excluded is None:
            draw.seats.append(one.to_seat())
            draw.rooms[one.user_id] = one.standing.room
            draw.opens[one.user_id] = one.standing.opens_at
            continue
        draw.exclusions[one.user_id] = one.excluded
        if one.excluded.code in BUSY and not one.has_returned:
            draw.waiting.add(one.member_id)
    return draw


def _lock(pool_id: int, now: datetime) -> tuple[Pool, Period]:
    """The pool under lock, and the organisation's day and week with it, in one query."""
    pools = Pool.objects.select_for_update(of=("self",), no_key=True)
    zone = Subquery(Organisation.objects.order_by().values("zone")[:1])
    pool = pools.annotate(zone=zone).get(pk=pool_id)
    return pool, Period.at(now, known_zone(pool.zone or "") or UTC)


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
    firsts: Firsts = (),
) -> Turn | None:
    """Pick the next member, take one of their free slots and write the turn; None for nobody.

    `barred` maps users who are not offered this lead to the code of the reason. The first of
    `firsts` who is eligible goes before the others; that turn is paid for like any other and is of
    the kind named there. Whoever lost the last slot to another pool in the meantime is passed over
    with what they have now. Effects: one Turn with the pool's next number, the credits of all
    candidates where the strategy has credits, one more on the picked person's Load, and the draw.

    Raises TransactionManagementError outside a transaction, StaleDraw after the draw's own.
    """
    _require_transaction()
    # Named twice, it is the first reason that is told.
    kinds = dict(reversed(list(firsts)))
    while True:
        open_to_all = [seat for seat in draw.seats if seat.user_id not in barred]
        choice = choose(draw.pool.strategy, open_to_all, [user_id for user_id, _ in firsts])
        if choice is None:
            return None
        full = _win_slot(draw, choice.seat)
        if full is None:
            break
        draw.exclude_full(choice.seat, full)
    return _write_turn(
        draw,
        choice,
        kind=kinds.get(choice.seat.user_id, kind),
        rule=rule,
        passed_over=draw.passed_over(barred, choice),
    )


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
    add_slot(user_id, draw.period)
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
        strategy=draw.pool.strategy,
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
        # Among those at work, or among all where nobody is: nobody else is left out for it.
        seats.append(
            Seat(member.pk, member.user_id, member.weight, member.credit, is_at_work=False)
        )
    choice = choose(draw.pool.strategy, seats, [member.user_id])
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


def _win_slot(draw: Draw, seat: Seat) -> Excluded | None:
    """Count one more lead for the user; why not, where that would exceed a limit by now."""
    if not draw.rooms[seat.user_id].is_bounded and fill_slot(seat.user_id, draw.period):
        return None
    # A lost update keeps the row's lock on PostgreSQL, and two transactions that each lost one
    # and went on to the other's would wait for ever; rolling back to here lets go of it.
    here = transaction.savepoint()
    if fill_slot(seat.user_id, draw.period):
        transaction.savepoint_commit(here)
        return None
    transaction.savepoint_rollback(here)
    return room_of(seat.user_id, draw.period).full(draw.period) or Excluded(Code.AT_CAPACITY)


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
        strategy=draw.pool.strategy,
        rule=rule,
        candidates=[[seat.user_id, seat.weight, seat.credit] for seat in choice.candidates],
        exclusions=[
            exclusion_row(user_id, passed_over[user_id]) for user_id in sorted(passed_over)
        ],
        credit_before=choice.seat.credit,
        credit_after=choice.credit_after,
    )
    _advance(draw, choice)
    return turn


def _next_number(draw: Draw) -> int:
    last = draw.pool.sequence
    if not _number(pool=draw.pool.pk, last=last, new=last + 1):
        raise StaleDraw("Open a new draw: another turn was taken in this pool since.")
    draw.pool.sequence = last + 1
    return draw.pool.sequence


_number = PreparedUpdate(
    lambda pool, last, new: (Pool.objects.filter(pk=pool, sequence=last), {"sequence": new}),
    pool=BigIntegerField(),
    last=BigIntegerField(),
    new=BigIntegerField(),
)


def _settle_credits(draw: Draw, choice: Pick) -> None:
    """Bring the stored credits to those after the pick, in one update of all candidates.

    A pick without credits moves nothing but the picked member's last turn: the rotation stands
    still meanwhile and goes on from where it was.
    """
    picked = Q(pk=choice.seat.member_id)
    sequence = draw.pool.sequence
    if not choice.is_paid:
        Member.objects.filter(picked).update(last_picked_sequence=sequence)
        return
    _clamp_returned(draw, choice)
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


def _advance(draw: Draw, choice: Pick) -> None:
    """Make the draw what a new one would read after this turn."""
    after = {seat.member_id: seat for seat in seats_after(choice, draw.pool.sequence)}
    draw.seats = [after.get(seat.member_id, seat) for seat in draw.seats]
    _use_slot(draw, choice.seat.user_id)


def _use_slot(draw: Draw, user_id: int) -> None:
    """One slot less for a user who sits in the draw; without another they stand up."""
    seat = next((seat for seat in draw.seats if seat.user_id == user_id), None)
    if seat is None:
        return
    draw.rooms[user_id] = draw.rooms[user_id].taken()
    full = draw.rooms[user_id].full(draw.period)
    if full is not None:
        draw.exclude_full(seat, full)
