"""What waits because nobody was eligible."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime

from django.db.models import BigIntegerField, Count, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from core.prepared import PreparedRead
from handoff.choices import LegEnd, Status
from handoff.models import Handoff, Leg
from handoff.models.handoff import HandoffQuerySet
from handoff.rules.transitions import MOST_LEGS
from handoff.selectors.facts import asks_of
from routing.choices import Exclusion
from routing.models import Member, Pool
from routing.rules import Code
from routing.rules.eligibility import first_lacking
from routing.selectors import member_standings, skills_of
from routing.services import Draw

# More than this many held at once in one pool means that nobody works there at all.
LOOK_AHEAD = 200
_BARRING = {
    LegEnd.CONFLICT.value: Exclusion.CONFLICT.value,
    LegEnd.TIMED_OUT.value: Exclusion.TIMED_OUT.value,
}


def barred_on_chain(row: Handoff) -> dict[int, str]:
    """Who is not offered this lead again, and why, by user id; no query for a first handoff."""
    return barred_on_chains([row.chain_id])[row.chain_id] if row.may_have_legs else {}


def barred_on_chains(chains: Iterable[int | None]) -> dict[int | None, dict[int, str]]:
    """The same for several chains, in one query."""
    found: dict[int | None, dict[int, str]] = defaultdict(dict)
    ended = Leg.objects.filter(handoff__chain__in=list(chains), ended_as__in=list(_BARRING))
    for chain, receiver, ended_as in ended.values_list("handoff__chain", "receiver", "ended_as"):
        found[chain][receiver] = _BARRING[ended_as]
    return found


def legs_given(handoffs: Iterable[int]) -> Counter[int]:
    """How many legs each handoff has had, in one query."""
    return Counter(
        Leg.objects.filter(handoff__in=list(handoffs)).values_list("handoff_id", flat=True)
    )


def is_exhausted(
    row: Handoff, *, pool_id: int | None = None, barred: Collection[int] | None = None
) -> bool:
    """Whether a person must decide what next: no receiver is left whom the product may ask.

    It has had all its legs, or everybody who takes part in the pool, its own unless given, has
    timed out on this chain or declared a conflict: ``barred``, where the caller has read them.
    Somebody who is only away or full comes back.
    """
    if row.may_have_legs and legs_given([row.pk])[row.pk] >= MOST_LEGS:
        return True
    barred = barred_on_chain(row) if barred is None else barred
    if not barred:
        return False
    active = Member.objects.filter(is_active=True, user__is_active=True, weight__gt=0)
    members = active.filter(pool=pool_id or row.pool_id)
    return members.exists() and not members.exclude(user__in=list(barred)).exists()


def held_in_pool(pool_id: int) -> list[Handoff]:
    """The oldest handoffs that the pool holds and may still place by itself, oldest first."""
    return list(_held(pool_id)[:LOOK_AHEAD])


def _held(pool_id: int) -> HandoffQuerySet:
    legs = Leg.objects.filter(handoff=OuterRef("pk")).order_by().values("handoff")
    given = Coalesce(Subquery(legs.annotate(n=Count("pk")).values("n")), 0)
    # Those that wait for a person are left out before the limit, or they would fill it in time.
    rows = Handoff.objects.filter(pool=pool_id, status=Status.HOLDING).alias(given=given)
    found: HandoffQuerySet = (
        rows.filter(given__lt=MOST_LEGS)
        .select_related("lead__company", "type")
        .order_by("submitted_at", "pk")
    )
    return found


def placeable(pool_id: int, *, now: datetime) -> Iterator[int]:
    """Held handoffs of the pool that somebody seems free for, oldest first, by id.

    Nothing is locked for it: whoever places one looks again. In a constant number of queries for
    each batch of those held, however many of them nobody can take.
    """
    standings = member_standings(pool_id, now=now)
    free = {one.user_id for one in standings if one.excluded is None}
    rows = _held(pool_id)
    while free and (batch := list(rows[:LOOK_AHEAD])):
        takers = _takers(batch, Pool.objects.get(pk=pool_id), free)
        yield from [held.pk for held in batch if takers[held.pk]]
        last = batch[-1]
        later = Q(submitted_at=last.submitted_at, pk__gt=last.pk)
        rows = _held(pool_id).filter(Q(submitted_at__gt=last.submitted_at) | later)


def is_served_before(row: Handoff, *, draw: Draw) -> bool:
    """Whether the pool must place an older held handoff first.

    A new lead queues behind every held one that somebody who could take this one could take.
    """
    return is_queued(row, pool=draw.pool, free={seat.user_id for seat in draw.seats})


def is_queued(row: Handoff, *, pool: Pool, free: Collection[int]) -> bool:
    """Whether one of those who are free in the pool could take an older held handoff."""
    if not free or not _does_hold_another(pool, row):
        return False
    ahead = [held for held in held_in_pool(pool.pk) if held.pk != row.pk and _key(held) < _key(row)]
    return any(_takers(ahead, pool, free).values())


def _does_hold_another(pool: Pool, row: Handoff) -> bool:
    """Most pools hold nothing, and the index of what is held knows before those are read."""
    return any(pk != row.pk for (pk,) in _oldest_held(pool=pool.pk))


# In the order of that index: without it SQLite looks through all that the pool ever had.
_oldest_held = PreparedRead(
    lambda pool: (
        Handoff.objects.filter(pool=pool, status=Status.HOLDING)
        .order_by("submitted_at")
        .values_list("pk")[:2]
    ),
    pool=BigIntegerField(),
)


def can_anybody_else(draw: Draw) -> bool:
    """Whether somebody who lacks what this draw's lead asks for may be free for another."""
    return any(skip.code == Code.NO_SKILL for skip in draw.exclusions.values())


def _takers(
    rows: Sequence[Handoff], pool: Pool, free: Collection[int]
) -> dict[int, frozenset[int]]:
    """Who of those who are free could take each handoff, by its id."""
    if not rows:
        return {}
    barred = barred_on_chains(row.chain_id for row in rows)
    asks = {row.pk: asks_of(row) if pool.skills else {} for row in rows}
    wanted = {(kind, one[kind]) for one in asks.values() for kind in pool.skills if kind in one}
    skills = skills_of(free, wanted) if wanted else {}
    return {
        row.pk: frozenset(
            user
            for user in free
            if user not in barred[row.chain_id]
            and first_lacking(pool.skills, asks[row.pk], skills.get(user, ())) is None
        )
        for row in rows
    }


def _key(row: Handoff) -> tuple[bool, float, int]:
    # What is being submitted has no time yet and comes last.
    at = row.submitted_at.timestamp() if row.submitted_at else 0.0
    return (row.submitted_at is None, at, row.pk)
