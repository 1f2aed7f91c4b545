"""What waits because nobody was eligible: since when, why nobody, and what would help."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from accounts.models import User
from core.paging import count_for_menu
from handoff.choices import EventKind, Status
from handoff.models import Event, Handoff
from handoff.models.handoff import HandoffQuerySet
from handoff.rules.transitions import MOST_LEGS
from handoff.selectors.access import relations_to
from handoff.selectors.event_log import events_on
from handoff.selectors.facts import asks_of
from handoff.selectors.holding import barred_on_chains, legs_given
from handoff.selectors.offers import offers_to
from handoff.selectors.story import clock_time
from routing.models import Pool
from routing.rules import Code, Excluded
from routing.rules.eligibility import first_lacking
from routing.selectors import (
    MemberStanding,
    excluded_from,
    reason_words,
    skills_of,
    standings_by_pool,
)
from worktime.rules import duration_words

NAMED = 3
DAY = timedelta(days=1)
_LASTING = frozenset({Code.INACTIVE, Code.NO_WEIGHT})
_FREE = "free now, and gets it at the next look"


@dataclass(frozen=True, slots=True)
class HeldRow:
    """A held handoff: since when, how long in real time, why each member is passed over, and
    what would get it moving. `is_exhausted` says that the pool does not try again, `is_old` that it
    waits for a day or longer; `offers` is what the reader may do, where one was named.
    """

    handoff: Handoff
    since: str
    age: str
    reasons: tuple[str, ...]
    help: str
    is_exhausted: bool
    is_old: bool
    offers: frozenset[str] = frozenset()


def held_handoffs(user: User, *, pool: Pool | None = None) -> HandoffQuerySet:
    """The held handoffs in the user's sight, of one pool or of all, oldest first."""
    rows = _held(user)
    return (
        (rows.filter(pool=pool) if pool else rows)
        .select_related("lead__company", "owner", "submitted_by", "pool", "type")
        .order_by("submitted_at", "id")
    )


def pools_that_hold(user: User) -> list[Pool]:
    """The pools with something held in the user's sight, by name."""
    return list(Pool.objects.filter(pk__in=_held(user).order_by().values("pool")).order_by("name"))


def held_count(user: User) -> int:
    """How many are held, for the menu."""
    return count_for_menu(_held(user))


def _held(user: User) -> HandoffQuerySet:
    # By owner, for the index begins with it: by status alone every handoff ever would be read.
    owners = User.objects.values("pk")
    return Handoff.objects.for_user(user).filter(status=Status.HOLDING, owner__in=owners)


def held_rows(handoffs: Sequence[Handoff], *, now: datetime) -> tuple[HeldRow, ...]:
    """The handoffs with their age and reasons as they are now, in a constant number of queries."""
    events = held_events(handoffs)
    given = legs_given(handoff.pk for handoff in handoffs)
    barred = barred_on_chains(handoff.chain_id for handoff in handoffs)
    pools = standings_by_pool({row.pool_id for row in handoffs if row.pool_id}, now=now)
    people = User.objects.in_bulk({one.user_id for members in pools.values() for one in members})
    lacking = _lacking(handoffs, people)
    return tuple(
        _held_row(
            handoff,
            events.get(handoff.pk),
            _passed_over(
                pools.get(handoff.pool_id or 0, ()), barred[handoff.chain_id], lacking[handoff.pk]
            ),
            people,
            now=now,
            is_exhausted=given[handoff.pk] >= MOST_LEGS,
        )
        for handoff in handoffs
    )


def held_with_offers(
    handoffs: Sequence[Handoff], user: User, *, now: datetime
) -> tuple[HeldRow, ...]:
    """The same with what this reader may do about each."""
    relations = relations_to(handoffs, user)
    return tuple(
        replace(one, offers=offers_to(one.handoff, user, relations[one.handoff.pk]))
        for one in held_rows(handoffs, now=now)
    )


def held_events(handoffs: Sequence[Handoff]) -> dict[int, Event]:
    """The event that says why each was held last, by the handoff's id."""
    events = events_on([handoff.pk for handoff in handoffs], EventKind.HELD)
    return {event.handoff_id: event for event in events}


def exclusion_sentences(event: Event, people: dict[int, User]) -> tuple[str, ...]:
    """Why each member of the pool was passed over at that event, one sentence each."""
    return tuple(
        f"{people[skip['user']].name}: {_why(excluded_from(skip), now=event.at)}."
        for skip in event.data.get("exclusions", ())
        if skip["user"] in people
    )


def _passed_over(
    members: Sequence[MemberStanding], barred: Mapping[int, str], lacking: Mapping[int, Excluded]
) -> dict[int, Excluded | None]:
    """Why each member does not get this lead now, by user id; None for one who is free."""
    found = {}
    for one in members:
        skip = one.excluded
        if skip is None or skip.code not in _LASTING:
            # What a person lacks lasts longer than what keeps them from any lead now.
            skip = lacking.get(one.user_id) or skip
        if skip is None and one.user_id in barred:
            skip = Excluded(barred[one.user_id])
        found[one.user_id] = skip
    return found


def _lacking(
    handoffs: Sequence[Handoff], people: Collection[int]
) -> dict[int, dict[int, Excluded]]:
    """Who lacks what each lead asks for, by the handoff's id; in one query, where one asks."""
    wanted = {handoff.pk: _wanted(handoff) for handoff in handoffs}
    asked = {skill for asks in wanted.values() for skill in asks.items()}
    skills = skills_of(people, asked) if asked else {}
    return {pk: _lack(asks, people, skills) for pk, asks in wanted.items()}


def _wanted(handoff: Handoff) -> dict[str, str]:
    """What the lead asks for of the kinds that its pool looks at."""
    if handoff.pool is None or not handoff.pool.skills:
        return {}
    asks = asks_of(handoff)
    return {kind: asks[kind] for kind in handoff.pool.skills if kind in asks}


def _lack(
    asks: Mapping[str, str],
    people: Collection[int],
    skills: Mapping[int, Collection[tuple[str, str]]],
) -> dict[int, Excluded]:
    lacks = {
        user_id: first_lacking(list(asks), asks, skills.get(user_id, ())) for user_id in people
    }
    return {
        user_id: Excluded(Code.NO_SKILL, kind=lack[0], value=lack[1])
        for user_id, lack in lacks.items()
        if lack is not None
    }


def _held_row(
    handoff: Handoff,
    event: Event | None,
    members: Mapping[int, Excluded | None],
    people: Mapping[int, User],
    *,
    now: datetime,
    is_exhausted: bool,
) -> HeldRow:
    since = event.at if event else handoff.submitted_at or handoff.created_at
    reasons = tuple(
        f"{people[user_id].name}: {_why(skip, now=now)}." for user_id, skip in members.items()
    )
    if is_exhausted:
        reasons = (f"{MOST_LEGS} receivers have had it; its owner decides what next.", *reasons)
    return HeldRow(
        handoff=handoff,
        since=clock_time(since, now=now),
        age=_age(now - since),
        reasons=reasons or ("The pool has no members.",),
        help=_help(members, people, now=now, is_exhausted=is_exhausted),
        is_exhausted=is_exhausted,
        is_old=now - since >= DAY,
    )


def _age(passed: timedelta) -> str:
    """Real time, whole days from the second day on."""
    if passed < 2 * DAY:
        return duration_words(passed.total_seconds())
    return f"{passed // DAY} days"


def _why(skip: Excluded | None, *, now: datetime) -> str:
    if skip is None:
        return _FREE
    return skip_words(skip, now=now)


def skip_words(skip: Excluded, *, now: datetime) -> str:
    """Why somebody is passed over, with until when where that is known."""
    return reason_words(skip, clock_time(skip.until, now=now) if skip.until else "")


def _help(
    members: Mapping[int, Excluded | None],
    people: Mapping[int, User],
    *,
    now: datetime,
    is_exhausted: bool,
) -> str:
    """What would get it moving, the soonest and easiest first; at most three ways."""
    if is_exhausted:
        return "The pool does not try again: reassign it or return it."
    skips = {pk: skip for pk, skip in members.items() if skip is not None}
    if len(skips) < len(members):
        return "Nothing has to be done: somebody is free."
    return " ".join([*ways_to_free(skips, people, now=now), "Or reassign it yourself."])


def ways_to_free(
    skips: Mapping[int, Excluded], people: Mapping[int, User], *, now: datetime
) -> list[str]:
    """What would make one of those eligible who are passed over, the soonest and easiest first."""
    ways = []
    back = min(
        ((skip.until, pk) for pk, skip in skips.items() if skip.until is not None), default=None
    )
    if back is not None:
        ways.append(f"Wait for {people[back[1]].name}, back {clock_time(back[0], now=now)}.")
    ways += [way for code, way in _WAYS if any(_is(skip, code) for skip in skips.values())]
    return (ways or ["Add somebody to the pool."])[: NAMED - 1]


_WAYS = (
    (Code.PAUSED, "End a pause."),
    (Code.AT_CAPACITY, "Raise a capacity, or have an open lead contacted."),
    (Code.NO_WEIGHT, "Give a member more weight than 0."),
    (Code.NO_SKILL, "Add somebody who has what the lead asks for."),
)


def _is(skip: Excluded, code: Code) -> bool:
    """Whether it is this obstacle, and one that does not end by itself."""
    return skip.code == code and skip.until is None
