"""Whom a rule sends its leads to first: who looks after the company, who had the lead before."""

from django.db.models import Q

from handoff.choices import LegEnd
from handoff.models import Handoff, Leg
from handoff.selectors.facts import lead_of
from routing.choices import TurnKind
from routing.models import Rule
from routing.services import Firsts

# Whoever gave an earlier handoff of the lead away is not who had it.
GIVEN_AWAY = (LegEnd.CONFLICT, LegEnd.TIMED_OUT)


def sticky_receivers(row: Handoff, rule: Rule) -> Firsts:
    """Who goes before the rotation by this rule, and why; costs a query only where it asks.

    The company's owner comes before the earlier receiver. Both get it only when eligible.
    """
    found = []
    if rule.owner_first:
        found.append((lead_of(row).company.owner_id, TurnKind.OWNER))
    if rule.earlier_first:
        found.append((_earlier_receiver(row), TurnKind.EARLIER))
    return tuple((user_id, kind) for user_id, kind in found if user_id is not None)


def _earlier_receiver(row: Handoff) -> int | None:
    """Who had the lead last on another handoff of it, or of one that was merged into it."""
    same = Q(handoff__lead=row.lead_id) | Q(handoff__lead__merged_into=row.lead_id)
    legs = Leg.objects.filter(same).exclude(handoff=row.pk).exclude(ended_as__in=GIVEN_AWAY)
    return legs.order_by("-assigned_at", "-pk").values_list("receiver_id", flat=True).first()
