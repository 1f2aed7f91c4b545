from __future__ import annotations

from typing import ClassVar

from django.db import models

from accounts.models import User
from core.models import Timestamped
from handoff.models.handoff import Leg


class Contest(Timestamped):
    """The submitter's objection to a rejection, and the one ruling on it."""

    leg = models.OneToOneField(Leg, on_delete=models.PROTECT, related_name="contest")
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    note = models.TextField()
    ruled_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    ruled_at = models.DateTimeField(null=True, blank=True)
    is_upheld = models.BooleanField(null=True, blank=True)
    ruling = models.TextField(blank=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["at", "id"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["ruled_at", "at"], name="handoff_contest_waiting"),
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=models.Q(
                    ruled_by__isnull=True, ruled_at__isnull=True, is_upheld__isnull=True
                )
                | models.Q(ruled_by__isnull=False, ruled_at__isnull=False, is_upheld__isnull=False),
                name="handoff_contest_ruling_is_whole",
            ),
        ]

    def __str__(self) -> str:
        return f"contest of leg {self.leg_id}"
