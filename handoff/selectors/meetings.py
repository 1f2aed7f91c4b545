"""The meetings of a handoff as they read, and the introduction that came before it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import BigIntegerField, Q, QuerySet

from accounts.models import User
from accounts.rules.policy import Action, Relation
from core.prepared import PreparedRead
from handoff.choices import MeetingKind, MeetingState, Verdict
from handoff.models import Handoff, Meeting, Touch
from handoff.models.meeting import ARRANGED
from handoff.rules.touches import ARRANGING
from handoff.rules.transitions import TOUCHABLE
from handoff.selectors.story import clock_time

_TAGS = {
    MeetingState.BOOKED: "tag-soon",
    MeetingState.HELD: "tag-done",
    MeetingState.MISSED: "tag-late",
}
UNTOLD = "Held?"
"""What stands beside a meeting whose time has passed and of which nobody has told."""


@dataclass(frozen=True, slots=True)
class MeetingLine:
    """One meeting. ``is_open``: the reader may say what became of it."""

    pk: int
    what: str
    when: str
    at: datetime
    state: str
    tag: str
    who: str
    note: str
    is_open: bool


def introduction_of(row: Handoff) -> Meeting | None:
    """The introduction that was made live before the handoff; None where none was."""
    return _introductions(row.pk).select_related("receiver").first()


def introduced_receiver(row: Handoff) -> int | None:
    """Who was introduced to the buyer live before the handoff, by id."""
    return next((receiver for (receiver,) in _introduced(handoff=row.pk)), None)


def _introductions(handoff: Any) -> QuerySet[Meeting]:
    return Meeting.objects.filter(
        handoff_id=handoff, kind=MeetingKind.INTRO_CALL, state=MeetingState.HELD
    )


_introduced = PreparedRead(
    lambda handoff: _introductions(handoff).values_list("receiver_id")[:1],
    handoff=BigIntegerField(),
)


def is_arranged(row: Handoff) -> bool:
    """Whether a meeting with the buyer is to come or took place.

    One that was booked without saying for when has no row that could tell that it fell through:
    the touch alone speaks for it.
    """
    taken_back = Q(kind=MeetingKind.INTRO_CALL, state=MeetingState.CALLED_OFF)
    rows = Meeting.objects.filter(handoff_id=row.pk).exclude(taken_back)
    kept = set(rows.values_list("state", flat=True))
    if kept:
        return not kept.isdisjoint(ARRANGED)
    told = Touch.objects.filter(handoff_id=row.pk, verdict=Verdict.MEANINGFUL, kind__in=ARRANGING)
    return told.exists()


def meetings_of(row: Handoff) -> list[Meeting]:
    """All of them by time, in one query."""
    return list(
        Meeting.objects.filter(handoff_id=row.pk)
        .select_related("receiver", "booked_by")
        .order_by("starts_at", "pk")
    )


def meeting_lines(
    row: Handoff,
    meetings: Sequence[Meeting],
    user: User,
    relations: frozenset[Relation],
    *,
    now: datetime,
) -> tuple[MeetingLine, ...]:
    """What the reader sees of them; without a query."""
    may_tell = row.status in TOUCHABLE and user.may(Action.HANDOFF_MEETING, relations)
    return tuple(_line(one, may_tell=may_tell, now=now) for one in meetings)


def _line(meeting: Meeting, *, may_tell: bool, now: datetime) -> MeetingLine:
    state = MeetingState(meeting.state)
    is_untold = state == MeetingState.BOOKED and meeting.starts_at <= now
    return MeetingLine(
        pk=meeting.pk,
        what=str(MeetingKind(meeting.kind).label),
        when=clock_time(meeting.starts_at, now=now),
        at=meeting.starts_at,
        state=UNTOLD if is_untold else str(state.label),
        tag="tag-late" if is_untold else _TAGS.get(state, ""),
        who=meeting.receiver.name if meeting.receiver else f"booked by {meeting.booked_by.name}",
        note=meeting.note,
        is_open=may_tell and state == MeetingState.BOOKED,
    )


def meeting_of(row: Handoff, pk: int) -> Meeting | None:
    """One meeting of the handoff, whatever became of it."""
    return Meeting.objects.filter(handoff_id=row.pk, pk=pk).select_related("receiver").first()
