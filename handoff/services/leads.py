"""Leads and companies: found again where they are known, written through from answers."""

import contextlib
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Value
from django.db.models.functions import Lower
from django.db.models.lookups import Exact

from accounts.models import User
from handoff.choices import FieldTarget
from handoff.models import Company, Lead
from handoff.rules.form import Form
from handoff.rules.kinds import is_partial
from handoff.rules.values import is_empty, read_answer
from handoff.selectors.merged import survivors_of

_COMPANY = {
    "company.name": "name",
    "company.domain": "domain",
    "company.size": "size",
    "company.industry": "industry",
    "company.country": "country",
    "company.segment": "segment",
}
_LEAD = {
    "contact.first_name": "first_name",
    "contact.last_name": "last_name",
    "contact.title": "title",
    "contact.email": "email",
    "contact.phone": "phone",
    "contact.product": "product",
    "contact.language": "language",
    "contact.score": "score",
}
_NOTHING: Mapping[str, Any] = MappingProxyType({})
# Which columns hold answers written to a target; every other answer goes to its ``details``.
_COLUMNS = {FieldTarget.COMPANY.value: _COMPANY, FieldTarget.LEAD.value: _LEAD}


def answers_of_lead(lead: Lead, form: Form) -> dict[str, Any]:
    """What lead and company already tell, so that nobody types it again."""
    known: dict[str, Any] = {}
    for columns, source in ((_COMPANY, lead.company), (_LEAD, lead)):
        told = {key: getattr(source, column) for key, column in columns.items()}
        for key, value in {**source.details, **told}.items():
            field = form.get(key)
            if field is None or is_empty(value):
                continue
            if read_answer(field, value)[1] is None:
                known[key] = value
    return known


def find_or_make_lead(answers: Mapping[str, Any], *, by: User) -> Lead:
    """The person's lead with this e-mail address, or a new lead claimed by them.

    Of one that was merged with another, the one that goes on.
    """
    email = str(answers.get("contact.email") or "")
    if email:
        leads = Lead.objects.for_user(by).filter(_any_case("email", email))
        known = leads.order_by("-id").first()
        if known is not None:
            return surviving_lead(known, by=by)
    company = find_or_make_company({_COMPANY[k]: v for k, v in answers.items() if k in _COMPANY})
    columns = {_LEAD[key]: answers[key] for key in answers if key in _LEAD}
    return Lead.objects.create(company=company, claimed_by=by, **columns)


def surviving_lead(lead: Lead, *, by: User) -> Lead:
    """The lead that this one was merged into, where the person may read it."""
    last = survivors_of([lead])[lead.pk]
    return Lead.objects.for_user(by).filter(pk=last).first() or lead


def find_or_make_company(columns: Mapping[str, Any]) -> Company:
    """The company with this web domain, else with this name, else a new one.

    A known company is not changed here: its columns are written through at submission.
    """
    domain = str(columns.get("domain") or "")
    name = str(columns["name"])
    known = None
    if domain:
        known = Company.objects.filter(_any_case("domain", domain)).first()
    if known is None:
        same_name = Company.objects.filter(_any_case("name", name))
        # Two companies may share a name, but not when their domains differ.
        known = same_name.filter(domain="").first() if domain else same_name.first()
    if known is not None:
        return known
    try:
        with transaction.atomic():
            return Company.objects.create(**columns)
    except IntegrityError:
        # Somebody else has made the company with this domain in the meantime.
        return Company.objects.filter(_any_case("domain", domain)).get()


def _any_case(column: str, value: str) -> Exact:
    """The condition that the column holds the value in whatever case; there is an index on it."""
    return Exact(Lower(column), Lower(Value(value)))


def write_through(lead: Lead, form: Form, answers: Mapping[str, Any], *, temperature: str) -> None:
    """Bring company and lead, as they were read, up to what a submitted form says.

    What they said already is not written again, whatever others write meanwhile. Empty answers
    erase nothing. An answer that is known in part only, or that the form does not ask in view of
    the others, stays on the handoff.
    """
    told = {
        field.key: (field.target, answers[field.key])
        for field in form.asked(answers)
        if not is_empty(answers.get(field.key)) and not is_partial(answers[field.key])
    }
    _write_company(lead.company, *_written(told, FieldTarget.COMPANY))
    columns, details = _written(told, FieldTarget.LEAD)
    _write(lead, {**columns, "temperature": temperature}, details)


def _written(
    told: Mapping[str, tuple[str, Any]], target: FieldTarget
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Of the answers for this target: those with a column of their own, and the others."""
    own = _COLUMNS[target.value]
    mine = {key: value for key, (where, value) in told.items() if where == target}
    columns = {own[key]: value for key, value in mine.items() if key in own}
    return columns, {key: value for key, value in mine.items() if key not in own}


def _write_company(
    company: Company, columns: Mapping[str, Any], details: Mapping[str, Any] = _NOTHING
) -> None:
    rest = dict(columns)
    domain = rest.pop("domain", None)
    if domain and domain != company.domain:
        # Where another company answers to it, the form's answer stays on the handoff.
        with contextlib.suppress(IntegrityError), transaction.atomic():
            _write(company, {"domain": domain}, _NOTHING)
    _write(company, rest, details)


def _write(row: Company | Lead, columns: Mapping[str, Any], details: Mapping[str, Any]) -> None:
    """Write what the row does not say yet: mostly nothing, and then nobody waits for the row."""
    new = {name: value for name, value in columns.items() if getattr(row, name) != value}
    rows = type(row)._default_manager.filter(pk=row.pk)
    if any(key not in row.details or row.details[key] != details[key] for key in details):
        # Under its lock: another form may be adding to them.
        new["details"] = {**rows.select_for_update().get().details, **details}
    if not new:
        return
    rows.update(**new)
    for name, value in new.items():
        setattr(row, name, value)


@transaction.atomic
def import_lead(
    *,
    company: Mapping[str, Any],
    contact: Mapping[str, Any],
    source: str,
    external_id: str,
    temperature: str | None,
    qualified_at: datetime | None,
    claimed_by: User | None,
) -> tuple[Lead, bool]:
    """Create the lead, or update the one with the same source and external id.

    Without a source, the only lead with the external id is meant, whatever its source. Returns
    the lead and whether it is new. Empty values erase nothing that is known; a new lead is warm
    where no temperature is given.
    """
    given = {
        key: value
        for key, value in {**contact, "temperature": temperature}.items()
        if not is_empty(value)
    }
    known = _known_lead(source, external_id)
    if known is not None:
        # The company first, as at submission, so that the two cannot wait for each other.
        _write_company(known.company, {k: v for k, v in company.items() if not is_empty(v)})
        Lead.objects.filter(pk=known.pk).update(**given)
        known.refresh_from_db()
        return known, False
    lead = Lead.objects.create(
        company=find_or_make_company(
            {key: value for key, value in company.items() if not is_empty(value)}
        ),
        source=source,
        external_id=external_id,
        qualified_at=qualified_at,
        claimed_by=claimed_by,
        **given,
    )
    return lead, True


def _known_lead(source: str, external_id: str) -> Lead | None:
    if not external_id:
        return None
    same_id = Lead.objects.filter(external_id=external_id).select_related("company")
    if source:
        return same_id.filter(source=source).first()
    found = list(same_id[:2])
    return found[0] if len(found) == 1 else None
