"""What handoffs are called, for pages of other apps that know them by id."""

from collections.abc import Collection

from django.urls import reverse

from accounts.models import User
from handoff.models import Handoff
from routing.uses import NamedLead


def named_leads(handoff_ids: Collection[int], user: User) -> dict[int, NamedLead]:
    """The name and the page of each by id, in one query; what the user may not read is left out."""
    rows = Handoff.objects.for_user(user).filter(pk__in=handoff_ids).order_by()
    return {
        row.pk: NamedLead(
            label=f"{row.lead.name}, {row.lead.company.name}",
            url=reverse("handoff:detail", args=[row.pk]),
        )
        for row in rows.select_related("lead__company")
    }
