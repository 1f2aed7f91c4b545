"""The product's pages, and two more that hand a draft off otherwise, for `bench_intake`.

They stand behind the same server, session, sign-in and token as the product's own.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_POST

from config.urls import urlpatterns as product
from core.admin import signed_in
from tests.bench.raw_intake import hand_off_raw


@require_POST
@signed_in
def early(request: HttpRequest, pk: int, pool: int) -> HttpResponse:
    """The product's own service, with the pool's lock taken before anything else."""
    from django.db import transaction

    from handoff.models import Handoff
    from handoff.services import submit_handoff
    from routing.services import lock_pools

    row = Handoff.objects.select_related("submitted_by").get(pk=pk)
    with transaction.atomic():
        lock_pools([pool])
        submit_handoff(row, by=row.submitted_by, now=timezone.now())
    return redirect("handoff:detail", pk)


@require_POST
@signed_in
def raw(request: HttpRequest, pk: int, model: int, pool: int) -> HttpResponse:
    """The same rows, written by SQL for exactly this case."""
    hand_off_raw(pk, model, pool, timezone.now())
    return redirect("handoff:detail", pk)


urlpatterns: list[Any] = [
    *product,
    path("early/<int:pk>/<int:pool>/", early, name="early"),
    path("raw/<int:pk>/<int:model>/<int:pool>/", raw, name="raw"),
]
