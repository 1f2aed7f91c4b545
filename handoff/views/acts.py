"""What people do with a handoff: each page calls one service."""

from collections.abc import Callable
from http import HTTPStatus

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import User
from accounts.rules.policy import Action
from core.admin import page, person, signed_in
from core.errors import Conflict, NotPermitted, Refused
from handoff.choices import Status
from handoff.forms import ActForm, ConcedeForm, RejectForm
from handoff.models import Handoff
from handoff.rules.transitions import Step
from handoff.rules.transitions import may as may_step
from handoff.selectors.access import handoff_for, may, relations_of, was_taken_back
from handoff.selectors.offers import waits_for_ruling
from handoff.selectors.story import what_happened_last
from handoff.services import (
    accept_handoff,
    concede_handoff,
    reject_handoff,
    start_fix,
    withdraw_handoff,
)
from handoff.views.dialog import back_to
from handoff.views.handoffs import lost, seen_version

READ_OR_WRITE = ["GET", "HEAD", "POST"]


@require_POST
@signed_in
def accept(request: HttpRequest, pk: int) -> HttpResponse:
    """Take the lead, from its page or straight from the queue."""
    user = person(request, User)
    row = handoff_for(user, pk)
    try:
        accept_handoff(row, by=user, now=timezone.now(), version=seen_version(request))
    except Conflict as error:
        return lost(request, row, error, what="Not accepted")
    messages.success(request, f"{_name(row)} is accepted.")
    return redirect(back_to(request, row))


@require_http_methods(READ_OR_WRITE)
@signed_in
def reject(request: HttpRequest, pk: int) -> HttpResponse:
    """Send the lead back with a reason, or on to the next receiver where it is a conflict."""
    user = person(request, User)
    row = handoff_for(user, pk)
    if was_taken_back(user, Action.HANDOFF_REJECT, relations_of(row, user)):
        return lost(request, row, _too_late(row), what="Not rejected")
    _require(row, user, Action.HANDOFF_REJECT, "Only its receiver can reject it.")
    if request.method != "POST":
        return _form_page(request, row, Step.REJECT, "Not rejected", lambda: RejectForm(row))
    form = RejectForm(row, request.POST)
    try:
        after = reject_handoff(
            row,
            reason=form.chosen,
            fields=form.marked_fields(),
            note=str(form.data.get("note", "")),
            by=user,
            now=timezone.now(),
            version=seen_version(request),
        )
    except Conflict as error:
        return lost(request, row, error, what="Not rejected")
    except Refused as error:
        return _refused(request, row, "reject", form.refuse(error))
    if after.status == Status.REJECTED:
        said = f"{row.submitted_by.name} has {_name(row)} back, with your reason."
    else:
        said = f"{_name(row)} went on to the next receiver."
    messages.success(request, said)
    return redirect(back_to(request, row))


@require_POST
@signed_in
def fix(request: HttpRequest, pk: int) -> HttpResponse:
    """Begin the draft that answers a rejection, or go on with it."""
    user = person(request, User)
    row = handoff_for(user, pk)
    try:
        draft = start_fix(row, by=user, now=timezone.now(), version=seen_version(request))
    except Conflict as error:
        return lost(request, row, error, what="No fix begun")
    return redirect("handoff:edit", draft.pk)


@require_http_methods(READ_OR_WRITE)
@signed_in
def concede(request: HttpRequest, pk: int) -> HttpResponse:
    """Accept the rejection."""
    user = person(request, User)
    row = handoff_for(user, pk)
    _require(row, user, Action.HANDOFF_CONCEDE, "Only its submitter can concede it.")
    if request.method != "POST":
        initial = {"version": row.version}
        return _form_page(
            request, row, Step.CONCEDE, "Not conceded", lambda: ConcedeForm(initial=initial)
        )
    version = seen_version(request)
    form = ConcedeForm(request.POST)
    if not form.is_valid():
        return _refused(request, row, "concede", form)
    try:
        concede_handoff(
            row, to=form.cleaned_data["to"], by=user, now=timezone.now(), version=version
        )
    except Conflict as error:
        return lost(request, row, error, what="Not conceded")
    messages.success(request, f"{_name(row)} is closed.")
    return redirect("handoff:detail", pk)


@require_http_methods(READ_OR_WRITE)
@signed_in
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a handoff back; a draft is thereby discarded."""
    user = person(request, User)
    row = handoff_for(user, pk)
    _require(row, user, Action.HANDOFF_WITHDRAW, "Only its submitter can withdraw it.")
    if request.method != "POST":
        initial = {"version": row.version}
        return _form_page(
            request, row, Step.WITHDRAW, "Not withdrawn", lambda: ActForm(initial=initial)
        )
    was_draft = row.status == Status.DRAFT
    try:
        withdraw_handoff(row, by=user, now=timezone.now(), version=seen_version(request))
    except Conflict as error:
        return lost(request, row, error, what="Not withdrawn")
    messages.success(request, "Draft discarded." if was_draft else f"{_name(row)} is withdrawn.")
    return redirect("handoff:list") if was_draft else redirect("handoff:detail", pk)


def _require(row: Handoff, user: User, action: Action, otherwise: str) -> None:
    if not may(row, user, action):
        raise NotPermitted(otherwise)


def _too_late(row: Handoff) -> Conflict:
    return Conflict(what_happened_last(row, now=timezone.now()))


def _form_page(
    request: HttpRequest,
    row: Handoff,
    step: Step,
    what: str,
    make: Callable[[], ActForm],
) -> HttpResponse:
    """The page of the form, unless its time is over already."""
    if not may_step(step, row.status) or (step is Step.CONCEDE and waits_for_ruling(row)):
        return lost(request, row, _too_late(row), what=what)
    template = {
        Step.REJECT: "handoff/reject.html",
        Step.CONCEDE: "handoff/concede.html",
        Step.WITHDRAW: "handoff/withdraw.html",
    }[step]
    return page(request, template, {"row": row, "form": make()})


def _refused(request: HttpRequest, row: Handoff, name: str, form: ActForm) -> HttpResponse:
    context = {"row": row, "form": form}
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    return page(request, f"handoff/{name}.html", context, status=status)


def _name(row: Handoff) -> str:
    return f"{row.lead.name}, {row.lead.company.name}"
