"""The handoffs of some weeks as a replay of the rules takes them, batch by batch.

Read by the index over submissions, in short queries, so that a long review holds nothing up.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence, Set
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Min, Q, QuerySet

from handoff.models import Handoff, HandoffClock, Leg
from handoff.selectors.facts import FACT_PATHS, asks_from
from handoff.selectors.stickiness import GIVEN_AWAY
from routing.choices import TurnKind
from routing.rules.past import Carried, Past
from sla.choices import ClockKind

# A lead from longer before the weeks than this takes no slot in them.
LEAD_IN = timedelta(weeks=4)
CHUNK = 1_000
# Who got a lead so was not chosen by the rules.
_FIRST = {TurnKind.RETURNING.value, TurnKind.INTRODUCED.value}

Key = tuple[datetime, int]
_Had = tuple[datetime, int, int]
"""When somebody got a lead, on which handoff, and who."""


def count_past(since: datetime, until: datetime) -> int:
    """How many handoffs were submitted in that time."""
    return _submitted(since, until).count()


def first_turns(since: datetime, until: datetime) -> dict[int, int]:
    """By pool, the number of the first turn that the handoffs of that time took."""
    legs = Leg.objects.filter(
        handoff__submitted_at__gte=since, handoff__submitted_at__lt=until, assigned_at__gte=since
    )
    rows = legs.order_by().values_list("turn__pool").annotate(first=Min("turn__sequence"))
    return dict(rows)


def carried_leads(since: datetime) -> Iterator[Carried]:
    """The leads from the weeks before, by when they were handed off, with who had them first."""
    last_leg: int | None = None
    legs = Leg.objects.filter(
        handoff__submitted_at__gte=since - LEAD_IN, handoff__submitted_at__lt=since
    ).order_by("handoff__submitted_at", "handoff_id", "pk")
    rows = legs.values_list(
        "handoff_id", "receiver_id", "assigned_at", "contacted_at", "ended_at", named=True
    )
    for row in rows.iterator(CHUNK):
        if row.handoff_id != last_leg and row.assigned_at < since:
            yield Carried(row.receiver_id, row.assigned_at, _freed_at(row))
        last_leg = row.handoff_id


def past_leads(
    since: datetime, until: datetime, *, after: Key | None, limit: int, with_earlier: bool
) -> list[Past]:
    """The next handoffs by when they were submitted and by id, after the one given.

    In a constant number of queries. `with_earlier` reads who had the lead before, where a rule
    asks for that.
    """
    rows = _submitted(since, until)
    if after is not None:
        at, pk = after
        rows = rows.filter(submitted_at__gte=at).exclude(submitted_at=at, pk__lte=pk)
    found = list(
        rows.order_by("submitted_at", "pk").values_list(
            "pk",
            "submitted_at",
            "lead_id",
            "pool_id",
            "closed_at",
            "lead__company__owner_id",
            *FACT_PATHS.values(),
        )[:limit]
    )
    ids = [row[0] for row in found]
    legs, due = _first_legs(ids), _contact_due(ids)
    earlier = _receivers_of({row[2] for row in found}) if with_earlier else {}
    return [_past(row, legs.get(row[0]), due.get(row[0]), earlier.get(row[2], ())) for row in found]


def key_of(past: Past) -> Key:
    return past.at, past.handoff_id


def _submitted(since: datetime, until: datetime) -> QuerySet[Handoff]:
    return Handoff.objects.filter(submitted_at__gte=since, submitted_at__lt=until)


def _past(row: Any, leg: Any, due_at: datetime | None, had: Sequence[_Had]) -> Past:
    pk, at, _, pool_id, closed_at, owner, *facts = row
    told = dict(zip(FACT_PATHS, facts, strict=True))
    before = [user_id for when, handoff_id, user_id in had if when <= at and handoff_id != pk]
    past = {
        "handoff_id": pk,
        "at": at,
        "facts": told,
        "asks": asks_from(told),
        "owner": owner,
        "earlier": before[-1] if before else None,
        "due_at": due_at,
    }
    if leg is None:
        return Past(**past, pool_id=pool_id, was_held=True, freed_at=closed_at)
    return Past(
        **past,
        pool_id=leg.turn__pool_id,
        user_id=leg.receiver_id,
        first=leg.receiver_id if leg.turn__kind in _FIRST else None,
        was_held=leg.assigned_at > at,
        freed_at=_freed_at(leg),
    )


def _freed_at(leg: Any) -> datetime | None:
    """When the leg stopped to count as load, as it happened."""
    ends = [moment for moment in (leg.contacted_at, leg.ended_at) if moment is not None]
    return min(ends, default=None)


def _first_legs(ids: Collection[int]) -> dict[int, Any]:
    rows = Leg.objects.filter(handoff__in=ids).order_by("-pk")
    values = rows.values_list(
        "handoff_id",
        "receiver_id",
        "assigned_at",
        "contacted_at",
        "ended_at",
        "turn__kind",
        "turn__pool_id",
        named=True,
    )
    # The newest first, so that the first one is what stays.
    return {row.handoff_id: row for row in values}


def _contact_due(ids: Collection[int]) -> dict[int, datetime]:
    """When the buyer was promised a first contact, by handoff; as it was first or last moved."""
    clocks = HandoffClock.objects.filter(handoff__in=ids, kind=ClockKind.CONTACT).order_by("pk")
    return dict(clocks.values_list("handoff_id", "clock__due_at"))


def _receivers_of(leads: Set[int]) -> Mapping[int, list[_Had]]:
    """Who had the leads, or leads that were merged into them, by when they got them."""
    same = Q(handoff__lead__in=leads) | Q(handoff__lead__merged_into__in=leads)
    legs = Leg.objects.filter(same).exclude(ended_as__in=GIVEN_AWAY)
    rows = legs.order_by("assigned_at", "pk").values_list(
        "handoff__lead_id",
        "handoff__lead__merged_into_id",
        "assigned_at",
        "handoff_id",
        "receiver_id",
    )
    found: dict[int, list[_Had]] = {}
    for lead_id, merged_into, at, handoff_id, user_id in rows:
        for lead in leads & {lead_id, merged_into}:
            found.setdefault(lead, []).append((at, handoff_id, user_id))
    return found
