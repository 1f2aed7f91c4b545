"""Who would get this lead? A page to read: nothing is written, whatever is asked."""

from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.models import User
from accounts.rules.policy import Action
from core import vocabulary
from core.admin import page, person, signed_in
from core.errors import NotPermitted
from handoff.models import Handoff, HandoffType
from handoff.selectors.access import handoff_for, may
from handoff.selectors.dry_run import (
    DryRun,
    Subject,
    company_called,
    subject_of_facts,
    subject_of_handoff,
    subject_of_lead,
    try_routing,
)
from handoff.selectors.lists import LEADS_OFFERED, PAGE_SIZE, lead_for, leads_for, search_words
from handoff.try_forms import FactsForm, MomentForm

# Digits that fit into a key whatever they are.
LONGEST_KEY = 18
# What is suggested while it is typed.
_SUGGESTED = ("source", "country", "industry", "segment", "product", "language")


@require_safe
@signed_in
def dry_run(request: HttpRequest) -> HttpResponse:
    """Try a handoff, a lead or typed-in facts against the rules and people of some instant."""
    user = person(request, User)
    if "handoff" in request.GET:
        return _of_handoff(request, user)
    if not user.may(Action.ROUTING_TRY):
        raise NotPermitted(
            "Managers and admins try the routing. Submitters do it from their own drafts."
        )
    if "lead" in request.GET:
        return _of_lead(request, user)
    return _of_facts(request, user)


def _of_handoff(request: HttpRequest, user: User) -> HttpResponse:
    """Whoever may hand it off learns who would get it; the rest is for those who answer for it."""
    row = handoff_for(user, _key(request.GET["handoff"]))
    if not may(row, user, Action.ROUTING_TRY):
        raise NotPermitted("Managers, admins and the submitter of a draft see who would get it.")
    return _of_known(request, subject_of_handoff(row), kept={"handoff": row.pk}, row=row, user=user)


def _of_lead(request: HttpRequest, user: User) -> HttpResponse:
    lead = lead_for(user, _key(request.GET["lead"]))
    if lead is None:
        raise Http404("There is no such lead.")
    types = _types()
    asked = request.GET.get("as", "")
    type_ = next((one for one in types if one.key == asked), types[0] if types else None)
    if type_ is None:
        raise Http404("There is no type of handoff yet.")
    kept = {"lead": lead.pk, "as": type_.key}
    return _of_known(request, subject_of_lead(lead, type_), kept=kept, row=None, user=user)


def _of_known(
    request: HttpRequest,
    subject: Subject,
    *,
    kept: Mapping[str, object],
    row: Handoff | None,
    user: User,
) -> HttpResponse:
    now = timezone.now()
    form = MomentForm(request.GET, now=now)
    context = {
        "form": form,
        "subject": subject,
        "row": row,
        "kept": kept.items(),
        "facts_query": _facts_query(subject),
    }
    at = form.cleaned_data["at"] if form.is_valid() else None
    found = try_routing(subject, now=now, at=at or now) if form.is_valid() else None
    return _answer(request, user, context, found, at=at, query=_query(request))


def _of_facts(request: HttpRequest, user: User) -> HttpResponse:
    """A lead that is typed in, or the choice of one that is known."""
    now = timezone.now()
    is_asked = "type" in request.GET
    form = FactsForm(request.GET if is_asked else None, now=now, types=_types())
    words = search_words(request.GET.get("q", ""))
    known = vocabulary.known_values()
    context = {
        "form": form,
        "facts_form": form,
        "q": " ".join(words),
        "leads": leads_for(user, words=words)[:LEADS_OFFERED] if words else (),
        "handoff": _named(user, words),
        "known": [(name, known.get(name, ())) for name in _SUGGESTED],
    }
    if not is_asked or not form.is_valid():
        return _answer(request, user, context, None, at=None, query="")
    name = form.cleaned_data["company"]
    company = company_called(name, user) if name else None
    context["unknown_company"] = name if name and company is None else ""
    subject = subject_of_facts(form.facts(), company=company)
    at = form.cleaned_data["at"]
    found = try_routing(subject, now=now, at=at or now)
    return _answer(
        request, user, {**context, "subject": subject}, found, at=at, query=_query(request)
    )


def _answer(
    request: HttpRequest,
    user: User,
    context: Mapping[str, Any],
    found: DryRun | None,
    *,
    at: datetime | None,
    query: str,
) -> HttpResponse:
    status = HTTPStatus.UNPROCESSABLE_ENTITY if context["form"].errors else HTTPStatus.OK
    members = Paginator(found.members if found else (), PAGE_SIZE)
    shown = {
        "found": found,
        "at": at,
        "query": query,
        "page": members.get_page(request.GET.get("page")),
        # Who hands a lead off learns who gets it, not how everybody else stands.
        "is_whole": user.may(Action.ROUTING_TRY),
    }
    return page(request, "handoff/try.html", {**context, **shown}, status=status)


def _types() -> list[HandoffType]:
    return list(HandoffType.objects.filter(is_active=True).order_by("pk"))


def _named(user: User, words: list[str]) -> Handoff | None:
    """The handoff of that number, where the one word of the search is one."""
    key = _key(words[0]) if len(words) == 1 else 0
    found = Handoff.objects.for_user(user).filter(pk=key).select_related("lead__company")
    return found.first() if key else None


def _key(text: str) -> int:
    """The number, or 0, which no row has."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= LONGEST_KEY else 0


def _facts_query(subject: Subject) -> str:
    """The facts as the form of typed-in ones takes them, to be tried with others."""
    facts = {name: value for name, value in subject.facts.items() if value not in (None, "")}
    return urlencode(facts | ({"company": subject.company.name} if subject.company else {}))


def _query(request: HttpRequest) -> str:
    """All that was asked but for the page, with a final &."""
    asked = request.GET.copy()
    asked.pop("page", None)
    return f"{asked.urlencode()}&" if asked else ""
