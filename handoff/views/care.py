"""What a manager does about a handoff: each page calls one service."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import User
from accounts.rules.policy import Action
from core.admin import person, signed_in
from core.errors import Conflict, NotPermitted
from handoff.dialogs import LifeForm
from handoff.manager_dialogs import (
    OVERTURNED,
    UPHELD,
    AcknowledgeForm,
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
from handoff.selectors.reassign import candidates_for, terms_for
from handoff.selectors.story import clock_time
from handoff.services import (
    acknowledge_late,
    extend_clock,
    pause_clocks,
    reassign_handoff,
    resume_clocks,
    return_handoff,
    rule_on_contest,
)
from handoff.views.dialog import Act, answer, back_to, name_of
from handoff.views.handoffs import lost, seen_version

READ_OR_WRITE = ["GET", "HEAD", "POST"]


@require_http_methods(READ_OR_WRITE)
@signed_in
def acknowledge(request: HttpRequest, pk: int) -> HttpResponse:
    """Say that one has seen it: messages and moves wait for a while."""
    user = person(request, User)
    row = handoff_for(user, pk)
    now = timezone.now()
    kinds = late_kinds(row, now=now)

    def run(form: LifeForm, version: int) -> str:
        said = form.cleaned_data
        seen = acknowledge_late(row, kind=said["kind"], note=said["note"], by=user, now=now)
        return f"Acknowledged until {clock_time(seen.until, now=now)}."

    act = Act(
        action=Action.CLOCK_ACKNOWLEDGE,
        otherwise="Only a manager of theirs or an admin acknowledges it.",
        what="Not acknowledged",
        template="handoff/acknowledge.html",
        is_open=bool(kinds),
        make=lambda data: AcknowledgeForm(data, kinds=kinds, initial=_initial(request, row)),
        run=run,
    )
    return answer(request, row, user, act)


@require_http_methods(READ_OR_WRITE)
@signed_in
def reassign(request: HttpRequest, pk: int) -> HttpResponse:
    """Give it to somebody else, in the pool or not."""
    user = person(request, User)
    row = handoff_for(user, pk)
    now = timezone.now()
    candidates = candidates_for(row, now=now)
    people = {one.user.pk: one.user for one in candidates}

    def run(form: LifeForm, version: int) -> str:
        to = people[form.cleaned_data["to"]]
        reassign_handoff(
            row,
            to=to,
            reason=form.cleaned_data["reason"],
            note=form.cleaned_data["note"],
            by=user,
            now=now,
            version=version,
        )
        return f"{to.name} has {name_of(row)} now."

    act = Act(
        action=Action.HANDOFF_REASSIGN,
        otherwise="Only a manager of theirs or an admin reassigns it.",
        what="Not reassigned",
        template="handoff/reassign.html",
        is_open=may_step(Step.REASSIGN, row.status),
        make=lambda data: ReassignForm(
            data, people=list(people.values()), initial=_initial(request, row)
        ),
        run=run,
        context={
            "terms": terms_for(row, candidates, now=now),
            "freeze_until": _freeze(row),
        },
    )
    return answer(request, row, user, act)


@require_http_methods(READ_OR_WRITE)
@signed_in
def extend(request: HttpRequest, pk: int) -> HttpResponse:
    """Give a clock more time, or pause it."""
    user = person(request, User)
    row = handoff_for(user, pk)
    now = timezone.now()
    kinds = kinds_to_extend(row)

    def run(form: LifeForm, version: int) -> str:
        said = form.cleaned_data
        shared: dict[str, Any] = {"reason": said["reason"], "by": user, "now": now}
        if said["until"] is None:
            pause_clocks(row, kind=said["kind"], **shared, version=version)
            return "The clock is paused until somebody resumes it."
        extend_clock(row, kind=said["kind"], until=said["until"], **shared, version=version)
        return f"The time until {clock_time(said['until'], now=now)} does not count."

    act = Act(
        action=Action.CLOCK_PAUSE,
        otherwise="Only a manager of theirs or an admin gives more time.",
        what="No more time given",
        template="handoff/extend.html",
        is_open=bool(kinds),
        make=lambda data: ExtendForm(data, kinds=kinds, initial=_initial(request, row)),
        run=run,
    )
    return answer(request, row, user, act)


@require_POST
@signed_in
def resume(request: HttpRequest, pk: int) -> HttpResponse:
    """Let a paused clock go on."""
    user = person(request, User)
    row = handoff_for(user, pk)
    if not may(row, user, Action.CLOCK_PAUSE):
        raise NotPermitted("Only a manager of theirs or an admin resumes it.")
    kind, version = request.POST.get("kind", ""), seen_version(request)
    try:
        resume_clocks(row, kind=kind, by=user, now=timezone.now(), version=version)
    except Conflict as error:
        return lost(request, row, error, what="Not resumed")
    messages.success(request, "The clock goes on.")
    return redirect(back_to(request, row))


@require_http_methods(READ_OR_WRITE)
@signed_in
def give_back(request: HttpRequest, pk: int) -> HttpResponse:
    """Return it to its submitter, who gets a new draft."""
    user = person(request, User)
    row = handoff_for(user, pk)

    def run(form: LifeForm, version: int) -> str:
        return_handoff(
            row, note=form.cleaned_data["note"], by=user, now=timezone.now(), version=version
        )
        return f"{row.submitted_by.name} has {name_of(row)} back as a draft."

    act = Act(
        action=Action.HANDOFF_RETURN,
        otherwise="Only its receiver, a manager of theirs or an admin returns it.",
        what="Not returned",
        template="handoff/return.html",
        is_open=may_step(Step.RETURN, row.status),
        make=lambda data: ReturnForm(data, initial=_initial(request, row)),
        run=run,
    )
    return answer(request, row, user, act)


@require_http_methods(READ_OR_WRITE)
@signed_in
def rule(request: HttpRequest, pk: int) -> HttpResponse:
    """Rule on a contested rejection."""
    user = person(request, User)
    row = handoff_for(user, pk)
    contest = waiting_contest(row)
    if contest is not None and (barred := why_not_rule(contest, user)):
        raise NotPermitted(barred)

    def run(form: LifeForm, version: int) -> str:
        is_upheld = form.cleaned_data["ruling"] == UPHELD
        after = rule_on_contest(
            row,
            is_upheld=is_upheld,
            note=form.cleaned_data["note"],
            by=user,
            now=timezone.now(),
            version=version,
        )
        if is_upheld:
            return f"The rejection of {name_of(row)} stands."
        return f"Overturned: {after.owner.name} has {name_of(row)}."

    item = contest_row(contest, user, now=timezone.now()) if contest else None
    act = Act(
        action=Action.HANDOFF_RULE,
        otherwise="Only a manager of theirs or an admin rules on it.",
        what="No ruling made",
        template="handoff/rule.html",
        is_open=contest is not None,
        make=lambda data: RuleForm(data, initial=_initial(request, row)),
        run=run,
        context={"item": item, "upheld": UPHELD, "overturned": OVERTURNED},
    )
    return answer(request, row, user, act)


def _initial(request: HttpRequest, row: Handoff) -> dict[str, Any]:
    return {"version": row.version, "kind": request.GET.get("kind", "")}


def _freeze(row: Handoff) -> Any:
    """Until when the ownership is frozen, where it still is."""
    frozen = row.freeze_until
    return frozen if frozen is not None and frozen > timezone.now() else None
