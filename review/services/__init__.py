"""Every write to reviews and action items. Interfaces and loops call these and nothing else."""

from review.services.actions import (
    add_action,
    change_action,
    close_action,
    reopen_action,
)
from review.services.closing import close_overdue, close_review
from review.services.meeting import decide_miss, note_review, open_review

__all__ = [
    "add_action",
    "change_action",
    "close_action",
    "close_overdue",
    "close_review",
    "decide_miss",
    "note_review",
    "open_review",
    "reopen_action",
]
