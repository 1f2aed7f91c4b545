"""A pool's members as its page shows them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count

from routing.models import Member, Pool, Turn
from routing.rules import Room, choose
from routing.selectors.reasons import reason_words
from routing.selectors.standings import MemberStanding, member_standings

BOARD_DAYS = 30


@dataclass(frozen=True, slots=True)
class BoardLine:
    """One member as the pool's page shows them.

    `turns` counts those of the last days that were not given back. `code` and `reason` are empty
    for a member who can be picked; `is_second` says that those who are at work go before.
    """

    member: Member
    credit: int
    room: Room
    turns: int
    is_next: bool
    is_second: bool
    code: str
    reason: str
    until: datetime | None

    @property
    def open_count(self) -> int:
        return self.room.open_count

    @property
    def capacity(self) -> int | None:
        return self.room.capacity


def pool_board(pool: Pool, now: datetime) -> list[BoardLine]:
    """The pool's members with what decides the next pick, in a constant number of queries.

    The next one is told for a lead that asks for no skill.
    """
    standings = member_standings(pool.pk, now=now)
    members = Member.objects.filter(pool=pool).select_related("user", "backup__user").in_bulk()
    since = now - timedelta(days=BOARD_DAYS)
    kept = Turn.objects.filter(pool=pool, at__gt=since, credit_note__isnull=True)
    turns = dict(
        kept.filter(member__isnull=False)
        .values("member")
        .annotate(n=Count("pk"))
        .values_list("member", "n")
    )
    choice = choose(pool.strategy, [one.to_seat() for one in standings if one.excluded is None])
    next_up = choice.seat.member_id if choice else None
    asked = {seat.member_id for seat in choice.candidates} if choice else set()
    return [
        _board_line(one, members[one.member_id], turns.get(one.member_id, 0), next_up, asked)
        for one in standings
    ]


def _board_line(
    one: MemberStanding, member: Member, turns: int, next_up: int | None, asked: set[int]
) -> BoardLine:
    return BoardLine(
        member=member,
        credit=one.credit,
        room=one.standing.room,
        turns=turns,
        is_next=one.member_id == next_up,
        is_second=one.excluded is None and one.member_id not in asked,
        code=one.excluded.code if one.excluded else "",
        reason=reason_words(one.excluded) if one.excluded else "",
        until=one.excluded.until if one.excluded else None,
    )
