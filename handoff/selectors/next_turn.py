"""When the next lead would come to a receiver whose queue is empty."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from accounts.models import User
from accounts.selectors import calendar_for
from handoff.selectors.story import clock_time
from routing.models import Member
from routing.rules import Code, choose, seats_after
from routing.selectors import MemberStanding, standings_by_pool
from worktime.rules import (
    InstantOutOfRange,
    NeverCloses,
    NoOpenTime,
    is_open,
    next_close,
    next_open,
)
from worktime.selectors import rules_calendar

POOLS_SHOWN = 2
_OUT = {
    Code.INACTIVE: "You take no part",
    Code.NO_WEIGHT: "You take part with weight 0",
    Code.TIME_OFF: "You are away",
    Code.PAUSED: "You are paused",
    Code.OUT_OF_HOURS: "You are outside your working hours",
    Code.AT_CAPACITY: "You are at capacity",
    Code.AT_DAY_LIMIT: "You had today\u2019s leads",
    Code.AT_WEEK_LIMIT: "You had this week\u2019s leads",
}
_PLACES = ("next", "second", "third", "fourth", "fifth")


@dataclass(frozen=True, slots=True)
class TurnCard:
    """One thing to know about the next lead: a heading and a sentence."""

    title: str
    words: str


def next_turns(user: User, *, now: datetime) -> tuple[TurnCard, ...]:
    """The person's place in the first pools of theirs, and the hours they get leads in."""
    members = Member.objects.filter(user=user, is_active=True).select_related("pool")
    mine = list(members.order_by("pk")[:POOLS_SHOWN])
    if not mine:
        return ()
    standings = standings_by_pool([member.pool_id for member in mine], now=now)
    cards = [
        TurnCard(
            f"Your turn in {member.pool}",
            _place(standings.get(member.pool_id, ()), user, member.pool.strategy, now=now),
        )
        for member in mine
    ]
    return (*cards, *_hours(user, now=now))


def _place(standings: Sequence[MemberStanding], user: User, strategy: str, *, now: datetime) -> str:
    own = next((one for one in standings if one.user_id == user.pk), None)
    if own is None:
        return "You are no member of it any more."
    if own.excluded is not None:
        until = own.excluded.until
        back = f" until {clock_time(until, now=now)}" if until else ""
        return f"{_OUT[Code(own.excluded.code)]}{back}: leads go to the others."
    seats = [one.to_seat() for one in standings if one.excluded is None]
    last = max((seat.last_picked for seat in seats), default=0)
    for n, word in enumerate(_PLACES):
        choice = choose(strategy, seats)
        if choice is None:
            break
        if choice.seat.user_id == user.pk:
            return f"You are {word} of {len(seats)}: {_how_many(n)}."
        after = {seat.member_id: seat for seat in seats_after(choice, last + n + 1)}
        seats = [after.get(seat.member_id, seat) for seat in seats]
    return f"You are one of {len(seats)} who take turns."


def _how_many(n: int) -> str:
    if n == 0:
        return "the next lead comes to you"
    return "one lead goes to somebody else first" if n == 1 else f"{n} leads go to others first"


def _hours(user: User, *, now: datetime) -> Iterable[TurnCard]:
    calendar = calendar_for(user)
    if calendar.current_version is None:
        return
    hours = rules_calendar(calendar.current_version)
    try:
        if is_open(hours, now):
            until = clock_time(next_close(hours, now), now=now)
            yield TurnCard(f"Your hours run until {until}", f"They are those of {calendar.name}.")
        else:
            begin = clock_time(next_open(hours, now), now=now)
            words = f"They are those of {calendar.name}. The clocks of what comes now begin then."
            yield TurnCard(f"Your hours begin {begin}", words)
    except (NeverCloses, NoOpenTime, InstantOutOfRange):
        return
