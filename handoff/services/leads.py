"""Leads and companies: found again where they are known, written through from answers."""

import contextlib
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import ProtectedError, QuerySet, Value
from django.db.models.functions import Lower
from django.db.models.lookups import Exact

from accounts.models import User
from handoff.choices import FieldTarget
from handoff.models import Company, Handoff, Lead
from handoff.rules.form import Form
from handoff.rules.kinds import is_partial
from handoff.rules.placeholders import TEXT, is_placeholder
from handoff.rules.values import check_answer, is_empty, read_answer
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


def find_or_make_lead(answers: Mapping[str, Any], form: Form, *, by: User) -> Lead:
    """The person's lead with this e-mail address, or a new lead claimed by them.

    Of one that was merged with another, the one that goes on. Only answers that would pass the
    gate know a lead or company again, or become columns of a new one; a draft keeps all others.
    The names are kept as typed, so that the draft can be found again.
    """
    real = _real(form, answers)
    known = _lead_with(real.get("contact.email"), by=by)
    if known is not None:
        return known
    names = {key: name_in(answers.get(key)) for key in ("company.name", "contact.last_name")}
    columns, lead_columns = (
        {own[key]: value for key, value in {**real, **names}.items() if key in own}
        for own in (_COMPANY, _LEAD)
    )
    company = find_or_make_company(columns, by=by)
    return Lead.objects.create(company=company, claimed_by=by, **lead_columns)


def name_in(answer: object) -> str:
    """The name that an answer gives; where it is half of one, what else was said."""
    return str((answer.get(TEXT) if isinstance(answer, dict) else answer) or "")


def _real(form: Form, answers: Mapping[str, Any]) -> dict[str, Any]:
    """The answers that count wholly."""
    return {
        field.key: answers[field.key]
        for field in form.asked(answers)
        if check_answer(field, answers.get(field.key)) is None
        and not is_partial(answers[field.key])
    }


def _lead_with(email: str | None, *, by: User) -> Lead | None:
    if not email:
        return None
    leads = Lead.objects.for_user(by).filter(_any_case("email", email))
    known = leads.order_by("-id").first()
    return surviving_lead(known, by=by) if known is not None else None


def surviving_lead(lead: Lead, *, by: User) -> Lead:
    """The lead that this one was merged into, where the person may read it."""
    last = survivors_of([lead])[lead.pk]
    return Lead.objects.for_user(by).filter(pk=last).first() or lead


def find_or_make_company(columns: Mapping[str, Any], *, by: User | None) -> Company:
    """The company with this web domain, else with this name, else a new one.

    A known company is not changed here: its columns are written through at submission. What is
    typed to get past a form, such as "n/a", is no domain, and as a name it is nobody else's. A
    person's draft is of no company out of their sight, for a draft shows what is known of its
    company; ``by`` is None for an import, which sees all.
    """
    domain, name = _real_text(columns.get("domain")), str(columns["name"])
    columns = {**columns, "domain": domain}
    seen = Company.objects.all() if by is None else Company.objects.for_user(by)
    known = _company_in(seen, domain=domain, name=_real_text(name))
    return known or _make_company(columns, seen)


def _make_company(columns: Mapping[str, Any], seen: QuerySet[Company]) -> Company:
    try:
        with transaction.atomic():
            return Company.objects.create(**columns)
    except IntegrityError:
        # Somebody else's company has this domain, or one in sight since a moment ago.
        known = _company_in(seen, domain=columns["domain"], name="")
        return known or Company.objects.create(**{**columns, "domain": ""})


def _company_in(rows: QuerySet[Company], *, domain: str, name: str) -> Company | None:
    known = rows.filter(_any_case("domain", domain)).first() if domain else None
    if known is None and name:
        same_name = rows.filter(_any_case("name", name))
        # Two companies may share a name, but not when their domains differ.
        known = same_name.filter(domain="").first() if domain else same_name.first()
    return known


def _real_text(value: object) -> str:
    text = str(value or "")
    return "" if is_placeholder(text) else text


def _any_case(column: str, value: str) -> Exact:
    """The condition that the column holds the value in whatever case; there is an index on it."""
    return Exact(Lower(column), Lower(Value(value)))


def write_through(
    lead: Lead, form: Form, answers: Mapping[str, Any], *, by: User, temperature: str
) -> None:
    """Bring company and lead, as they were read, up to what a submitted form says.

    Where the form names another company than the lead's, the lead goes there. What they said
    already is not written again, whatever others write meanwhile. Empty answers erase nothing. An
    answer that is known in part only, or that the form does not ask in view of the others, stays
    on the handoff.
    """
    told = {
        field.key: (field.target, answers[field.key])
        for field in form.asked(answers)
        if not is_empty(answers.get(field.key)) and not is_partial(answers[field.key])
    }
    _write_named(lead, *_written(told, FieldTarget.COMPANY), by=by)
    columns, details = _written(told, FieldTarget.LEAD)
    _write(lead, {**columns, "temperature": temperature}, details)


def _write_named(
    lead: Lead, columns: Mapping[str, Any], details: Mapping[str, Any], *, by: User
) -> None:
    """Write the company that the form names, which is the lead's from now on."""
    company = lead.company
    named = {key: str(columns.get(key) or "") for key in ("domain", "name")}
    if any(value not in {"", getattr(company, key)} for key, value in named.items()):
        company, is_seen = _company_named(lead, by=by, **named)
        if company.pk != lead.company_id:
            _move(lead, company)
        if not is_seen:
            # Others know it better: of what they have said, nothing is written over.
            new = {key: value for key, value in columns.items() if not getattr(company, key)}
            more = {key: value for key, value in details.items() if key not in company.details}
            _write(company, new, more)
            return
        if _has_others(company, lead):
            # It is not for one of its leads to give it another name.
            columns = {**columns, "name": company.name}
    _write_company(company, columns, details)


def _company_named(lead: Lead, *, domain: str, name: str, by: User) -> tuple[Company, bool]:
    """Whose this domain or name is, and whether the person might read it before.

    A web domain says for certain whose it is, so its company is found even out of sight: the lead
    goes to whoever looks after it, and duplicates are told. Whoever has handed a lead of it off
    may read it from then on, as they may read the handoff. A name says less: it is looked up in
    sight only. A company whose only lead this is gets the domain or name itself.
    """
    own, seen = lead.company, Company.objects.for_user(by)
    if domain and own.domain.casefold() != domain.casefold():
        known = _company_in(Company.objects.all(), domain=domain, name="")
        if known is not None:
            return known, seen.filter(pk=known.pk).exists()
    is_own = own.name.casefold() == name.casefold() or not name
    if domain and own.domain:
        is_own = own.domain.casefold() == domain.casefold()
    if is_own:
        return own, True
    known = _company_in(seen, domain=domain, name=name)
    if known is None and _has_others(own, lead):
        known = _make_company({"name": name or own.name, "domain": domain}, seen)
    return known or own, True


def _has_others(company: Company, lead: Lead) -> bool:
    return company.leads.exclude(pk=lead.pk).exists()


def _move(lead: Lead, company: Company) -> None:
    left = lead.company
    Lead.objects.filter(pk=lead.pk).update(company=company)
    lead.company = company
    if not lead.external_id:
        _drop_company(left)


def _drop_company(company: Company) -> None:
    """Delete a company that a draft made, where nothing else uses it any more."""
    if company.owner_id is None and not company.details:
        with contextlib.suppress(ProtectedError):
            company.delete()


def known_lead(row: Handoff, form: Form, *, by: User) -> Lead | None:
    """The person's lead with the draft's e-mail address, where the draft made one of its own.

    A page saves a draft as soon as it is named, and the address comes later. None for a lead
    that came from elsewhere, or that something else uses too.
    """
    own = row.lead
    email = _real(form, row.answers).get("contact.email", "")
    if not email or email.casefold() == own.email.casefold():
        return None
    is_brought = own.external_id or own.source or own.qualified_at or own.merged_into_id
    if is_brought or row.previous_id:
        return None
    known = _lead_with(email, by=by)
    if known is None or known.pk == own.pk or own.handoffs.exclude(pk=row.pk).exists():
        return None
    return known


def take_lead(row: Handoff, lead: Lead) -> None:
    """Make the draft one of this lead, and drop the one that it made where nothing uses it."""
    left = row.lead
    Handoff.objects.filter(pk=row.pk).update(lead=lead)
    Lead.objects.filter(pk=lead.pk, claimed_by=None).update(claimed_by=row.submitted_by_id)
    row.lead = lead
    with contextlib.suppress(ProtectedError):
        left.delete()
        _drop_company(left.company)


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
    domain = _real_text(rest.pop("domain", None))
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
            {key: value for key, value in company.items() if not is_empty(value)}, by=None
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
