"""What a manager does about a handoff: each page calls one service."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import User
from accounts.rules.policy import Action
from core.admin import page, person, signed_in
from core.errors import Conflict, NotPermitted, Refused
from handoff import services
from handoff.manager_dialogs import (
    OVERTURNED,
    UPHELD,
    AcknowledgeForm,
    CareForm,
    ExtendForm,
    ReassignForm,
    ReturnForm,
    RuleForm,
)
from handoff.models import Handoff
from handoff.rules.transitions import Step
from handoff.rules.transitions import may as may_step
from handoff.selectors.access import handoff_for, may
from handoff.selectors.contests import contest_row, waiting_contest, why_not_rule
from handoff.selectors.late import kinds_to_extend, late_kinds
from handoff.selectors.reassign import candidates_for
from handoff.selectors.story import what_happened_last
from handoff.views.handoffs import lost, seen_version

READ_OR_WRITE = ["GET", "HEAD", "POST"]
# Where people come from, and go back to: nobody else's address is taken from a request.
BACK = {"late": "handoff:late", "holding": "handoff:holding", "contests": "handoff:contests"}


@dataclass(frozen=True, slots=True)
class Care:
    """One thing to do about one handoff: who may, what is said where it came too late.

    `make` builds the form from what was posted, or empty; `run` calls the service and tells what
    happened. `context` is what the page shows besides.
    """

    action: Action
    otherwise: str
    what: str
    template: str
    make: Callable[[Mapping[str, Any] | None], CareForm]
    run: Callable[[dict[str, Any], int], str]
    context: Mapping[str, Any]


@require_http_methods(READ_OR_WRITE)
@signed_in
def acknowledge(request: HttpRequest, pk: int) -> HttpResponse:
    """Say that one has seen it: messages and moves wait for a while."""
    user = person(request, User)
    row = handoff_for(user, pk)
    kinds = late_kinds(row, now=timezone.now())

    def run(values: dict[str, Any], version: int) -> str:
        seen = services.acknowledge_late(
            row, kind=values["kind"], note=values["note"], by=user, now=timezone.now()
        )
        return f"Acknowledged until {_local(seen.until)}."

    if not kinds and may(row, user, Action.CLOCK_ACKNOWLEDGE):
        return lost(request, row, _too_late(row), what="Not acknowledged")
    care = Care(
        action=Action.CLOCK_ACKNOWLEDGE,
        otherwise="Only a manager of theirs or an admin acknowledges it.",
        what="Not acknowledged",
        template="handoff/acknowledge.html",
        make=lambda data: AcknowledgeForm(data, kinds=kinds, initial=_initial(request, row)),
        run=run,
        context={},
    )
    return _answer(request, row, user, care)


@require_http_methods(READ_OR_WRITE)
@signed_in
def reassign(request: HttpRequest, pk: int) -> HttpResponse:
    """Give it to somebody else, in the pool or not."""
    user = person(request, User)
    row = handoff_for(user, pk)
    if may(row, user, Action.HANDOFF_REASSIGN) and not may_step(Step.REASSIGN, row.status):
        return lost(request, row, _too_late(row), what="Not reassigned")
    found = candidates_for(row, now=timezone.now())
    people = {one.user.pk: one.user for one in found}

    def run(values: dict[str, Any], version: int) -> str:
        to = people[values["to"]]
        services.reassign_handoff(
            row,
            to=to,
            reason=values["reason"],
            note=values["note"],
            by=user,
            now=timezone.now(),
            version=version,
        )
        return f"{to.name} has {_name(row)} now."

    care = Care(
        action=Action.HANDOFF_REASSIGN,
        otherwise="Only a manager of theirs or an admin reassigns it.",
        what="Not reassigned",
        template="handoff/reassign.html",
        make=lambda data: ReassignForm(
            data, people=list(people.values()), initial=_initial(request, row)
        ),
        run=run,
        context={"candidates": found, "freeze_until": row.freeze_until},
    )
    return _answer(request, row, user, care)


@require_http_methods(READ_OR_WRITE)
@signed_in
def extend(request: HttpRequest, pk: int) -> HttpResponse:
    """Give a clock more time, or pause it."""
    user = person(request, User)
    row = handoff_for(user, pk)
    kinds = kinds_to_extend(row)

    def run(values: dict[str, Any], version: int) -> str:
        kind, reason, until = values["kind"], values["reason"], values["until"]
        shared = {"by": user, "now": timezone.now(), "version": version}
        if until is None:
            services.pause_clocks(row, kind=kind, reason=reason, **shared)
            return "The clock is paused until somebody resumes it."
        services.extend_clock(row, kind=kind, until=until, reason=reason, **shared)
        return f"The time until {_local(until)} does not count."

    if not kinds and may(row, user, Action.CLOCK_PAUSE):
        return lost(request, row, _too_late(row), what="Not extended")
    care = Care(
        action=Action.CLOCK_PAUSE,
        otherwise="Only a manager of theirs or an admin gives more time.",
        what="Not extended",
        template="handoff/extend.html",
        make=lambda data: ExtendForm(data, kinds=kinds, initial=_initial(request, row)),
        run=run,
        context={},
    )
    return _answer(request, row, user, care)


@require_POST
@signed_in
def resume(request: HttpRequest, pk: int) -> HttpResponse:
    """Let a paused clock go on."""
    user = person(request, User)
    row = handoff_for(user, pk)
    _require(row, user, Action.CLOCK_PAUSE, "Only a manager of theirs or an admin resumes it.")
    try:
        services.resume_clocks(
            row,
            kind=request.POST.get("kind", ""),
            by=user,
            now=timezone.now(),
            version=seen_version(request),
        )
    except Conflict as error:
        return lost(request, row, error, what="Not resumed")
    messages.success(request, "The clock goes on.")
    return redirect(_back(request, row))


@require_http_methods(READ_OR_WRITE)
@signed_in
def give_back(request: HttpRequest, pk: int) -> HttpResponse:
    """Return it to its submitter, who gets a new draft."""
    user = person(request, User)
    row = handoff_for(user, pk)

    def run(values: dict[str, Any], version: int) -> str:
        services.return_handoff(
            row, note=values["note"], by=user, now=timezone.now(), version=version
        )
        return f"{row.submitted_by.name} has {_name(row)} back as a draft."

    if may(row, user, Action.HANDOFF_RETURN) and not may_step(Step.RETURN, row.status):
        return lost(request, row, _too_late(row), what="Not returned")
    care = Care(
        action=Action.HANDOFF_RETURN,
        otherwise="Only its receiver, a manager of theirs or an admin returns it.",
        what="Not returned",
        template="handoff/return.html",
        make=lambda data: ReturnForm(data, initial=_initial(request, row)),
        run=run,
        context={},
    )
    return _answer(request, row, user, care)


@require_http_methods(READ_OR_WRITE)
@signed_in
def rule(request: HttpRequest, pk: int) -> HttpResponse:
    """Rule on a contested rejection."""
    user = person(request, User)
    row = handoff_for(user, pk)
    _require(row, user, Action.HANDOFF_RULE, "Only a manager of theirs or an admin rules on it.")
    contest = waiting_contest(row)
    if contest is None:
        return lost(request, row, _too_late(row), what="No ruling made")
    barred = why_not_rule(contest, user)
    if barred:
        raise NotPermitted(barred)

    def run(values: dict[str, Any], version: int) -> str:
        is_upheld = values["ruling"] == UPHELD
        after = services.rule_on_contest(
            row,
            is_upheld=is_upheld,
            note=values["note"],
            by=user,
            now=timezone.now(),
            version=version,
        )
        if is_upheld:
            return f"The rejection of {_name(row)} stands."
        return f"Overturned: {after.owner.name} has {_name(row)}."

    care = Care(
        action=Action.HANDOFF_RULE,
        otherwise="",
        what="No ruling made",
        template="handoff/rule.html",
        make=lambda data: RuleForm(data, initial=_initial(request, row)),
        run=run,
        context={
            "item": contest_row(contest, user, now=timezone.now()),
            "upheld": UPHELD,
            "overturned": OVERTURNED,
        },
    )
    return _answer(request, row, user, care)


def _answer(request: HttpRequest, row: Handoff, user: User, care: Care) -> HttpResponse:
    """The form, the form again with what is wrong, or the way back after it was done."""
    _require(row, user, care.action, care.otherwise)
    context = {"row": row, "back": _back(request, row), **care.context}
    if request.method != "POST":
        return page(request, care.template, {**context, "form": care.make(None)})
    version = seen_version(request)
    form = care.make(request.POST)
    if form.is_valid():
        try:
            said = care.run(form.cleaned_data, version)
        except Conflict as error:
            return lost(request, row, error, what=care.what)
        except Refused as error:
            form = form.refuse(error)
        else:
            messages.success(request, said)
            return redirect(_back(request, row))
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    return page(request, care.template, {**context, "form": form}, status=status)


def _initial(request: HttpRequest, row: Handoff) -> dict[str, Any]:
    return {"version": row.version, "kind": request.GET.get("kind", "")}


def _back(request: HttpRequest, row: Handoff) -> str:
    name = BACK.get(request.GET.get("back", ""))
    return reverse(name) if name else reverse("handoff:detail", args=[row.pk])


def _require(row: Handoff, user: User, action: Action, otherwise: str) -> None:
    if not may(row, user, action):
        raise NotPermitted(otherwise)


def _too_late(row: Handoff) -> Conflict:
    return Conflict(what_happened_last(row, now=timezone.now()))


def _local(at: Any) -> str:
    return f"{timezone.localtime(at):%a %H:%M}"


def _name(row: Handoff) -> str:
    return f"{row.lead.name}, {row.lead.company.name}"
