"""Handing off many drafts at once: look at the selection, hand it off in portions, read the result.

The selection and how far it has come stand in the session, so that a closed tab can go on. What
was handed off stands in the handoffs themselves: a portion that is sent twice, or whose process
died in the middle, hands nothing off a second time.
"""

from dataclasses import asdict, dataclass, field
from typing import Any

from django.contrib import messages
from django.core.paginator import Page, Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import User
from accounts.rules.policy import Action, Relation
from core.admin import page, person, signed_in
from core.errors import NotPermitted
from handoff.models import Handoff
from handoff.selectors.bulk import bulk_rows, drafts_among, own_drafts, readiness
from handoff.selectors.lists import PAGE_SIZE
from handoff.services import Outcome, Submitted, submit_handoffs
from handoff.services.bulk import MOST_AT_ONCE

# About as many as a page may take its time for.
PORTION = 40
# Digits that fit into a key whatever they are.
LONGEST_KEY = 18
_KEY = "bulk"


@dataclass(slots=True)
class Selection:
    """What one person selected: the drafts in their order, and how many were handed off so far.

    Until it is `begun` all that was selected stands in `ids`; from then on only what was ready,
    and `left` counts the others. `refused` says by id why some were refused.
    """

    ids: list[int] = field(default_factory=list)
    is_begun: bool = False
    at: int = 0
    left: int = 0
    refused: dict[str, str] = field(default_factory=dict)

    @property
    def count(self) -> int:
        return len(self.ids)

    @property
    def rest(self) -> int:
        """How many have not been handed off yet."""
        return len(self.ids) - self.at if self.is_begun else 0

    @property
    def handed_off(self) -> int:
        return self.at - len(self.refused)


def selection_of(request: HttpRequest) -> Selection:
    """What the person selected last; an empty one where that was nothing."""
    kept = request.session.get(_KEY)
    return Selection(**kept) if kept else Selection()


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def bulk(request: HttpRequest) -> HttpResponse:
    """What is selected and whether it is ready; while it is handed off, and after, who got it."""
    user = _submitter(request)
    if request.method == "POST":
        return _select(request, user)
    chosen = selection_of(request)
    if not chosen.is_begun:
        return _look(request, user, chosen)
    # What was refused comes first: there is something to do about it.
    refused = [pk for pk in chosen.ids if str(pk) in chosen.refused]
    tried = [pk for pk in chosen.ids[: chosen.at] if str(pk) not in chosen.refused]
    shown = _page(request, [*refused, *tried])
    why = {int(pk): words for pk, words in chosen.refused.items()}
    context = {
        "chosen": chosen,
        "page": shown,
        "rows": bulk_rows(user, list(shown), lacking={}, refused=why),
    }
    return page(request, "handoff/bulk_result.html", context)


def _look(request: HttpRequest, user: User, chosen: Selection) -> HttpResponse:
    found = readiness(user, chosen.ids, now=timezone.now())
    # Those that lack something first: there is something to do about them.
    order = sorted(found, key=lambda pk: (not found[pk], pk))
    shown = _page(request, order)
    ready = sum(not lacks for lacks in found.values())
    context = {
        "page": shown,
        "rows": bulk_rows(user, list(shown), lacking=found, refused={}),
        "ready": ready,
        "lacking": len(found) - ready,
    }
    return page(request, "handoff/bulk.html", context)


def _select(request: HttpRequest, user: User) -> HttpResponse:
    if "all" in request.POST:
        ids = list(own_drafts(user).values_list("pk", flat=True)[: MOST_AT_ONCE + 1])
    else:
        asked = request.POST.getlist("draft")
        keys = {int(one) for one in asked if _is_key(one)}
        ids = drafts_among(user, keys)
    if not ids:
        messages.error(request, "Select at least one draft, then hand off the selected.")
        return redirect("handoff:list")
    if len(ids) > MOST_AT_ONCE:
        messages.info(
            request, f"These are the oldest {MOST_AT_ONCE:,}: no more can be handed off at once."
        )
    _keep(request, Selection(ids=ids[:MOST_AT_ONCE]))
    return redirect("handoff:bulk")


@require_POST
@signed_in
def bulk_run(request: HttpRequest) -> HttpResponse:
    """Hand off the next portion of the selection."""
    user = _submitter(request)
    chosen, now = selection_of(request), timezone.now()
    if not chosen.is_begun:
        found = readiness(user, chosen.ids, now=now)
        ready = [pk for pk in chosen.ids if found.get(pk) == ""]
        if not ready:
            messages.error(request, "None of these is ready yet.")
            return redirect("handoff:bulk")
        chosen = Selection(ids=ready, is_begun=True, left=len(chosen.ids) - len(ready))
    portion = chosen.ids[chosen.at : chosen.at + PORTION]
    drafts = Handoff.objects.for_user(user).filter(pk__in=portion).order_by("pk")
    done = submit_handoffs(list(drafts), by=user, now=now)
    chosen.refused |= _refused(portion, done)
    chosen.at += len(portion)
    _keep(request, chosen)
    return redirect("handoff:bulk")


def _refused(portion: list[int], done: list[Submitted]) -> dict[str, str]:
    """Why some were refused; who lost the sight of a draft since does not hand it off either."""
    seen = {one.handoff_id for one in done}
    gone = {str(pk): "It is not yours to hand off any more." for pk in portion if pk not in seen}
    words = {
        str(one.handoff_id): " ".join([one.words, *(part.message for part in one.problems)])
        for one in done
        if one.outcome == Outcome.REFUSED
    }
    return gone | words


def _submitter(request: HttpRequest) -> User:
    user = person(request, User)
    if not user.may(Action.HANDOFF_SUBMIT, frozenset({Relation.SUBMITTER})):
        raise NotPermitted("Only submitters hand leads over.")
    return user


def _is_key(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= LONGEST_KEY


def _page(request: HttpRequest, ids: list[int]) -> Page[Any]:
    return Paginator(ids, PAGE_SIZE).get_page(request.GET.get("page"))


def _keep(request: HttpRequest, chosen: Selection) -> None:
    request.session[_KEY] = asdict(chosen)
