"""What waits because nobody was eligible."""

from collections import Counter, defaultdict
from collections.abc import Iterable

from django.db.models import Count, OuterRef, Subquery
from django.db.models.functions import Coalesce

from handoff.choices import LegEnd, Status
from handoff.models import Handoff, Leg
from handoff.rules.transitions import MOST_LEGS
from routing.choices import Exclusion
from routing.models import Member
from routing.services import Draw

# More than this many held at once in one pool means that nobody works there at all.
LOOK_AHEAD = 200
_BARRING = {
    LegEnd.CONFLICT.value: Exclusion.CONFLICT.value,
    LegEnd.TIMED_OUT.value: Exclusion.TIMED_OUT.value,
}


def barred_on_chain(row: Handoff) -> dict[int, str]:
    """Who is not offered this lead again, and why, by user id."""
    return barred_on_chains([row.chain_id])[row.chain_id]


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


def is_exhausted(row: Handoff, *, pool_id: int | None = None) -> bool:
    """Whether a person must decide what next: no receiver is left whom the product may ask.

    It has had all its legs, or everybody who takes part in the pool, its own unless given, has
    timed out on this chain or declared a conflict. Somebody who is only away or full comes back.
    """
    if legs_given([row.pk])[row.pk] >= MOST_LEGS:
        return True
    barred = barred_on_chain(row)
    if not barred:
        return False
    active = Member.objects.filter(is_active=True, user__is_active=True, weight__gt=0)
    members = active.filter(pool=pool_id or row.pool_id)
    return members.exists() and not members.exclude(user__in=list(barred)).exists()


def held_in_pool(pool_id: int) -> list[Handoff]:
    """The oldest handoffs that the pool holds and may still place by itself, oldest first."""
    legs = Leg.objects.filter(handoff=OuterRef("pk")).order_by().values("handoff")
    given = Coalesce(Subquery(legs.annotate(n=Count("pk")).values("n")), 0)
    # Those that wait for a person are left out before the limit, or they would fill it in time.
    rows = Handoff.objects.filter(pool=pool_id, status=Status.HOLDING).alias(given=given)
    return list(rows.filter(given__lt=MOST_LEGS).order_by("submitted_at", "pk")[:LOOK_AHEAD])


def is_served_before(row: Handoff, *, draw: Draw) -> bool:
    """Whether the pool must place an older held handoff first.

    A new lead queues behind every held one that somebody who is free could take.
    """
    free = {seat.user_id for seat in draw.seats}
    if not free:
        return False
    ahead = [
        held for held in held_in_pool(draw.pool.pk) if held.pk != row.pk and _key(held) < _key(row)
    ]
    barred = barred_on_chains(held.chain_id for held in ahead)
    return any(free - set(barred[held.chain_id]) for held in ahead)


def _key(row: Handoff) -> tuple[bool, float, int]:
    # What is being submitted has no time yet and comes last.
    at = row.submitted_at.timestamp() if row.submitted_at else 0.0
    return (row.submitted_at is None, at, row.pk)
