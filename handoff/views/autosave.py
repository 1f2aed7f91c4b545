"""Saving a draft in the background while somebody types: JSON in place of pages."""

from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from accounts.models import User
from core.admin import person, signed_in
from core.errors import Conflict, DomainError, FieldProblem, NotPermitted, Refused
from handoff.forms import DraftForm
from handoff.models import Handoff
from handoff.rules.form import Form
from handoff.rules.gate import read_answers
from handoff.selectors.access import types_for
from handoff.selectors.drafts import progress, progress_data, rejection_of
from handoff.selectors.story import clock_time
from handoff.services import save_draft
from handoff.views.drafts import editable, keep_new, kept_version, read_begun


@require_POST
@signed_in
def save_new(request: HttpRequest) -> HttpResponse:
    """Keep what stands in the form of a new handoff: the first time makes the draft."""
    user = person(request, User)
    offered = types_for(user)
    if not offered:
        raise NotPermitted("Only submitters hand leads over.")
    begun = read_begun(request, user, offered)
    return _answer(begun.form, {}, lambda answers: keep_new(user, begun, answers))


@require_POST
@signed_in
def save(request: HttpRequest, pk: int) -> HttpResponse:
    """Keep what stands in the form of a draft."""
    user = person(request, User)
    row = editable(user, pk)
    rejection = rejection_of(row.previous, now=timezone.now()) if row.previous else None
    layout = Form.from_layout(row.form_version.layout)
    form = DraftForm(layout, request.POST, marked=rejection.fields if rejection else ())
    version = kept_version(request)
    return _answer(
        form,
        row.answers,
        lambda answers: save_draft(
            row,
            answers=answers,
            temperature=form.temperature,
            by=user,
            now=timezone.now(),
            version=version,
        ),
    )


def _answer(
    form: DraftForm, stored: Mapping[str, Any], keep: Callable[[dict[str, Any]], Handoff]
) -> JsonResponse:
    """Keep all answers that can be kept: one that cannot must not put the others at risk.

    Where it was answered before, what is stored of it stays.
    """
    readable, problems = read_answers(form.layout, form.answers())
    before = {found.field: stored[found.field] for found in problems if found.field in stored}
    shown = {"progress": progress_data(progress(form.layout, readable, marked=form.marked))}
    try:
        row = keep({**readable, **before})
    except Conflict as error:
        return _refused(error, HTTPStatus.CONFLICT, {**shown, "current": error.current})
    except Refused as error:
        return _refused(error, HTTPStatus.UNPROCESSABLE_ENTITY, shown)
    now = timezone.now()
    addresses = {name: reverse(f"handoff:{name}", args=[row.pk]) for name in ("edit", "autosave")}
    saved = {"version": row.version, "saved": clock_time(now, now=now)}
    return JsonResponse({**shown, **saved, **addresses, "problems": _told(problems)})


def _refused(error: DomainError, status: HTTPStatus, shown: dict[str, Any]) -> JsonResponse:
    told = {"code": error.code, "message": error.message, "problems": _told(error.problems)}
    return JsonResponse({**shown, **told}, status=status)


def _told(problems: Sequence[FieldProblem]) -> list[dict[str, str]]:
    return [{"field": found.field, "message": found.message} for found in problems]
