"""What rules and policies may ask about a handoff."""

from typing import Any

from handoff.models import Handoff, Lead


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
        "size": company.size,
    }
