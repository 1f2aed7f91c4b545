"""Editing the form of a type: what it asks, how it looks, what publishing it would do."""

from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts.models import User
from accounts.rules.policy import Action
from accounts.selectors import zone_for
from core.admin import page, person, signed_in
from core.errors import Conflict, DomainError, NotPermitted, Refused
from handoff.choices import Temperature
from handoff.errors import FormRefused
from handoff.form_editor import EditorRows, shown_rows
from handoff.forms import ActForm, DraftForm
from handoff.models import Field, HandoffType
from handoff.rules.catalogue import GROUPS
from handoff.rules.editing import form_problems
from handoff.rules.form import NEEDS, Form
from handoff.selectors.catalogue import build_form, form_of, impact_of
from handoff.selectors.drafts import progress
from handoff.services.catalogue import publish_form

PREVIEW, REVIEW, PUBLISH = "preview", "review", "publish"


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def form_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """The editor; nothing is kept before the form is published."""
    user = person(request, User)
    type_ = HandoffType.objects.select_related("current_form__made_by").filter(pk=pk).first()
    if type_ is None:
        raise Http404("There is no such type.")
    if not user.may(Action.CONFIG_EDIT):
        raise NotPermitted("Only a RevOps admin edits forms.")
    if request.method != "POST":
        rows = EditorRows.of_form(_begin_with(type_, request.GET.get("from", "")))
        return _editor(request, type_, rows, base=_number(type_))
    rows, what, base = EditorRows.of_post(request.POST), request.POST.get("do", ""), _base(request)
    if what in {PREVIEW, REVIEW}:
        form = build_form(rows.layout(), present=form_of(type_))
        if problems := form_problems(form):
            error = FormRefused("The form has to be put right first.", problems=problems)
            return _editor(request, type_, rows, base=base, error=error)
        if what == REVIEW:
            return _review(request, type_, rows, form, base=base)
        return _preview(request, user, type_, rows, form, base=base)
    if what == PUBLISH:
        return _publish(request, user, type_, rows, base=base)
    return _editor(request, type_, rows.done(what, request.POST.dict()), base=base)


def _begin_with(type_: HandoffType, asked: str) -> Form:
    """The form in use, or the older version that the address names."""
    if asked.isascii() and asked.isdigit() and len(asked) < 9:
        version = type_.forms.filter(n=int(asked)).first()
        if version is not None:
            return Form.from_layout(version.layout)
    return form_of(type_)


def _number(type_: HandoffType) -> int:
    return type_.current_form.n if type_.current_form else 0


def _base(request: HttpRequest) -> int:
    """The form that the editor began with, told by the page."""
    told = ActForm({"version": request.POST.get("base")})
    return int(told.cleaned_data["version"]) if told.is_valid() else 0


def _publish(
    request: HttpRequest, user: User, type_: HandoffType, rows: EditorRows, *, base: int
) -> HttpResponse:
    try:
        made = publish_form(type_, rows.layout(), by=user, now=timezone.now(), base=base)
    except (Conflict, Refused) as error:
        return _editor(request, type_, rows, base=base, error=error)
    messages.success(
        request, f"Form {made.n} is in use for new handoffs. Drafts keep the form they have."
    )
    return redirect("admin:handoff_handofftype_change", type_.pk)


def _review(
    request: HttpRequest, type_: HandoffType, rows: EditorRows, form: Form, *, base: int
) -> HttpResponse:
    context = {**_carried(type_, rows, base), "impact": impact_of(type_, form)}
    return page(request, "handoff/form_review.html", context)


def _preview(
    request: HttpRequest,
    user: User,
    type_: HandoffType,
    rows: EditorRows,
    layout: Form,
    *,
    base: int,
) -> HttpResponse:
    form = DraftForm.of_answers(layout, {}, temperature=Temperature.WARM, zone=zone_for(user).key)
    shown = {"form": form, "progress": progress(layout, {})}
    return page(request, "handoff/form_preview.html", {**_carried(type_, rows, base), **shown})


def _carried(type_: HandoffType, rows: EditorRows, base: int) -> dict[str, Any]:
    inputs = [("base", base), *(pair for row in rows.rows for pair in row.inputs)]
    return {"type": type_, "carried": inputs}


def _editor(
    request: HttpRequest,
    type_: HandoffType,
    rows: EditorRows,
    *,
    base: int,
    error: DomainError | None = None,
) -> HttpResponse:
    fields = list(Field.objects.order_by("label"))
    present = {row.key for row in rows.rows}
    status = HTTPStatus.OK
    if error is not None:
        is_lost = isinstance(error, Conflict)
        status = HTTPStatus.CONFLICT if is_lost else HTTPStatus.UNPROCESSABLE_ENTITY
    context = {
        "type": type_,
        "base": base,
        "now_in_use": _number(type_),
        "rows": shown_rows(rows, fields, form_of(type_)),
        "offered": [row for row in fields if row.key not in present and not row.is_retired],
        "groups": [(key, title) for key, title, _ in GROUPS],
        "needs": NEEDS,
        "error": error,
        "is_stale": _number(type_) != base,
    }
    return page(request, "handoff/form_editor.html", context, status=status)
