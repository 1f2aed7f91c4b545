"""Decisions of the router that need nothing but their arguments."""

from routing.rules.choice import choose
from routing.rules.eligibility import (
    BUSY,
    NOTHING_ASKED,
    Asks,
    Code,
    Excluded,
    Period,
    Room,
    Standing,
    excluded,
)
from routing.rules.rotation import Pick, Seat, clamped, pick, refund, seats_after

__all__ = [
    "BUSY",
    "NOTHING_ASKED",
    "Asks",
    "Code",
    "Excluded",
    "Period",
    "Pick",
    "Room",
    "Seat",
    "Standing",
    "choose",
    "clamped",
    "excluded",
    "pick",
    "refund",
    "seats_after",
]
