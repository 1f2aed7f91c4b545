"""Decisions of the router that need nothing but their arguments."""

from routing.rules.eligibility import Code, Excluded, Standing, excluded
from routing.rules.rotation import Pick, Seat, clamped, pick, refund, seats_after

__all__ = [
    "Code",
    "Excluded",
    "Pick",
    "Seat",
    "Standing",
    "clamped",
    "excluded",
    "pick",
    "refund",
    "seats_after",
]
