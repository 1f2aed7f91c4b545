"""Contact with the buyer: log a touch, hear before whether it counts, date the next step."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import User
from accounts.rules.policy import Action
from core.admin import page, person, signed_in
from handoff.dialogs import LifeForm, NextStepForm, TouchForm
from handoff.models import Handoff
from handoff.rules.transitions import DATABLE, TOUCHABLE
from handoff.selectors.access import handoff_for
from handoff.selectors.clocks import most_urgent, shown_clocks
from handoff.selectors.touches import TouchPreview, preview_touch, words_of_touch
from handoff.services import date_next_step, log_touch
from handoff.views.dialog import Act, allow, answer, back_to

READ_OR_WRITE = ["GET", "HEAD", "POST"]


@require_http_methods(READ_OR_WRITE)
@signed_in
def touch(request: HttpRequest, pk: int) -> HttpResponse:
    """Keep what was done, and stop the clocks that it meets."""
    user = person(request, User)
    row = handoff_for(user, pk)
    return answer(request, row, user, _touch_act(row, user, kind=request.GET.get("kind", "")))


@require_POST
@signed_in
def check_touch(request: HttpRequest, pk: int) -> HttpResponse:
    """The same form with the verdict that the touch would get. Writes nothing."""
    user = person(request, User)
    row = handoff_for(user, pk)
    act = _touch_act(row, user)
    allow(row, user, act)
    form = TouchForm(request.POST)
    context = {"row": row, "form": form, "back": back_to(request, row), **act.context}
    verdict = _preview(form, row, user)
    return page(request, "handoff/touch.html", {**context, "verdict": verdict})


def _touch_act(row: Handoff, user: User, *, kind: str = "") -> Act:
    now = timezone.now()
    clocks = shown_clocks([row], now=now, zone=timezone.get_current_timezone())

    def make(data: Mapping[str, Any] | None) -> LifeForm:
        return TouchForm.begin(row, now=now, kind=kind) if data is None else TouchForm(data)

    def run(form: LifeForm, version: int) -> str:
        values = form.cleaned_data
        logged = log_touch(
            row,
            kind=values["kind"],
            occurred_at=values["occurred_at"],
            text=values["text"],
            direction=values["direction"] or None,
            is_automated=values["is_automated"],
            meeting_at=values["meeting_at"],
            by=user,
            now=timezone.now(),
            version=version,
        )
        return f"The touch is logged. {words_of_touch(logged)}"

    return Act(
        action=Action.HANDOFF_TOUCH,
        otherwise="Its receivers and their managers log touches.",
        what="Not logged",
        template="handoff/touch.html",
        is_open=row.status in TOUCHABLE,
        make=make,
        run=run,
        context={"urgent": most_urgent(clocks.get(row.pk, ())), "zone": now},
    )


def _preview(form: TouchForm, row: Handoff, user: User) -> TouchPreview:
    """The verdict on what stands in the form, or what is missing for one."""
    if not form.is_valid():
        first = next(iter(form.errors.values()))[0]
        return TouchPreview("", counts=False, words=str(first))
    values = form.cleaned_data
    return preview_touch(
        row,
        kind=values["kind"],
        occurred_at=values["occurred_at"],
        text=values["text"],
        is_automated=values["is_automated"],
        by=user,
        now=timezone.now(),
    )


@require_http_methods(READ_OR_WRITE)
@signed_in
def next_step(request: HttpRequest, pk: int) -> HttpResponse:
    """Write down what comes next with the buyer, with its day."""
    user = person(request, User)
    row = handoff_for(user, pk)

    def make(data: Mapping[str, Any] | None) -> LifeForm:
        return NextStepForm(data, initial={"version": row.version})

    def run(form: LifeForm, version: int) -> str:
        at = form.cleaned_data["at"]
        step = form.cleaned_data["step"]
        date_next_step(row, step=step, at=at, by=user, now=timezone.now(), version=version)
        return f"The next step is dated: {timezone.localtime(at):%a %-d %b, %H:%M}."

    act = Act(
        action=Action.HANDOFF_NEXT_STEP,
        otherwise="Its receiver and their managers date the next step.",
        what="Not dated",
        template="handoff/next_step.html",
        is_open=row.status in DATABLE,
        make=make,
        run=run,
    )
    return answer(request, row, user, act)
