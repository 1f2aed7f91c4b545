"""The latest leads, for trying rules on them."""

from datetime import datetime

from django.urls import reverse

from handoff.models import Handoff
from handoff.selectors.facts import FACT_PATHS
from routing.uses import RecentLead

_NAME = ("lead__company__name", "lead__first_name", "lead__last_name")


def recent_leads(since: datetime, most: int) -> list[RecentLead]:
    """What was handed off since then, the newest first, in one query.

    For whoever reads every handoff: it tells whose the leads are.
    """
    rows = Handoff.objects.filter(submitted_at__gte=since).order_by("-submitted_at")
    values = rows.values_list("pk", *_NAME, *FACT_PATHS.values())[:most]
    return [
        RecentLead(
            label=company or f"{first} {last}".strip(),
            url=reverse("handoff:detail", args=[pk]),
            facts=dict(zip(FACT_PATHS, facts, strict=True)),
        )
        for pk, company, first, last, *facts in values
    ]
