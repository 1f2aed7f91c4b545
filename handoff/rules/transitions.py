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
    Step.SUPERSEDE: _transition({"rejected"}, {"closed"}),
    Step.CONCEDE: _transition({"rejected"}, {"closed"}),
    Step.WITHDRAW: _transition({"draft", "holding", "pending"}, {"closed"}),
}

CLOSED_AS: dict[Step, frozenset[str]] = {
    Step.SUPERSEDE: frozenset({"superseded"}),
    Step.CONCEDE: frozenset({"conceded", "nurture"}),
    Step.WITHDRAW: frozenset({"withdrawn"}),
}


class ClockExit(StrEnum):
    MET = "met"
    CANCELLED = "cancelled"


# What a step does to each running clock of the handoff; a clock not named here runs on.
CLOCK_EXITS: dict[Step, dict[str, ClockExit]] = {
    Step.ACCEPT: {"accept": ClockExit.MET},
    Step.REJECT: {"accept": ClockExit.MET},
    Step.CONFLICT: {"accept": ClockExit.MET},
    Step.WITHDRAW: {"accept": ClockExit.CANCELLED},
}

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
