"""What rules and policies may ask about a handoff."""

from typing import Any

from handoff.models import Handoff


def facts_of(row: Handoff) -> dict[str, Any]:
    """The facts by name, as routing rules and SLA policies take them."""
    company = row.lead.company
    return {
        "type": row.type.key,
        "temperature": row.temperature,
        "source": row.lead.source,
        "country": company.country,
        "industry": company.industry,
        "size": company.size,
    }
