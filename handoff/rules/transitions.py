"""The life of a handoff as tables: what may follow what, and what becomes of the clocks."""

from dataclasses import dataclass
from enum import StrEnum


class Step(StrEnum):
    """A change of state. Each has one service that makes it."""

    SUBMIT = "submit"
    DRAIN = "drain"
    ACCEPT = "accept"
    REJECT = "reject"
    CONFLICT = "conflict"
    TIME_OUT = "time_out"
    REASSIGN = "reassign"
    COVER = "cover"
    LEAVE = "leave"
    RETURN = "return"
    NURTURE = "nurture"
    DISQUALIFY = "disqualify"
    MERGE = "merge"
    CONVERT = "convert"
    CONTEST = "contest"
    UPHOLD = "uphold"
    OVERTURN = "overturn"
    SUPERSEDE = "supersede"
    CONCEDE = "concede"
    WITHDRAW = "withdraw"


@dataclass(frozen=True, slots=True)
class Transition:
    """From which states a step leads to which."""

    sources: frozenset[str]
    results: frozenset[str]


def _transition(sources: set[str], results: set[str]) -> Transition:
    return Transition(frozenset(sources), frozenset(results))


TRANSITIONS: dict[Step, Transition] = {
    Step.SUBMIT: _transition({"draft"}, {"pending", "holding"}),
    Step.DRAIN: _transition({"holding"}, {"pending"}),
    Step.ACCEPT: _transition({"pending"}, {"accepted"}),
    Step.REJECT: _transition({"pending"}, {"rejected"}),
    Step.CONFLICT: _transition({"pending"}, {"pending", "holding"}),
    # Accepted too: the receiver let the time for their own contact run out.
    Step.TIME_OUT: _transition({"pending", "accepted"}, {"pending", "holding"}),
    Step.REASSIGN: _transition({"holding", "pending", "accepted"}, {"pending"}),
    Step.COVER: _transition({"pending", "accepted"}, {"pending"}),
    # The receiver leaves the company; unlike for a cover, it cannot stay with them.
    Step.LEAVE: _transition({"pending", "accepted"}, {"pending", "holding"}),
    Step.RETURN: _transition({"holding", "pending", "accepted"}, {"closed"}),
    Step.NURTURE: _transition({"holding", "pending", "accepted"}, {"closed"}),
    Step.DISQUALIFY: _transition({"holding", "pending", "accepted"}, {"closed"}),
    Step.MERGE: _transition({"holding", "pending", "accepted"}, {"closed"}),
    Step.CONVERT: _transition({"accepted"}, {"closed"}),
    Step.CONTEST: _transition({"rejected"}, {"rejected"}),
    Step.UPHOLD: _transition({"rejected"}, {"rejected"}),
    # The receiver may have left meanwhile: then there is a new pick instead.
    Step.OVERTURN: _transition({"rejected"}, {"accepted", "pending", "holding"}),
    Step.SUPERSEDE: _transition({"rejected"}, {"closed"}),
    Step.CONCEDE: _transition({"rejected"}, {"closed"}),
    Step.WITHDRAW: _transition({"draft", "holding", "pending"}, {"closed"}),
}

CLOSED_AS: dict[Step, frozenset[str]] = {
    Step.SUPERSEDE: frozenset({"superseded"}),
    Step.CONCEDE: frozenset({"conceded", "nurture"}),
    Step.WITHDRAW: frozenset({"withdrawn"}),
    Step.RETURN: frozenset({"returned"}),
    Step.NURTURE: frozenset({"nurture"}),
    Step.DISQUALIFY: frozenset({"disqualified"}),
    Step.MERGE: frozenset({"duplicate"}),
    Step.CONVERT: frozenset({"converted"}),
}


class ClockExit(StrEnum):
    MET = "met"
    CANCELLED = "cancelled"


_MET, _CANCELLED = ClockExit.MET, ClockExit.CANCELLED
# What belongs to one receiver and ends with their time; the answer to the handoff comes apart.
_OF_LEG = {"contact_leg": _CANCELLED, "next_step": _CANCELLED, "booking": _CANCELLED}
_OF_BUYER = {"contact": _CANCELLED, "second_meeting": _CANCELLED}
_ALL_CANCELLED = {"hand_off": _CANCELLED, "accept": _CANCELLED, **_OF_LEG, **_OF_BUYER}

# What a step does to each running clock of the handoff; a clock not named here runs on. The
# buyer's clocks run on through every change of receiver.
CLOCK_EXITS: dict[Step, dict[str, ClockExit]] = {
    Step.SUBMIT: {"hand_off": _MET},
    Step.ACCEPT: {"accept": _MET},
    Step.REJECT: {"accept": _MET, **_OF_LEG, **_OF_BUYER},
    Step.CONFLICT: {"accept": _MET, **_OF_LEG},
    Step.TIME_OUT: {"accept": _CANCELLED, **_OF_LEG},
    Step.REASSIGN: {"accept": _CANCELLED, **_OF_LEG},
    Step.COVER: {"accept": _CANCELLED, **_OF_LEG},
    Step.LEAVE: {"accept": _CANCELLED, **_OF_LEG},
    Step.RETURN: _ALL_CANCELLED,
    Step.NURTURE: _ALL_CANCELLED,
    Step.DISQUALIFY: _ALL_CANCELLED,
    Step.MERGE: _ALL_CANCELLED,
    # To become an opportunity counts as contact; what was still to come is not asked for any more.
    Step.CONVERT: {**_ALL_CANCELLED, "accept": _MET, "contact": _MET, "contact_leg": _MET},
    Step.CONTEST: {"hand_off": _MET},
    Step.OVERTURN: {"hand_off": _CANCELLED},
    Step.SUPERSEDE: {"hand_off": _MET},
    Step.CONCEDE: {"hand_off": _MET},
    Step.WITHDRAW: _ALL_CANCELLED,
}

# What is done to a handoff without a change of its state.
TOUCHABLE = frozenset({"holding", "pending", "accepted"})
DATABLE = frozenset({"accepted"})
SURVIVING = TOUCHABLE
"""States in which a handoff may take a duplicate in."""

# Where a rejection goes: a conflict of one receiver is none of the next one's.
TO_NEXT_RECEIVER = frozenset({"conflict"})
NEEDS_FIELDS = frozenset({"missing_information"})
MOST_LEGS = 3
"""Legs that the product gives a handoff by itself; after the last a person must decide."""


def may(step: Step, status: str) -> bool:
    """Whether a handoff in this state may take the step."""
    return status in TRANSITIONS[step].sources


def steps_from(status: str) -> frozenset[Step]:
    """All steps that are open in this state."""
    return frozenset(step for step, rule in TRANSITIONS.items() if status in rule.sources)


_WARMTH = {"cool": 0, "warm": 1, "hot": 2}


def may_set_temperature(before: str, after: str, *, is_manager: bool) -> bool:
    """A submitter may raise a lead's temperature; lowering it takes a manager."""
    return is_manager or _WARMTH[after] >= _WARMTH[before]
