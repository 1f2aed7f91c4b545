"""Who looks after a company: said by a manager or an admin, or won with the first opportunity."""

import logging
from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from accounts.models import User
from accounts.rules.policy import Action, allows
from core.errors import FieldProblem, NotPermitted, NotVisible
from handoff.errors import CompanyRefused
from handoff.models import Company, Handoff, Lead
from handoff.selectors.companies import looked_after_by, people_for_companies

logger = logging.getLogger(__name__)


@transaction.atomic
def set_company_owner(company: Company, *, owner: User | None, by: User, now: datetime) -> Company:
    """Say who looks after the company, or that nobody does; handoffs under way stay as they are.

    Raises:
        NotVisible: there is no such company for this person.
        NotPermitted: only managers and admins say so.
        CompanyRefused: the owner is not active, or receives no handoffs.
    """
    if not by.is_active or not Company.objects.for_user(by).filter(pk=company.pk).exists():
        raise NotVisible("There is no such company.")
    if not allows(by.roles, Action.COMPANY_EDIT, frozenset()):
        raise NotPermitted("Only a manager or a RevOps admin says who looks after a company.")
    if owner is not None:
        _hold_receiver(owner)
    _give(Company.objects.filter(pk=company.pk), owner.pk if owner else None, by=by, now=now)
    logger.info(
        "company owner set",
        extra={
            "company": company.pk,
            "owner_id": owner.pk if owner else None,
            "by_id": by.pk,
            "at": now.isoformat(),
        },
    )
    company.refresh_from_db(fields=["owner"])
    return company


def _hold_receiver(owner: User) -> None:
    """Let the person not leave meanwhile; refuse who has left or receives nothing."""
    list(User.objects.select_for_update(no_key=True).filter(pk=owner.pk).values_list("pk"))
    if not people_for_companies().filter(pk=owner.pk).exists():
        message = f"{owner} receives no handoffs now. Choose somebody who does."
        problem = FieldProblem("owner", "not_receiver", message)
        raise CompanyRefused(message, problems=[problem])


def _give(companies: QuerySet[Company], owner_id: int | None, *, by: User, now: datetime) -> int:
    """Write who looks after these companies, with the history of it; how many changed."""
    rows = list(companies.exclude(owner=owner_id).select_for_update(no_key=True).order_by("pk"))
    ids = [row.pk for row in rows]
    known = set(Company.history.filter(id__in=ids).values_list("id", flat=True))
    # The first change of a company tells of what was before, too.
    first = [_signed(row, None, min(row.created_at, now)) for row in rows if row.pk not in known]
    Company.history.bulk_history_create(first)
    for row in rows:
        row.owner_id = owner_id
    Company.history.bulk_history_create([_signed(row, by, now) for row in rows], update=True)
    return Company.objects.filter(pk__in=ids).update(owner=owner_id)


def _signed(row: Company, by: User | None, at: datetime) -> Company:
    row._history_user = by  # type: ignore[attr-defined]  # simple_history reads it
    row._history_date = at  # type: ignore[attr-defined]  # likewise
    return row


def adopt_company(row: Handoff, receiver_id: int, *, by: User, now: datetime) -> bool:
    """The receiver of a converted handoff looks after its company, where nobody does yet.

    The caller holds the handoff, and no pool or load.
    """
    company = Lead.objects.filter(pk=row.lead_id).values("company")
    free = Company.objects.filter(pk__in=company, owner=None)
    return bool(_give(free, receiver_id, by=by, now=now))


def lock_companies(leads: Iterable[Lead]) -> None:
    """Lock the companies of these leads, in the order of their ids, before the first pool."""
    rows = Company.objects.filter(pk__in={lead.company_id for lead in leads})
    list(rows.select_for_update(no_key=True).order_by("pk").values_list("pk"))


def hold_companies(user: User) -> None:
    """Lock the person's companies, by id; whoever does comes after handoffs and before pools."""
    list(looked_after_by(user).select_for_update(no_key=True).values_list("pk"))


def leave_companies(user: User, *, by: User, now: datetime) -> int | None:
    """Nobody looks after the person's companies from now on; how many those were.

    Those that came since `hold_companies` are taken without waiting, for pools are locked by now:
    None where somebody else holds one of them just now.
    """
    mine = looked_after_by(user)
    held = list(
        mine.select_for_update(skip_locked=True, no_key=True).order_by("pk").values_list("pk")
    )
    if len(held) < mine.count():
        return None
    return _give(mine, None, by=by, now=now)
