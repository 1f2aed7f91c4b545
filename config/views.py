"""What a load balancer or a person asks to know whether all is well."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.db import Error
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.models import User
from accounts.rules.policy import Action
from config import broker
from config.selectors import health_of, wanting_attention
from core.admin import page, person, signed_in
from core.banner import late_loops_now
from core.errors import NotPermitted
from core.loops import database_now
from core.navigation import know_badge
from core.selectors import LoopState, loop_states
from handoff.services import release_moves, retry_step


@never_cache
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """This process answers; nothing else is asked, so that a lost database restarts nobody."""
    return JsonResponse({"status": "ok"})


@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """Whether work is being done: 503 without the database or with a loop that stands still.

    The broker is shown and does not decide: with `run_clock` every loop runs without one.
    """
    broker_up = broker.answers(settings.REDIS_URL, settings.DATA_DIR)
    answer: dict[str, Any] = {"broker": "up" if broker_up else "down"}
    try:
        states = loop_states(database_now())
    except Error:
        return JsonResponse({"status": "degraded", "database": "down", **answer}, status=503)
    stale = [state.name for state in states if state.is_stale]
    answer["database"] = "up"
    answer["loops"] = {state.name: describe(state) for state in states}
    answer["status"] = "degraded" if stale else "ok"
    return JsonResponse(answer, status=503 if stale else 200)


def describe(state: LoopState) -> dict[str, Any]:
    """Figures only: the text of an error may name what only an admin may read."""
    return {
        "last_tick_seconds_ago": None if state.age_seconds is None else round(state.age_seconds, 1),
        "stale": state.is_stale,
        "last_error_at": state.last_error_at,
    }


@require_safe
@signed_in
def health(request: HttpRequest) -> HttpResponse:
    """The loops, what waits for them, and what they have given up."""
    if not person(request, User).may(Action.HEALTH_READ):
        raise NotPermitted("How Handoff itself runs is for admins to read.")
    shown = health_of(timezone.now())
    know_badge(request, "health", shown.attention)
    return page(request, "config/health.html", {"health": shown})


@require_POST
@signed_in
def health_retry(request: HttpRequest, pk: int) -> HttpResponse:
    """Try a step that was set aside again."""
    row = retry_step(escalation_id=pk, by=person(request, User), now=timezone.now())
    messages.success(request, f"The step of {row.lead.name} is tried again now.")
    return HttpResponseRedirect(reverse("health"))


@require_POST
@signed_in
def health_release(request: HttpRequest) -> HttpResponse:
    """Let the moves go on that wait since everything stood still."""
    release_moves(by=person(request, User), now=timezone.now())
    messages.success(request, "Leads are moved by their ladders again.")
    return HttpResponseRedirect(reverse("health"))


def health_badge(user: User) -> int:
    """How many things want an admin: the number in the menu."""
    return wanting_attention() + len(late_loops_now())
