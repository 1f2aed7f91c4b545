"""Meetings, steps of ladders, returns and silence in words."""

from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import QuerySet

from review.selectors.telling.shape import Telling, last_receiver, moment, with_last_receiver
from sla.choices import ClockKind
from worktime.rules import duration_words


def _join(rows: QuerySet[Any]) -> QuerySet[Any]:
    joined = rows.select_related("handoff__lead__company", "handoff__submitted_by")
    return with_last_receiver(joined, "handoff")


def _join_meetings(rows: QuerySet[Any]) -> QuerySet[Any]:
    return _join(rows).select_related("receiver")


def _join_steps(rows: QuerySet[Any]) -> QuerySet[Any]:
    return _join(rows).select_related("escalation__clock")


def _meeting_words(meeting: Any, zone: ZoneInfo) -> str:
    planned = moment(meeting.starts_at, zone)
    note = f" {meeting.note}" if meeting.note else ""
    if meeting.outcome == "unplanned":
        return f"Held {planned}; nobody had planned it in the product.{note}"
    return f"Planned for {planned}. {meeting.get_state_display()}.{note}"


def _step_words(event: Any, zone: ZoneInfo) -> str:
    clock = event.escalation.clock
    kind = ClockKind(clock.kind).label
    return f"{kind} clock, due {moment(clock.due_at, zone)}: {event.get_kind_display().lower()}."


def _rescued_words(event: Any, zone: ZoneInfo) -> str:
    clock = event.escalation.clock
    start = f"Alert {moment(event.at, zone)} about the {ClockKind(clock.kind).label.lower()} clock"
    if clock.met_at is not None:
        return f"{start}; met {moment(clock.met_at, zone)}."
    if clock.cancelled_at is not None:
        return f"{start}; stopped unmet {moment(clock.cancelled_at, zone)}."
    return f"{start}; not met yet."


def _acknowledged_words(event: Any, zone: ZoneInfo) -> str:
    start = f"Alert {moment(event.at, zone)}"
    if event.acknowledged_at is None:
        return f"{start}; nobody has acknowledged it."
    after = duration_words((event.acknowledged_at - event.at).total_seconds())
    return f"{start}; acknowledged {moment(event.acknowledged_at, zone)}, after {after}."


def _return_words(event: Any, zone: ZoneInfo) -> str:
    return f"{event.get_kind_display()} {moment(event.at, zone)}."


def _quiet_words(event: Any, zone: ZoneInfo) -> str:
    return f"Last touch logged {moment(event.at, zone)}, then nothing for two weeks."


STEPS = Telling(
    join=_join_steps,
    handoff=lambda row: row.handoff,
    receiver=last_receiver,
    why=_step_words,
)
RESCUED = replace(STEPS, why=_rescued_words)
ACKNOWLEDGED = replace(STEPS, why=_acknowledged_words)
RETURNS = replace(STEPS, join=_join, why=_return_words)
QUIET = replace(RETURNS, why=_quiet_words)
MEETINGS = replace(
    STEPS,
    join=_join_meetings,
    receiver=lambda row: str(row.receiver) if row.receiver else last_receiver(row),
    why=_meeting_words,
)
