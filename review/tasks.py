"""The loops of the review; the drivers, Celery among them, find them by their names."""

from datetime import timedelta

from core.loops import Loop, register
from review.services import close_overdue

CLOSE_OVERDUE = register(
    Loop(
        "review.close_overdue",
        timedelta(seconds=30),
        close_overdue,
        "Closes reviews whose time is over",
    )
)
