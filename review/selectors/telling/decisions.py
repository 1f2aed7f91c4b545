"""Legs and rulings in words."""

from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import QuerySet

from handoff.choices import TransferReason
from review.selectors.telling.shape import Telling, moment


def _join_legs(legs: QuerySet[Any]) -> QuerySet[Any]:
    return legs.select_related("receiver", "handoff__lead__company", "handoff__submitted_by")


def _leg_words(leg: Any, zone: ZoneInfo) -> str:
    at = moment(leg.dated_at, zone)
    if leg.outcome in ("undecided", "timed_out"):
        return f"{leg.get_ended_as_display()} {at}, before a decision."
    if leg.outcome == "one_person":
        return f"Decided {at}, by the person who submitted it."
    if leg.outcome in ("accepted", "overturned") and leg.accepted_at != leg.decided_at:
        overturned = moment(leg.accepted_at, zone)
        return f"Rejected {at}; overturned {overturned}, which accepted it."
    if leg.outcome == "accepted":
        return f"Accepted {at}."
    return f"Rejected {at}: {leg.get_reason_display()}."


LEGS = Telling(
    join=_join_legs,
    handoff=lambda leg: leg.handoff,
    receiver=lambda leg: str(leg.receiver),
    why=_leg_words,
)


def _join_rulings(contests: QuerySet[Any]) -> QuerySet[Any]:
    return contests.select_related(
        "ruled_by", "leg__receiver", "leg__handoff__lead__company", "leg__handoff__submitted_by"
    )


def _ruling_words(contest: Any, zone: ZoneInfo) -> str:
    verb = "Upheld" if contest.is_upheld else "Overturned"
    reason = contest.leg.get_reason_display()
    return f"{verb} {moment(contest.ruled_at, zone)} by {contest.ruled_by}. It said: {reason}."


RULINGS = Telling(
    join=_join_rulings,
    handoff=lambda contest: contest.leg.handoff,
    receiver=lambda contest: str(contest.leg.receiver),
    why=_ruling_words,
)


def _change_words(leg: Any, zone: ZoneInfo) -> str:
    at = moment(leg.assigned_at, zone)
    known = leg.why in TransferReason.values
    reason = TransferReason(leg.why).label if known else "No reason is on record"
    note = f" {leg.said}" if leg.said else ""
    return f"Got it {at}, within days of somebody else: {reason}.{note}"


CHANGES = Telling(
    join=_join_legs,
    handoff=lambda leg: leg.handoff,
    receiver=lambda leg: str(leg.receiver),
    why=_change_words,
)
