"""Which open handoffs may be about the same buyer."""

from dataclasses import dataclass
from datetime import datetime

from django.db import models
from django.db.models.functions import Lower

from accounts.models import User
from handoff.choices import Status
from handoff.models import Handoff
from handoff.rules.transitions import SURVIVING
from handoff.selectors.story import clock_time

OFFERED = 25


@dataclass(frozen=True, slots=True)
class Other:
    """Another handoff of the same lead, e-mail or company, in words."""

    handoff: Handoff
    words: str


def others_of(row: Handoff, user: User, *, now: datetime) -> tuple[Other, ...]:
    """The open handoffs of the type that may be about the same buyer and that the user may read.

    The oldest come first, since the buyer has waited for those longest.
    """
    lead = row.lead
    same = models.Q(lead__company=lead.company_id)
    if lead.email:
        same |= models.Q(email_folded=lead.email.lower())
    found = (
        Handoff.objects.for_user(user)
        .alias(email_folded=Lower("lead__email"))
        .filter(same, type=row.type_id, status__in=SURVIVING)
        .exclude(pk=row.pk)
        .select_related("lead__company", "owner")
        .order_by("submitted_at", "id")
    )
    return tuple(Other(one, _words(one, now=now)) for one in found[:OFFERED])


def _words(one: Handoff, *, now: datetime) -> str:
    since = f", handed off {clock_time(one.submitted_at, now=now)}" if one.submitted_at else ""
    state = str(Status(one.status).label).lower()
    who = f"{one.lead.name}, {one.lead.company.name}"
    return f"{who}: {state}, {one.owner.name} has it{since}"
