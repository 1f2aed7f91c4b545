"""Meetings with the buyer: booked, moved, called off, held, and introductions made live."""

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from accounts.rules.policy import Action
from core.errors import FieldProblem
from handoff.choices import EventKind, MeetingKind, MeetingState
from handoff.errors import HandoffNotDraft, HandoffNotOpen, MeetingRefused, NoSuchMeeting
from handoff.models import Handoff, Leg, Meeting
from handoff.models.meeting import ARRANGED
from handoff.rules.transitions import TOUCHABLE, TRANSITIONS, Step
from handoff.selectors.meetings import introduction_of
from handoff.selectors.reassign import may_receive
from handoff.selectors.story import current_state
from handoff.services.change import append_event, apply_change, open_in
from handoff.services.clocks import earliest_due, meet_clocks
from handoff.services.decide import note_problems
from sla.choices import ClockKind

FURTHEST = timedelta(days=366)
SAME = timedelta(hours=12)
"""A meeting held within so long of a planned one is that one, begun early or late."""
EARLIEST_INTRODUCTION = timedelta(days=30)
_FELL_THROUGH = {
    MeetingState.MISSED: EventKind.MEETING_MISSED,
    MeetingState.CALLED_OFF: EventKind.MEETING_CALLED_OFF,
}


def time_problems(at: datetime, *, now: datetime) -> list[FieldProblem]:
    """Why a meeting cannot be booked for then."""
    if timezone.is_naive(at):
        return [FieldProblem("meeting_at", "no_zone", "Give the day and time with its zone.")]
    if at <= now:
        message = "That is over already: log the meeting as held, or enter a time to come."
        return [FieldProblem("meeting_at", "in_past", message)]
    if at > now + FURTHEST:
        message = "That is more than a year ahead. Enter a nearer day."
        return [FieldProblem("meeting_at", "too_far", message)]
    return []


def book(
    row: Handoff, leg: Leg | None, *, at: datetime, by: User, now: datetime
) -> dict[str, object]:
    """Keep a meeting that was agreed on; what the event says of it. The caller has the lock."""
    meeting, _ = Meeting.objects.get_or_create(
        handoff_id=row.pk,
        kind=MeetingKind.MEETING,
        starts_at=at,
        state__in=ARRANGED,
        defaults={
            "state": MeetingState.BOOKED,
            "receiver": leg.receiver if leg else None,
            "booked_by": by,
            "booked_at": now,
        },
    )
    return {"meeting": meeting.pk, "meeting_at": at.isoformat()}


def hand_over(row: Handoff, *, by: User, now: datetime) -> None:
    """The meeting that the submitter has set goes with the handoff."""
    if row.meeting_at is not None and row.meeting_at > now:
        book(row, None, at=row.meeting_at, by=by, now=now)


def hold(
    row: Handoff,
    leg: Leg | None,
    *,
    at: datetime,
    by: User,
    now: datetime,
    planned: Meeting | None = None,
) -> dict[str, object]:
    """Keep that a meeting took place: ``planned``, or else the one of that day, or a new one.

    Of those near it one that is still booked comes first: of the others it is known.
    """
    found = planned or _nearest(row, at)
    if found is None:
        found = Meeting(handoff_id=row.pk, kind=MeetingKind.MEETING, booked_by=by, booked_at=now)
    if found.state != MeetingState.HELD:
        found.receiver = found.receiver or (leg.receiver if leg else None)
        found.state, found.starts_at = MeetingState.HELD, at
        found.settled_by, found.settled_at = by, now
        found.save()
    return {"meeting": found.pk}


def _nearest(row: Handoff, at: datetime) -> Meeting | None:
    near = Meeting.objects.filter(
        handoff_id=row.pk,
        kind=MeetingKind.MEETING,
        state__in=ARRANGED,
        starts_at__range=(at - SAME, at + SAME),
    )
    return min(
        near,
        # What was held at that very time is told again; no two are at one time.
        key=lambda one: (
            one.starts_at != at,
            one.state != MeetingState.BOOKED,
            abs(one.starts_at - at),
        ),
        default=None,
    )


def meet_meeting_clocks(row: Handoff, *, at: datetime, now: datetime) -> None:
    """Stop what a meeting settles: booking, and with the second one held the second meeting.

    ``at`` is when the touch took place that says so.
    """
    meet_clocks(row, [ClockKind.BOOKING], at=at, now=now)
    held = Meeting.objects.filter(handoff_id=row.pk, state=MeetingState.HELD)
    second = held.order_by("starts_at").values_list("starts_at", flat=True)[1:2]
    for instant in second:
        meet_clocks(row, [ClockKind.SECOND_MEETING], at=instant, now=now)


def move_meeting(
    handoff: Handoff,
    *,
    meeting_id: int,
    to: datetime,
    by: User,
    now: datetime,
    version: int | None = None,
) -> Meeting:
    """Plan a booked meeting for another time; whoever has the lead is reminded anew.

    Raises:
        MeetingRefused: the time cannot be; ``problems`` names the field.
        NoSuchMeeting, HandoffNotOpen, StaleVersion: it is settled or changed in the meantime.
        NotPermitted, NotVisible: it is not this person's to move.
    """
    with transaction.atomic():
        row = _open(handoff, by=by, now=now, version=version)
        meeting = booked(row, meeting_id)
        problems = time_problems(to, now=now)
        planned = Meeting.objects.filter(handoff_id=row.pk, state__in=ARRANGED, starts_at=to)
        if planned.exists():
            message = "A meeting is planned for that time already. Enter another one."
            problems.append(FieldProblem("meeting_at", "taken", message))
        _refuse(problems)
        was = meeting.starts_at
        Meeting.objects.filter(pk=meeting.pk).update(starts_at=to)
        meeting.starts_at = to
        apply_change(
            row,
            event=EventKind.MEETING_MOVED,
            by=by,
            now=now,
            changes=_changes(row, was, to),
            data={"meeting": meeting.pk, "at": to.isoformat(), "was_at": was.isoformat()},
        )
        return meeting


def drop_meeting(
    handoff: Handoff,
    *,
    meeting_id: int,
    state: str,
    note: str = "",
    by: User,
    now: datetime,
    version: int | None = None,
) -> Meeting:
    """Say that a booked meeting did not take place, or was called off before.

    Raises:
        MeetingRefused: no such end, one that has not begun was missed, or the note cannot be.
        NoSuchMeeting, HandoffNotOpen, StaleVersion, NotPermitted, NotVisible: as for moving.
    """
    with transaction.atomic():
        row = _open(handoff, by=by, now=now, version=version)
        meeting = booked(row, meeting_id)
        problems = note_problems(note)
        if state not in _FELL_THROUGH:
            message = f"Choose one of: {', '.join(_FELL_THROUGH)}."
            problems.append(FieldProblem("outcome", "invalid_choice", message))
        elif state == MeetingState.MISSED and meeting.starts_at > now:
            message = "It has not begun yet. Call it off, or move it."
            problems.append(FieldProblem("outcome", "not_begun", message))
        _refuse(problems)
        meeting.state, meeting.note = MeetingState(state), note.strip()
        meeting.settled_by, meeting.settled_at = by, now
        meeting.save()
        apply_change(
            row,
            event=_FELL_THROUGH[meeting.state],
            by=by,
            now=now,
            changes=_changes(row, meeting.starts_at, None),
            data={"meeting": meeting.pk, "at": meeting.starts_at.isoformat()},
        )
        return meeting


def introduce_live(
    handoff: Handoff,
    *,
    receiver: User,
    at: datetime,
    by: User,
    now: datetime,
    version: int | None = None,
) -> Meeting:
    """Say of a draft that the receiver has met the buyer, live, together with the submitter.

    Where they are eligible they get the lead, and the buyer counts as contacted when it is
    handed off. Said again, it is corrected.

    Raises:
        MeetingRefused: they cannot receive it, or the time cannot be.
        HandoffNotDraft, StaleVersion, NotPermitted, NotVisible: as for changing a draft.
    """
    with transaction.atomic():
        row = _open_draft(handoff, by=by, now=now, version=version)
        _refuse(_introduction_problems(row, receiver, at, now=now))
        said: dict[str, Any] = {"receiver": receiver, "starts_at": at, "settled_at": now}
        meeting = introduction_of(row)
        if meeting is None:
            meeting = Meeting(
                handoff_id=row.pk, kind=MeetingKind.INTRO_CALL, booked_by=by, booked_at=now
            )
        for name, value in said.items():
            setattr(meeting, name, value)
        meeting.state, meeting.settled_by = MeetingState.HELD, by
        meeting.save()
        data = {"meeting": meeting.pk, "receiver": receiver.pk, "at": at.isoformat()}
        append_event(row, kind=EventKind.INTRODUCED, by=by, now=now, data=data)
        return meeting


def take_back_introduction(
    handoff: Handoff, *, by: User, now: datetime, version: int | None = None
) -> None:
    """Say that there was none; nothing happens where none was said. Raises as introduce_live."""
    with transaction.atomic():
        row = _open_draft(handoff, by=by, now=now, version=version)
        meeting = introduction_of(row)
        if meeting is None:
            return
        meeting.state, meeting.settled_at = MeetingState.CALLED_OFF, now
        meeting.save(update_fields=["state", "settled_at"])
        data = {"meeting": meeting.pk}
        append_event(row, kind=EventKind.NOT_INTRODUCED, by=by, now=now, data=data)


def _changes(row: Handoff, was: datetime, to: datetime | None) -> dict[str, Any]:
    """The columns of a handoff that follow a meeting: the one handed over is reminded of."""
    followed = {"meeting_at": to} if row.meeting_at == was else {}
    return {**followed, "next_due_at": earliest_due(row)}


def refuse_early(meeting: Meeting, *, now: datetime) -> None:
    """Raise MeetingRefused where a meeting is said to be held long before its time."""
    if meeting.starts_at > now + SAME:
        message = "It is planned for later. Move it to when it was held, or log a touch."
        _refuse([FieldProblem("outcome", "not_begun", message)])


def _introduction_problems(
    row: Handoff, receiver: User, at: datetime, *, now: datetime
) -> list[FieldProblem]:
    problems = []
    if not receiver.is_active or not may_receive(row, receiver):
        message = (
            f"{receiver} does not receive \u201c{row.type.name}\u201d. Choose somebody who does."
        )
        problems.append(FieldProblem("receiver", "not_a_receiver", message))
    if timezone.is_naive(at):
        problems.append(FieldProblem("at", "no_zone", "Give the day and time with its zone."))
    elif at > now:
        message = "That is in the future. Say so once it has happened."
        problems.append(FieldProblem("at", "in_future", message))
    elif at < now - EARLIEST_INTRODUCTION:
        message = "That is more than 30 days ago. Enter a later time."
        problems.append(FieldProblem("at", "too_old", message))
    return problems


def _open(handoff: Handoff, *, by: User, now: datetime, version: int | None) -> Handoff:
    return open_in(
        handoff.pk,
        states=TOUCHABLE,
        otherwise=HandoffNotOpen,
        action=Action.HANDOFF_MEETING,
        by=by,
        now=now,
        version=version,
    )


def _open_draft(handoff: Handoff, *, by: User, now: datetime, version: int | None) -> Handoff:
    return open_in(
        handoff.pk,
        states=TRANSITIONS[Step.SUBMIT].sources,
        otherwise=HandoffNotDraft,
        action=Action.HANDOFF_EDIT,
        by=by,
        now=now,
        version=version,
    )


def booked(row: Handoff, meeting_id: int) -> Meeting:
    """A meeting that is still planned; the caller has locked its handoff.

    Raises:
        NoSuchMeeting: somebody has said what became of it, or it is another handoff's.
    """
    found = Meeting.objects.filter(pk=meeting_id, handoff_id=row.pk, state=MeetingState.BOOKED)
    meeting = found.select_related("receiver").first()
    if meeting is None:
        message = "This meeting is not planned any more. Nothing was changed."
        raise NoSuchMeeting(message, current=current_state(row))
    return meeting


def _refuse(problems: list[FieldProblem]) -> None:
    if problems:
        raise MeetingRefused(problems[0].message, problems=problems)
