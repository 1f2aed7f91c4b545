"""What a load balancer or a person asks to know whether all is well."""

from typing import Any

from django.conf import settings
from django.db import Error
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from config import broker
from core.loops import database_now
from core.selectors import LoopState, loop_states


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
