"""The pages of action items: what is open, whose it is, and saying that it is done."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from accounts.rules.policy import Action, allows
from core.admin import PAGE_LENGTH, READ_OR_WRITE, page, person, signed_in
from core.errors import Conflict, NotPermitted, Refused
from core.paging import BoundedPaginator
from review.errors import ReviewClosed
from review.forms import ActionForm, ChangeActionForm, VersionForm, with_version
from review.models import ActionItem, ReviewEvent
from review.selectors.records import (
    action_for,
    event_words,
    people_for,
    relations_to_action,
    review_for,
    today_there,
)
from review.services import add_action, change_action, close_action, reopen_action

MINE, TEAM, CLOSED = "mine", "team", "closed"
LOG_SHOWN = 25
LONGEST_ID = 19


@require_safe
@signed_in
def actions(request: HttpRequest) -> HttpResponse:
    """What is open: one's own, and for who runs reviews that of their teams."""
    user = person(request, User)
    runs = user.may(Action.REVIEW_RECORD)
    tabs = {MINE: "Mine", TEAM: "All I can see", CLOSED: "Closed"}
    asked = request.GET.get("show", "")
    chosen = asked if asked in tabs else (TEAM if runs else MINE)
    rows = ActionItem.objects.for_user(user).select_related("owner", "review", "team")
    if chosen == CLOSED:
        rows = rows.exclude(state="open").order_by("-closed_at", "-pk")
    else:
        rows = rows.open().order_by("due_on", "pk")
        rows = rows.filter(owner=user) if chosen == MINE else rows
    listed = BoundedPaginator(rows, PAGE_LENGTH).get_page(request.GET.get("page"))
    context = {
        "page": listed,
        "query": f"show={chosen}&",
        "chosen": chosen,
        "tabs": tabs.items(),
        "runs": runs,
        "today": today_there(timezone.now()),
    }
    return page(request, "review/record_actions.html", context)


@require_http_methods(READ_OR_WRITE)
@signed_in
def add(request: HttpRequest, pk: int) -> HttpResponse:
    """A new action item from an open review."""
    user, now = person(request, User), timezone.now()
    review = review_for(user, pk)
    people = people_for(review.team, user.pk)
    form = ActionForm(request.POST if request.method == "POST" else None, people=people)
    problem, status = "", HTTPStatus.OK
    if not review.is_open:
        problem, status = "This review is closed. Add it in the next one.", HTTPStatus.CONFLICT
    elif form.is_valid():
        try:
            values = form.cleaned_data
            add_action(team=review.team, review=review, **values, by=user, now=now)
        except ReviewClosed as error:
            review, problem, status = review_for(user, pk), error.message, HTTPStatus.CONFLICT
        except Refused as error:
            form.refuse(error)
            status = HTTPStatus.UNPROCESSABLE_ENTITY
        else:
            messages.success(request, f"{values['owner'].name} has it.")
            return redirect("review:record", pk=pk)
    elif request.method == "POST":
        status = HTTPStatus.UNPROCESSABLE_ENTITY
    context = {"review": review, "form": form, "problem": problem}
    return page(request, "review/record_action_add.html", context, status=status)


@require_http_methods(READ_OR_WRITE)
@signed_in
def action(request: HttpRequest, pk: int) -> HttpResponse:
    """One action item with its history; by POST it is reworded, moved or handed over."""
    user, now = person(request, User), timezone.now()
    row = action_for(user, pk)
    people = people_for(row.team, row.owner_id)
    if request.method != "POST":
        return _action_page(request, row, ChangeActionForm.begin(row, people))
    if not allows(user.roles, Action.ACTION_EDIT, relations_to_action(user, row)):
        raise NotPermitted("Only a manager of the team or an admin can change this action item.")
    form = ChangeActionForm(request.POST, people=people)
    if not form.is_valid():
        return _action_page(request, row, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    try:
        change_action(row, **form.cleaned_data, by=user, now=now)
    except Conflict as error:
        row = action_for(user, pk)
        again = ChangeActionForm(with_version(request.POST, row.version), people=people)
        return _action_page(request, row, again, problem=error.message, status=error.status)
    except Refused as error:
        form.refuse(error)
        return _action_page(request, row, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    messages.success(request, "Kept.")
    return redirect("review:action", pk=pk)


@require_POST
@signed_in
def close(request: HttpRequest, pk: int) -> HttpResponse:
    """It is done; by the button `drop` it is no longer needed."""
    is_dropped = "drop" in request.POST
    said = "Dropped: no review carries it on." if is_dropped else "Done."

    def run(row: ActionItem, **who: Any) -> object:
        return close_action(row, is_dropped=is_dropped, **who)

    return _settle(request, pk, run, said)


@require_POST
@signed_in
def reopen(request: HttpRequest, pk: int) -> HttpResponse:
    """It is not done after all."""
    return _settle(request, pk, reopen_action, "Open again.")


def _settle(request: HttpRequest, pk: int, run: Callable[..., object], said: str) -> HttpResponse:
    user, now = person(request, User), timezone.now()
    row = action_for(user, pk)
    back = _back(request, user, row)
    form = VersionForm(request.POST)
    if not form.is_valid():
        raise Refused("The form does not say which state it was made from. Load the page again.")
    try:
        run(row, by=user, now=now, version=form.cleaned_data["version"])
    except Conflict as error:
        row = action_for(user, pk)
        empty = ChangeActionForm.begin(row, people_for(row.team, row.owner_id))
        return _action_page(request, row, empty, problem=error.message, status=error.status)
    messages.success(request, said)
    return redirect(back)


def _back(request: HttpRequest, user: User, row: ActionItem) -> str:
    """The list that the button stands in; nobody's address is taken from a request."""
    asked = request.POST.get("back", "")
    if asked.isascii() and asked.isdecimal() and len(asked) < LONGEST_ID:
        return reverse("review:record", args=[review_for(user, int(asked)).pk])
    if asked == "actions":
        return reverse("review:actions")
    return reverse("review:action", args=[row.pk])


def _action_page(
    request: HttpRequest,
    row: ActionItem,
    form: ChangeActionForm,
    *,
    problem: str = "",
    status: int = HTTPStatus.OK,
) -> HttpResponse:
    user, now = person(request, User), timezone.now()
    relations = relations_to_action(user, row)
    events = ReviewEvent.objects.filter(action=row).select_related("by").order_by("-pk")
    context = {
        "action": row,
        "form": form,
        "problem": problem,
        "may_edit": allows(user.roles, Action.ACTION_EDIT, relations),
        "may_close": allows(user.roles, Action.ACTION_CLOSE, relations),
        "may_open_review": user.may(Action.REVIEW_RECORD) and row.review is not None,
        "log": [(event, event_words(event, now=now)) for event in events[:LOG_SHOWN]],
        "today": today_there(now),
    }
    return page(request, "review/record_action.html", context, status=status)
