"""The pages of the review as a record: it begins, is walked through, and is closed."""

from collections.abc import Mapping
from datetime import date
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from core.admin import PAGE_LENGTH, READ_OR_WRITE, page, person, signed_in
from core.errors import Conflict, Refused
from core.paging import BoundedPaginator
from handoff.selectors.story import clock_time
from review.choices import RootCause
from review.errors import ReviewExists
from review.forms import DecideForm, NoteForm, VersionForm, with_version
from review.models import Miss, Review
from review.selectors.frame import week_frame
from review.selectors.misses import miss_line, misses_of, what_happened
from review.selectors.numbers import numbers_of, people_of
from review.selectors.records import (
    carried_from,
    counts_of,
    event_words,
    frame_of,
    history_of,
    log_of,
    next_undecided,
    open_actions_of,
    people_for,
    progress_of,
    require_records,
    review_for,
    revised,
    scopes_of,
    today_there,
    zone_of,
)
from review.services import close_review, decide_miss, note_review, open_review

LOG_SHOWN = 25


@require_safe
@signed_in
def history(request: HttpRequest) -> HttpResponse:
    """The reviews so far, newest first, with what they still have open."""
    user = person(request, User)
    require_records(user)
    shown = BoundedPaginator(history_of(user), PAGE_LENGTH).get_page(request.GET.get("page"))
    reviews = list(shown.object_list)
    counts = counts_of(reviews)
    rows = [(review, *counts[review.pk]) for review in reviews]
    return page(request, "review/record_history.html", {"page": shown, "rows": rows})


@require_http_methods(READ_OR_WRITE)
@signed_in
def meeting(request: HttpRequest, label: str) -> HttpResponse:
    """Whose review of that week to run; by POST it begins."""
    user, now = person(request, User), timezone.now()
    require_records(user)
    frame = week_frame(label, now=now)
    scopes = scopes_of(user, frame.week)
    if request.method != "POST":
        return page(request, "review/record_meeting.html", {"frame": frame, "scopes": scopes})
    asked = request.POST.get("scope", "")
    scope = next((one for one in scopes if one.key == asked), None)
    if scope is None:
        raise Http404
    try:
        review = open_review(frame.week.label, team=scope.team, by=user, now=now)
    except ReviewExists as error:
        messages.info(request, error.message)
        found = error.current or {}
        return redirect("review:record", pk=found["id"])
    messages.success(request, f"The review of {scope.name} has begun.")
    return redirect("review:record", pk=review.pk)


@require_safe
@signed_in
def record(request: HttpRequest, pk: int) -> HttpResponse:
    """The agenda of an open review, or a closed one as it was frozen."""
    return _record(request, review_for(person(request, User), pk))


@require_POST
@signed_in
def notes(request: HttpRequest, pk: int) -> HttpResponse:
    """Keep who leads, who takes part and what was noted."""
    user, now = person(request, User), timezone.now()
    review = review_for(user, pk)
    form = NoteForm(request.POST, people=_people(review))
    if not form.is_valid():
        return _record(request, review, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    values = form.cleaned_data
    try:
        note_review(
            review,
            owner=values["owner"],
            attendees=values["attendees"],
            notes=values["notes"],
            by=user,
            now=now,
            version=values["version"],
        )
    except Conflict as error:
        review = review_for(user, pk)
        again = NoteForm(with_version(request.POST, review.version), people=_people(review))
        return _record(request, review, again, problem=error.message, status=error.status)
    except Refused as error:
        form.refuse(error)
        return _record(request, review, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    messages.success(request, "Kept.")
    return redirect("review:record", pk=pk)


@require_http_methods(READ_OR_WRITE)
@signed_in
def miss(request: HttpRequest, pk: int, position: int) -> HttpResponse:
    """One miss: what happened, and why; by POST the decision is kept and the next one comes."""
    user, now = person(request, User), timezone.now()
    review = review_for(user, pk)
    row = _miss(review, position)
    people = people_for(review.team, row.handoff.submitted_by_id, _action_owner(row))
    if request.method != "POST":
        return _miss_page(request, review, row, DecideForm.begin(row, _action(row), people))
    form = DecideForm(request.POST, people=people)
    if not form.is_valid():
        status = HTTPStatus.UNPROCESSABLE_ENTITY
        return _miss_page(request, review, row, form, status=status)
    values = dict(form.cleaned_data)
    try:
        decide_miss(row, **values, by=user, now=now)
    except Conflict as error:
        review, row = review_for(user, pk), _miss(review, position)
        again = DecideForm(with_version(request.POST, row.version), people=people)
        return _miss_page(request, review, row, again, problem=error.message, status=error.status)
    except Refused as error:
        form.refuse(error)
        status = HTTPStatus.UNPROCESSABLE_ENTITY
        return _miss_page(request, review, row, form, status=status)
    following = next_undecided(review, position)
    if following is None:
        messages.success(request, "Every miss is walked through. Close the review when all agree.")
        return redirect("review:record", pk=pk)
    messages.success(request, f"Miss {position} is decided.")
    return redirect("review:miss", pk=pk, position=following)


@require_http_methods(READ_OR_WRITE)
@signed_in
def close(request: HttpRequest, pk: int) -> HttpResponse:
    """What closing means, and by POST the close."""
    user, now = person(request, User), timezone.now()
    review = review_for(user, pk)
    form = VersionForm(request.POST if request.method == "POST" else None)
    problem, status = "", HTTPStatus.OK
    if not review.is_open:
        problem, status = "It is closed already.", HTTPStatus.CONFLICT
    elif request.method == "POST" and form.is_valid():
        try:
            close_review(review, by=user, now=now, version=form.cleaned_data["version"])
        except Conflict as error:
            # The form comes back with the state as it is now: pressing again is meant so.
            review, problem, status = review_for(user, pk), error.message, HTTPStatus.CONFLICT
        else:
            messages.success(request, "The review is closed and its numbers are frozen.")
            return redirect("review:record", pk=pk)
    elif request.method == "POST":
        problem = "The form does not say which state it was made from. Look again and press once."
        status = HTTPStatus.UNPROCESSABLE_ENTITY
    context = {
        "review": review,
        "progress": progress_of(review),
        "actions": open_actions_of(review).count(),
        "problem": problem,
    }
    return page(request, "review/record_close.html", context, status=status)


def _record(
    request: HttpRequest,
    review: Review,
    form: NoteForm | None = None,
    *,
    problem: str = "",
    status: int = HTTPStatus.OK,
) -> HttpResponse:
    now = timezone.now()
    context = {
        "review": review,
        "zone": zone_of(review),
        "progress": progress_of(review),
        "page": (listed := _listed(request, review)),
        "misses": [miss_line(row) for row in listed.object_list],
        "log": [(event, event_words(event, now=now)) for event in log_of(review)[:LOG_SHOWN]],
        "problem": problem,
        **(_agenda(review, form) if review.is_open else _frozen(review)),
    }
    return page(request, "review/record.html", context, status=status)


def _listed(request: HttpRequest, review: Review) -> Any:
    return Paginator(misses_of(review), PAGE_LENGTH).get_page(request.GET.get("page"))


def _action_lines(review: Review) -> list[tuple[Any, str]]:
    actions = open_actions_of(review)[:PAGE_LENGTH]
    return [(action, carried_from(action, review.week)) for action in actions]


def _agenda(review: Review, form: NoteForm | None) -> Mapping[str, Any]:
    now = timezone.now()
    numbers = numbers_of(people_of(review.team), frame_of(review, now=now), now=now)
    return {
        "actions": _action_lines(review),
        "today": today_there(now),
        "numbers": [number for number in numbers if number.n],
        "idle": ", ".join(number.label for number in numbers if not number.n),
        "form": form or NoteForm.begin(review, _people(review)),
        "next": next_undecided(review),
        "closes": clock_time(review.closes_at, zone=zone_of(review)),
    }


def _frozen(review: Review) -> Mapping[str, Any]:
    compared = revised(review, now=timezone.now())
    snapshot = review.snapshot or {}
    causes = snapshot.get("misses", {}).get("causes", {})
    return {
        "compared": [one for one in compared if one.frozen.n or one.is_revised],
        "idle": ", ".join(
            one.frozen.label for one in compared if not (one.frozen.n or one.is_revised)
        ),
        "revisions": sum(one.is_revised for one in compared),
        "attendees": review.attendees.all(),
        "frozen_actions": [
            {**item, "due_on": date.fromisoformat(item["due_on"])}
            for item in snapshot.get("actions", ())
        ],
        "causes": [(cause.label, causes[cause]) for cause in RootCause if cause in causes],
    }


def _people(review: Review) -> Any:
    taking_part = list(review.attendees.values_list("pk", flat=True))
    return people_for(review.team, review.owner_id, *taking_part)


def _miss(review: Review, position: int) -> Miss:
    found = misses_of(review).filter(position=position).first()
    if found is None:
        raise Http404
    return found


def _action(row: Miss) -> Any:
    return getattr(row, "action", None)


def _action_owner(row: Miss) -> int | None:
    action = _action(row)
    return action.owner_id if action else None


def _miss_page(
    request: HttpRequest,
    review: Review,
    row: Miss,
    form: DecideForm,
    *,
    problem: str = "",
    status: int = HTTPStatus.OK,
) -> HttpResponse:
    progress = progress_of(review)
    # The part of the agenda around this miss, as the list's pages have it.
    first = (row.position - 1) // PAGE_LENGTH * PAGE_LENGTH
    around = misses_of(review).filter(position__gt=first, position__lte=first + PAGE_LENGTH)
    context = {
        "review": review,
        "row": row,
        "line": miss_line(row),
        "action": _action(row),
        "events": what_happened(row, now=timezone.now()),
        "around": [miss_line(one) for one in around],
        "progress": progress,
        "form": form,
        "problem": problem,
        "before": row.position - 1,
        "after": row.position + 1 if row.position < progress.misses else 0,
        "list_page": first // PAGE_LENGTH + 1,
    }
    return page(request, "review/record_miss.html", context, status=status)
