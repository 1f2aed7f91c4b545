"""Pages that list: the queue, handoffs, leads, who is late, what is held."""

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.choices import Role
from accounts.models import User
from accounts.rules.policy import Action
from core.admin import page, person, signed_in
from core.navigation import address
from handoff.choices import Status
from handoff.selectors.access import types_for
from handoff.selectors.late import late_count
from handoff.selectors.lists import ListRow, handoff_list, lead_list, search_words
from handoff.selectors.next_turn import next_turns
from handoff.selectors.queue import TABS, queue_of
from handoff.views.bulk import selection_of

# The first role of a person's that is named here decides where they start.
HOMES = (
    (Role.AE, "handoff:queue"),
    (Role.SDR, "handoff:list"),
    (Role.MANAGER, "handoff:late"),
    (Role.ADMIN, "review:week"),
)


@require_safe
@signed_in
def home(request: HttpRequest) -> HttpResponse:
    """To the page where this person's work is."""
    user = person(request, User)
    names = [name for role, name in HOMES if role.value in user.roles]
    # A manager begins with what is late, and on a quiet day with the team.
    if "handoff:late" in names and not late_count(user, now=timezone.now()):
        names[names.index("handoff:late")] = "handoff:team"
    return HttpResponseRedirect(next(filter(None, map(address, [*names, "handoff:list"]))))


@require_safe
@signed_in
def queue(request: HttpRequest) -> HttpResponse:
    """What waits for the reader, most urgent first."""
    user = person(request, User)
    now = timezone.now()
    asked = request.GET.get("tab", "")
    tab = asked if asked in TABS else ""
    shown = queue_of(
        user,
        tab=tab,
        now=now,
        zone=timezone.get_current_timezone(),
        number=request.GET.get("page", ""),
    )
    context = {
        "queue": shown,
        "now": now,
        "tab": tab,
        "back": f"queue:{tab}" if tab else "queue",
        "query": _query(tab=tab),
        "turns": () if shown.groups else next_turns(user, now=now),
    }
    return page(request, "handoff/queue.html", context)


@require_safe
@signed_in
def handoffs(request: HttpRequest) -> HttpResponse:
    """The handoffs in the reader's sight, narrowed by status and a search."""
    user = person(request, User)
    asked = request.GET.get("status", "")
    status = asked if asked in Status.values else ""
    words = search_words(request.GET.get("q", ""))
    shown = handoff_list(
        user,
        status=status,
        words=words,
        now=timezone.now(),
        zone=timezone.get_current_timezone(),
        number=request.GET.get("page", ""),
    )
    context = {
        "list": shown,
        "status": status,
        "statuses": Status.choices,
        "unknown": asked if asked and not status else "",
        "q": " ".join(words),
        "query": _query(status=status, q=" ".join(words)),
        "heading": _heading(user),
        "is_own": user.roles <= {Role.SDR.value},
        "may_create": bool(types_for(user)),
        "bulk": selection_of(request),
        "may_pick": sum(_is_own_draft(row, user) for row in (*shown.needs, *shown.rows)) > 1,
        "picks_all": request.GET.get("select") == "page",
    }
    return page(request, "handoff/list.html", context)


def _is_own_draft(row: ListRow, user: User) -> bool:
    return row.handoff.status == Status.DRAFT and row.handoff.submitted_by_id == user.pk


def _heading(user: User) -> str:
    if user.is_admin:
        return "All handoffs"
    return "Handoffs of my teams" if user.is_manager else "My handoffs"


@require_safe
@signed_in
def leads(request: HttpRequest) -> HttpResponse:
    """The leads in the reader's sight, each with its way into a handoff."""
    user = person(request, User)
    asked = request.GET.get("source", "")
    words = search_words(request.GET.get("q", ""))
    shown = lead_list(user, words=words, source=asked, number=request.GET.get("page", ""))
    context = {
        "rows": shown.rows,
        "page": shown.page,
        "sources": shown.sources,
        "source": shown.source,
        "unknown": asked if asked and not shown.source else "",
        "q": " ".join(words),
        "query": _query(source=shown.source, q=" ".join(words)),
        "may_create": bool(types_for(user)),
        "may_try": user.may(Action.ROUTING_TRY),
    }
    return page(request, "handoff/leads.html", context)


def _query(**parameters: Any) -> str:
    """The parameters to keep on the way to another page of the list, with a final &."""
    kept = urlencode({key: value for key, value in parameters.items() if value})
    return f"{kept}&" if kept else ""
