"""Many leads or handoffs at once, all or nothing."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction

from accounts.models import User
from accounts.rules.policy import Action, allows
from core.errors import NotPermitted
from handoff.models import Handoff, HandoffType, Lead
from handoff.services.closing import convert_handoff
from handoff.services.companies import lock_companies
from handoff.services.decide import accept_handoff
from handoff.services.drafts import create_draft
from handoff.services.leads import import_lead
from handoff.services.submit import submit_handoff
from routing.selectors import published_rules
from routing.services import lock_pools


@dataclass(frozen=True, slots=True)
class LeadRow:
    """One lead of a file, read and checked."""

    company: Mapping[str, Any]
    contact: Mapping[str, Any]
    source: str
    external_id: str
    temperature: str | None = None
    qualified_at: datetime | None = None
    claimed_by: User | None = None


@dataclass(frozen=True, slots=True)
class HandoffRow:
    """One handoff that happened somewhere else, with the lead it was about."""

    lead: LeadRow
    submitter: User
    at: datetime
    answers: Mapping[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class ImportResult:
    created: int = 0
    updated: int = 0


def _nothing() -> None:
    """Nobody watches."""


@transaction.atomic
def import_leads(
    rows: Iterable[LeadRow], *, by: User | None, done: Callable[[], None] = _nothing
) -> ImportResult:
    """Create or update every lead, or none; ``done`` is called after each.

    Raises:
        NotPermitted: the person may not import. None is the operator at the console.
    """
    if by is not None and not allows(by.roles, Action.LEAD_IMPORT, frozenset()):
        raise NotPermitted("Only admins import leads.")
    result = ImportResult()
    for row in rows:
        _, is_new = import_lead(
            company=row.company,
            contact=row.contact,
            source=row.source,
            external_id=row.external_id,
            temperature=row.temperature,
            qualified_at=row.qualified_at,
            claimed_by=row.claimed_by,
        )
        if is_new:
            result.created += 1
        else:
            result.updated += 1
        done()
    return result


@transaction.atomic
def replay_handoffs(
    rows: Iterable[HandoffRow], *, type: HandoffType, done: Callable[[], None] = _nothing
) -> list[Handoff]:
    """Hand off, accept and convert every row at its own time, in that order, or none of them.

    Whoever the router picks has made an opportunity of it at once, so that no clock stays open.
    All leads are written first, then all companies and all pools locked, so that nobody who hands
    off meanwhile waits for a lead or its company while this waits for their pool.

    Raises:
        DomainError: of the first row that cannot be handed off; nothing is kept.
    """
    in_order = sorted(rows, key=lambda item: item.at)
    leads = [_lead_of(row) for row in in_order]
    lock_companies(leads)
    lock_pools({rule.pool_id for rule in published_rules()})
    handoffs = []
    for row, lead in zip(in_order, leads, strict=True):
        draft = create_draft(
            type=type, answers=row.answers, by=row.submitter, now=row.at, lead=lead
        )
        handoff = submit_handoff(draft, by=row.submitter, now=row.at)
        if handoff.status == "pending":
            handoff = accept_handoff(handoff, by=handoff.owner, now=row.at)
            handoff = convert_handoff(handoff, by=handoff.owner, now=row.at)
        handoffs.append(handoff)
        done()
    return handoffs


def _lead_of(row: HandoffRow) -> Lead:
    lead, _ = import_lead(
        company=row.lead.company,
        contact=row.lead.contact,
        source=row.lead.source,
        external_id=row.lead.external_id,
        temperature=row.lead.temperature,
        qualified_at=row.lead.qualified_at,
        claimed_by=row.submitter,
    )
    return lead
