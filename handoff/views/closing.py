"""The ends of a handoff, and the objection to a rejection: each page calls one service."""

from collections.abc import Callable, Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts.models import User
from accounts.rules.policy import Action
from core.admin import person, signed_in
from handoff.choices import ClosedAs
from handoff.dialogs import (
    ContestForm,
    ConvertForm,
    DisqualifyForm,
    LifeForm,
    MergeForm,
    NurtureForm,
    OutcomeForm,
)
from handoff.models import Handoff
from handoff.rules.transitions import Step
from handoff.rules.transitions import may as may_step
from handoff.selectors.access import handoff_for
from handoff.selectors.duplicates import others_of
from handoff.selectors.offers import contest_of
from handoff.services import (
    contest_rejection,
    convert_handoff,
    disqualify_handoff,
    merge_duplicate,
    nurture_handoff,
    record_outcome,
)
from handoff.views.dialog import Act, answer, name_of

READ_OR_WRITE = ["GET", "HEAD", "POST"]
RECEIVERS = "Its receiver and their managers do this."


def _maker(
    form_class: type[LifeForm], row: Handoff, **initial: Any
) -> Callable[[Mapping[str, Any] | None], LifeForm]:
    return lambda data: form_class(data, initial={"version": row.version, **initial})


@require_http_methods(READ_OR_WRITE)
@signed_in
def convert(request: HttpRequest, pk: int) -> HttpResponse:
    """The lead became an opportunity; that counts as contact where none was logged."""
    user = person(request, User)
    row = handoff_for(user, pk)

    def run(form: LifeForm, version: int) -> str:
        worth = form.worth() if isinstance(form, ConvertForm) else {}
        convert_handoff(row, **worth, by=user, now=timezone.now(), version=version)
        return f"{name_of(row)} is an opportunity now. Record its outcome once you know it."

    act = Act(
        action=Action.HANDOFF_CONVERT,
        otherwise=RECEIVERS,
        what="Not converted",
        template="handoff/convert.html",
        is_open=may_step(Step.CONVERT, row.status),
        make=_maker(ConvertForm, row),
        run=run,
    )
    return answer(request, row, user, act)


@require_http_methods(READ_OR_WRITE)
@signed_in
def outcome(request: HttpRequest, pk: int) -> HttpResponse:
    """Won or lost, and why; it may be corrected."""
    user = person(request, User)
    row = handoff_for(user, pk)

    def run(form: LifeForm, version: int) -> str:
        values = form.cleaned_data
        worth = form.worth() if isinstance(form, OutcomeForm) else {}
        record_outcome(
            row,
            outcome=values["outcome"],
            note=values["note"],
            **worth,
            by=user,
            now=timezone.now(),
            version=version,
        )
        return f"The outcome of {name_of(row)} is recorded."

    known = {"outcome": row.deal_outcome, "note": row.deal_note, "currency": row.currency}
    act = Act(
        action=Action.HANDOFF_OUTCOME,
        otherwise=RECEIVERS,
        what="Not recorded",
        template="handoff/outcome.html",
        is_open=row.closed_as == ClosedAs.CONVERTED,
        make=_maker(OutcomeForm, row, **known, value="" if row.value is None else row.value),
        run=run,
    )
    return answer(request, row, user, act)


@require_http_methods(READ_OR_WRITE)
@signed_in
def disqualify(request: HttpRequest, pk: int) -> HttpResponse:
    """The lead will not buy."""
    user = person(request, User)
    row = handoff_for(user, pk)

    def run(form: LifeForm, version: int) -> str:
        values = form.cleaned_data
        disqualify_handoff(
            row,
            reason=values["reason"],
            note=values["note"],
            by=user,
            now=timezone.now(),
            version=version,
        )
        return f"{name_of(row)} is disqualified."

    act = Act(
        action=Action.HANDOFF_DISQUALIFY,
        otherwise=RECEIVERS,
        what="Not disqualified",
        template="handoff/disqualify.html",
        is_open=may_step(Step.DISQUALIFY, row.status),
        make=_maker(DisqualifyForm, row),
        run=run,
    )
    return answer(request, row, user, act)


@require_http_methods(READ_OR_WRITE)
@signed_in
def nurture(request: HttpRequest, pk: int) -> HttpResponse:
    """Not now, perhaps later: the lead goes back to nurture."""
    user = person(request, User)
    row = handoff_for(user, pk)

    def run(form: LifeForm, version: int) -> str:
        note = form.cleaned_data["note"]
        nurture_handoff(row, note=note, by=user, now=timezone.now(), version=version)
        return f"{name_of(row)} goes back to nurture."

    act = Act(
        action=Action.HANDOFF_NURTURE,
        otherwise=RECEIVERS,
        what="Not closed",
        template="handoff/nurture.html",
        is_open=may_step(Step.NURTURE, row.status),
        make=_maker(NurtureForm, row),
        run=run,
    )
    return answer(request, row, user, act)


@require_http_methods(READ_OR_WRITE)
@signed_in
def merge(request: HttpRequest, pk: int) -> HttpResponse:
    """Close this handoff as the duplicate of another one, which goes on."""
    user = person(request, User)
    row = handoff_for(user, pk)
    others = others_of(row, user, now=timezone.now())
    choices = [(other.handoff.pk, other.words) for other in others]

    def run(form: LifeForm, version: int) -> str:
        into = handoff_for(user, form.cleaned_data["into"])
        merge_duplicate(row, into=into, by=user, now=timezone.now(), version=version)
        return f"Merged: {into.owner.name} has {name_of(into)}, handoff {into.pk}."

    act = Act(
        action=Action.HANDOFF_MERGE,
        otherwise=RECEIVERS,
        what="Not merged",
        template="handoff/merge.html",
        is_open=may_step(Step.MERGE, row.status),
        make=lambda data: MergeForm(data, others=choices, initial={"version": row.version}),
        run=run,
        context={"others": others},
    )
    return answer(request, row, user, act)


@require_http_methods(READ_OR_WRITE)
@signed_in
def contest(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask a manager to rule on the rejection."""
    user = person(request, User)
    row = handoff_for(user, pk)

    def run(form: LifeForm, version: int) -> str:
        note = form.cleaned_data["note"]
        contest_rejection(row, note=note, by=user, now=timezone.now(), version=version)
        return f"The rejection of {name_of(row)} is contested. A manager rules on it."

    act = Act(
        action=Action.HANDOFF_CONTEST,
        otherwise="Only its submitter can contest the rejection.",
        what="Not contested",
        template="handoff/contest.html",
        is_open=may_step(Step.CONTEST, row.status) and contest_of(row) is None,
        make=_maker(ContestForm, row),
        run=run,
    )
    return answer(request, row, user, act)
