"""What became of a meeting, and an introduction that was made before the handoff."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts.models import User
from accounts.rules.policy import Action
from core.admin import person, signed_in
from handoff.choices import MeetingState
from handoff.dialogs import HELD, MOVED, IntroductionForm, LifeForm, MeetingForm
from handoff.models import Handoff, Meeting
from handoff.rules.transitions import TOUCHABLE, Step
from handoff.rules.transitions import may as may_step
from handoff.selectors.access import handoff_for, may
from handoff.selectors.meetings import introduction_of, meeting_of
from handoff.selectors.reassign import receivers_of
from handoff.selectors.story import clock_time
from handoff.selectors.touches import words_of_touch
from handoff.services import (
    drop_meeting,
    hold_meeting,
    introduce_live,
    move_meeting,
    take_back_introduction,
)
from handoff.views.dialog import Act, answer, name_of

READ_OR_WRITE = ["GET", "HEAD", "POST"]


@require_http_methods(READ_OR_WRITE)
@signed_in
def settle(request: HttpRequest, pk: int, meeting: int) -> HttpResponse:
    """Say that a planned meeting was held, fell through, is called off or moved."""
    user = person(request, User)
    row = handoff_for(user, pk)
    planned = meeting_of(row, meeting)
    if planned is None:
        raise Http404
    now = timezone.now()

    def run(form: LifeForm, version: int) -> str:
        return _run(row, planned, form.cleaned_data, user=user, version=version)

    may_hold = may(row, user, Action.HANDOFF_TOUCH)
    likely = HELD if may_hold else MeetingState.MISSED.value
    outcome = likely if planned.starts_at <= now else MOVED
    act = Act(
        action=Action.HANDOFF_MEETING,
        otherwise="Its submitter, its receiver and their managers tell of its meetings.",
        what="Nothing was kept",
        template="handoff/meeting.html",
        is_open=row.status in TOUCHABLE and planned.state == MeetingState.BOOKED,
        make=lambda data: MeetingForm(
            data, may_hold=may_hold, initial={"version": row.version, "outcome": outcome}
        ),
        run=run,
        context={"meeting": planned, "when": clock_time(planned.starts_at, now=now)},
    )
    return answer(request, row, user, act)


def _run(row: Handoff, meeting: Meeting, said: dict[str, Any], *, user: User, version: int) -> str:
    now = timezone.now()
    shared: dict[str, Any] = {"by": user, "now": now, "version": version}
    if said["outcome"] == HELD:
        touch = hold_meeting(row, meeting_id=meeting.pk, text=said["note"], **shared)
        return f"The meeting was held. {words_of_touch(touch)}"
    if said["outcome"] == MOVED:
        moved = move_meeting(row, meeting_id=meeting.pk, to=said["meeting_at"], **shared)
        return f"The meeting is moved to {clock_time(moved.starts_at, now=now)}."
    dropped = drop_meeting(
        row, meeting_id=meeting.pk, state=said["outcome"], note=said["note"], **shared
    )
    return (
        f"{dropped.get_state_display()}: the meeting of {clock_time(meeting.starts_at, now=now)}."
    )


@require_http_methods(READ_OR_WRITE)
@signed_in
def introduce(request: HttpRequest, pk: int) -> HttpResponse:
    """Say of a draft which receiver has met the buyer already, or that none has."""
    user = person(request, User)
    row = handoff_for(user, pk)
    before = introduction_of(row)
    people = {one.pk: one for one in receivers_of(row)}

    def run(form: LifeForm, version: int) -> str:
        now, said = timezone.now(), form.cleaned_data
        if said["receiver"] is None:
            take_back_introduction(row, by=user, now=now, version=version)
            return f"Nobody was introduced to {name_of(row)}."
        who = people[said["receiver"]]
        introduce_live(row, receiver=who, at=said["at"], by=user, now=now, version=version)
        return f"{who.name} was introduced: they get the lead first when they are eligible."

    act = Act(
        action=Action.HANDOFF_EDIT,
        otherwise="Its submitter and their managers tell of an introduction.",
        what="Not kept",
        template="handoff/introduce.html",
        is_open=may_step(Step.SUBMIT, row.status),
        make=lambda data: IntroductionForm(
            data,
            people=list(people.values()),
            initial={
                "version": row.version,
                "receiver": before.receiver_id if before else "",
                "at": before.starts_at if before else None,
            },
        ),
        run=run,
    )
    return answer(request, row, user, act)
