"""Handoffs in words: what became of each as one metric counts it."""

from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import QuerySet

from handoff.choices import RejectReason, Status
from handoff.models import Handoff
from review.selectors.sources.handoffs import second_held
from review.selectors.telling.shape import Telling, last_receiver, moment, with_last_receiver
from worktime.rules import duration_words


def _join(handoffs: QuerySet[Any]) -> QuerySet[Any]:
    return with_last_receiver(handoffs.select_related("lead__company", "submitted_by"))


def _after(handoff: Handoff, at: datetime | None) -> str:
    if at is None or handoff.submitted_at is None:
        return ""
    return duration_words((at - handoff.submitted_at).total_seconds())


def _state(handoff: Handoff, zone: ZoneInfo) -> str:
    """Where it stands now."""
    if handoff.status == Status.HOLDING:
        return "Nobody was eligible yet."
    if handoff.status == Status.PENDING:
        return "The receiver has not decided yet."
    if handoff.status == Status.ACCEPTED:
        return "It is accepted and open."
    reason = RejectReason(handoff.reason).label if handoff.reason else ""
    rejected = f"Sent back: {reason}. " if reason else ""
    if handoff.closed_at is None:
        return rejected.strip()
    closed = moment(handoff.closed_at, zone)
    return f"{rejected}{handoff.get_closed_as_display()} {closed}."


def _accepted(handoff: Handoff, zone: ZoneInfo) -> str:
    accepted = handoff.first_accepted_at
    if handoff.accept_seconds is None or accepted is None or handoff.submitted_at is None:
        return _state(handoff, zone)
    return (
        f"Accepted {moment(accepted, zone)}, after "
        f"{duration_words(handoff.accept_seconds)} of working time "
        f"({_after(handoff, accepted)} by the wall clock)."
    )


def _contacted(handoff: Handoff, zone: ZoneInfo) -> str:
    contacted = handoff.first_contact_at
    if contacted is None:
        return f"No contact yet. {_state(handoff, zone)}"
    working = (
        f"{duration_words(handoff.contact_seconds)} of working time ("
        if handoff.contact_seconds is not None
        else "("
    )
    after = _after(handoff, contacted)
    return f"Contacted {moment(contacted, zone)}, after {working}{after} by the wall clock)."


def _complete(handoff: Handoff, zone: ZoneInfo) -> str:
    return f"Complete to {handoff.completeness} % at submission."


def _gate(handoff: Any, zone: ZoneInfo) -> str:
    if handoff.outcome == "refused":
        return "The gate refused it before it was handed off."
    return "Handed off at the first try." if handoff.outcome == "passed" else _state(handoff, zone)


def _introduced(handoff: Any, zone: ZoneInfo) -> str:
    if handoff.outcome == "introduced":
        return "The receiver had met the buyer live before the handoff."
    return _state(handoff, zone)


def _second(handoff: Any, zone: ZoneInfo) -> str:
    held = handoff.second_at
    if held is None or handoff.submitted_at is None:
        return f"No second meeting yet. {_state(handoff, zone)}"
    return f"Second meeting held {moment(held, zone)}, {_after(handoff, held)} after submission."


def _join_second(handoffs: QuerySet[Any]) -> QuerySet[Any]:
    rows: QuerySet[Any] = _join(handoffs).annotate(second_at=second_held())
    return rows


def _converted(handoff: Handoff, zone: ZoneInfo) -> str:
    accepted = handoff.first_accepted_at
    start = f"Accepted {moment(accepted, zone)}. " if accepted else ""
    return f"{start}{_state(handoff, zone)}"


ACCEPTED = Telling(
    join=_join, handoff=lambda handoff: handoff, receiver=last_receiver, why=_accepted
)
CONTACTED = replace(ACCEPTED, why=_contacted)
COMPLETE = replace(ACCEPTED, why=_complete)
GATE = replace(ACCEPTED, why=_gate)
INTRODUCED = replace(ACCEPTED, why=_introduced)
SECOND = replace(ACCEPTED, join=_join_second, why=_second)
CONVERTED = replace(ACCEPTED, why=_converted)
STATE = replace(ACCEPTED, why=_state)
