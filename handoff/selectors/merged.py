"""Leads that turned out to be one: which of them goes on."""

from collections.abc import Collection, Iterable, Mapping

from django.db.models import Q

from handoff.models import Lead


def survivors_of(leads: Iterable[Lead]) -> dict[int, int]:
    """The id of the lead that each was merged into in the end, itself where it was not.

    No query where none of them was merged, else one for each step of the longest way.
    """
    into = {lead.pk: lead.merged_into_id for lead in leads}
    asked = list(into)
    while unknown := {pk for pk in into.values() if pk is not None} - set(into):
        into |= dict(Lead.objects.filter(pk__in=unknown).values_list("pk", "merged_into"))
    return {pk: last_of(pk, into) for pk in asked}


def family_of(leads: Collection[int]) -> dict[int, int | None]:
    """Every lead that is one with these by merging, with the one that it was merged into."""
    found: dict[int, int | None] = {}
    asked, done = set(leads), set[int]()
    while asked:
        kin = Lead.objects.filter(Q(pk__in=asked) | Q(merged_into__in=asked)).order_by()
        rows = dict(kin.values_list("pk", "merged_into"))
        found |= rows
        done |= asked
        asked = {pk for pk in (*rows, *rows.values()) if pk is not None} - done
    return found


def last_of(pk: int, into: Mapping[int, int | None]) -> int:
    """The id of the lead that goes on for this one.

    Two merges at once could make a circle in times past: one of it goes on, the same for all.
    """
    way = [pk]
    while (following := into[way[-1]]) is not None:
        if following in way:
            return min(way[way.index(following) :])
        way.append(following)
    return way[-1]
