"""The states of a clock and the ways between them.

A breach is a fact beside the state, so it is no state here: a breached clock runs on until it is
met or cancelled.
"""

from __future__ import annotations

from datetime import datetime

RUNNING = "running"
PAUSED = "paused"
MET = "met"
CANCELLED = "cancelled"

TRANSITIONS: dict[str, frozenset[str]] = {
    RUNNING: frozenset({PAUSED, MET, CANCELLED}),
    PAUSED: frozenset({RUNNING, MET, CANCELLED}),
    MET: frozenset(),
    # Only what was cancelled by a decision that is overturned runs on again.
    CANCELLED: frozenset({RUNNING}),
}

# The receiver's first look at a lead is asked for whatever else is going on.
NEVER_PAUSED = frozenset({"accept"})


def may_pass(source: str, target: str) -> bool:
    return target in TRANSITIONS[source]


def may_pause(kind: str) -> bool:
    return kind not in NEVER_PAUSED


def is_late(due_at: datetime, at: datetime) -> bool:
    """Whether stopping at `at` comes too late. Exactly at due is in time."""
    return at > due_at
