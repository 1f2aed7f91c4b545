from __future__ import annotations

from typing import ClassVar

from django.db import models

from accounts.models import User
from core.models import Timestamped
from handoff.choices import Direction, TouchKind, Verdict
from handoff.models.handoff import Handoff, Leg


class Touch(Timestamped):
    """A contact with the buyer: when it took place, when it was logged, and whether it counts.

    ``fingerprint`` is a digest of the text without its accidents; it finds a mail that says the
    same as another of its sender's. ``leg`` is the receiver's time that the touch belongs to.
    """

    handoff = models.ForeignKey(Handoff, on_delete=models.PROTECT, related_name="touches")
    leg = models.ForeignKey(
        Leg, null=True, blank=True, on_delete=models.PROTECT, related_name="touches"
    )
    kind = models.CharField(max_length=16, choices=TouchKind)
    direction = models.CharField(max_length=8, choices=Direction)
    is_automated = models.BooleanField(default=False)
    occurred_at = models.DateTimeField()
    logged_at = models.DateTimeField()
    verdict = models.CharField(max_length=12, choices=Verdict)
    actor = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    text = models.TextField(blank=True)
    fingerprint = models.CharField(max_length=64, blank=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["occurred_at", "id"]
        verbose_name_plural = "touches"
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["actor", "fingerprint"], name="handoff_touch_fingerprint"),
            models.Index(fields=["handoff", "occurred_at"], name="handoff_touch_handoff"),
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=models.Q(occurred_at__lte=models.F("logged_at")),
                name="handoff_touch_not_in_future",
            ),
            models.CheckConstraint(
                condition=~models.Q(is_automated=True) | ~models.Q(verdict="meaningful"),
                name="handoff_touch_automated_never_counts",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} on handoff {self.handoff_id}"
