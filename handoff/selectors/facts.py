"""What rules and policies may ask about a handoff."""

from collections.abc import Collection, Mapping
from typing import Any

from handoff.models import Handoff, HandoffClock, Lead
from routing.choices import SkillKind

# Where each fact stands, seen from the handoff: for reading many at once.
FACT_PATHS = {
    "type": "type__key",
    "temperature": "temperature",
    "source": "lead__source",
    "country": "lead__company__country",
    "industry": "lead__company__industry",
    "segment": "lead__company__segment",
    "size": "lead__company__size",
    "product": "lead__product",
    "language": "lead__language",
    "score": "lead__score",
}


def lead_of(row: Handoff) -> Lead:
    """The row's lead with its company, read at once where neither was read before."""
    if not Handoff.lead.is_cached(row):
        row.lead = Lead.objects.select_related("company").get(pk=row.lead_id)
    return row.lead


def facts_of(row: Handoff) -> dict[str, Any]:
    """The facts by name, as routing rules and SLA policies take them."""
    lead = lead_of(row)
    company = lead.company
    return {
        "type": row.type.key,
        "temperature": row.temperature,
        "source": lead.source,
        "country": company.country,
        "industry": company.industry,
        "segment": company.segment,
        "size": company.size,
        "product": lead.product,
        "language": lead.language,
        "score": lead.score,
    }


def asks_of(row: Handoff) -> dict[str, str]:
    """What the lead asks of its receiver: the kind of skill and its value, in lower case."""
    return asks_from(facts_of(row))


def asks_from(facts: Mapping[str, Any]) -> dict[str, str]:
    """The same from facts that were read before; a kind that is not known is left out."""
    known = {str(kind): str(facts.get(kind) or "").strip().lower() for kind in SkillKind.values}
    return {kind: value for kind, value in known.items() if value}


def facts_by_clock(clock_ids: Collection[int]) -> dict[int, dict[str, Any]]:
    """The same for the handoffs of these clocks, by the clock's id, in one query."""
    paths = [f"handoff__{path}" for path in FACT_PATHS.values()]
    rows = HandoffClock.objects.filter(clock__in=clock_ids).values_list("clock_id", *paths)
    return {pk: dict(zip(FACT_PATHS, facts, strict=True)) for pk, *facts in rows}
