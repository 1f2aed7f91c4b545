"""Leads that turned out to be one: which of them goes on."""

from collections.abc import Iterable

from handoff.models import Lead


def survivors_of(leads: Iterable[Lead]) -> dict[int, int]:
    """The id of the lead that each was merged into in the end, itself where it was not.

    No query where none of them was merged, else one for each step of the longest way.
    """
    into = {lead.pk: lead.merged_into_id for lead in leads}
    asked = list(into)
    while unknown := {pk for pk in into.values() if pk is not None} - set(into):
        into |= dict(Lead.objects.filter(pk__in=unknown).values_list("pk", "merged_into"))
    return {pk: _last(pk, into) for pk in asked}


def _last(pk: int, into: dict[int, int | None]) -> int:
    while (following := into[pk]) is not None:
        pk = following
    return pk
