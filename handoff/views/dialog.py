"""How every dialog about a handoff is answered: shown, refused, too late, or done."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from accounts.rules.policy import Action
from core.admin import page
from core.errors import Conflict, NotPermitted, Refused
from handoff.dialogs import LifeForm
from handoff.models import Handoff
from handoff.selectors.access import may, relations_of, was_taken_back
from handoff.selectors.queue import TABS
from handoff.selectors.story import what_happened_last
from handoff.views.handoffs import lost, seen_version

QUEUE = "queue"
# Where people come from, and go back to: nobody's address is taken from a request.
PLACES = {
    "late": "handoff:late",
    "holding": "handoff:holding",
    "stuck": "handoff:stuck",
    "contests": "handoff:contests",
}


@dataclass(frozen=True, slots=True)
class Act:
    """One thing to do with one handoff.

    ``is_open`` says whether its time is over; ``what`` heads the page that says so. ``make``
    builds the form from what was posted, or empty; ``run`` calls the service with the form and
    the version that the person saw, and tells what happened.
    """

    action: Action
    otherwise: str
    what: str
    template: str
    is_open: bool
    make: Callable[[Mapping[str, Any] | None], LifeForm]
    run: Callable[[LifeForm, int], str]
    context: Mapping[str, Any] = field(default_factory=dict)


def answer(request: HttpRequest, row: Handoff, user: User, act: Act) -> HttpResponse:
    """The form, the form again with what is wrong, or the way back after it was done."""
    if was_taken_back(user, act.action, relations_of(row, user)):
        return too_late(request, row, act)
    allow(row, user, act)
    if request.method != "POST":
        is_open = act.is_open
        return show(request, row, act, act.make(None)) if is_open else too_late(request, row, act)
    version = seen_version(request)
    form = act.make(request.POST)
    if form.is_valid():
        try:
            said = act.run(form, version)
        except Conflict as error:
            return lost(request, row, error, what=act.what)
        except Refused as error:
            form = form.refuse(error)
        else:
            messages.success(request, said)
            return redirect(back_to(request, row))
    elif not act.is_open:
        return too_late(request, row, act)
    return show(request, row, act, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)


def allow(row: Handoff, user: User, act: Act) -> None:
    """Refuse who may read the handoff and may not do this."""
    if not may(row, user, act.action):
        raise NotPermitted(act.otherwise)


def show(
    request: HttpRequest,
    row: Handoff,
    act: Act,
    form: LifeForm,
    *,
    status: int = HTTPStatus.OK,
    **more: Any,
) -> HttpResponse:
    context = {"row": row, "form": form, "back": back_to(request, row), **act.context, **more}
    return page(request, act.template, context, status=status)


def too_late(request: HttpRequest, row: Handoff, act: Act) -> HttpResponse:
    """What happened instead, for who comes to a form whose time is over."""
    error = Conflict(what_happened_last(row, now=timezone.now()))
    return lost(request, row, error, what=act.what)


def back_to(request: HttpRequest, row: Handoff) -> str:
    """Where the person came from: a part of their queue, a manager's page, or the handoff's."""
    place, _, tab = request.GET.get("back", request.POST.get("back", "")).partition(":")
    if place in PLACES:
        return reverse(PLACES[place])
    if place != QUEUE:
        return reverse("handoff:detail", args=[row.pk])
    query = f"?tab={tab}" if tab and tab in TABS else ""
    return reverse("handoff:queue") + query


def name_of(row: Handoff) -> str:
    return f"{row.lead.name}, {row.lead.company.name}"
