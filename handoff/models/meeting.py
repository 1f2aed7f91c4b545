from __future__ import annotations

from typing import ClassVar

from django.db import models

from accounts.models import User
from core.models import Timestamped
from handoff.choices import MeetingKind, MeetingState
from handoff.models.handoff import Handoff

ARRANGED = (MeetingState.BOOKED, MeetingState.HELD)
"""A meeting that is to come or took place, and neither fell through nor was called off."""


class Meeting(Timestamped):
    """A meeting with the buyer: when it is planned for, and what became of it.

    ``receiver`` is who of the receivers takes part. An introduction that was held live before the
    handoff belongs to the draft, with the receiver whom the submitter named.
    """

    handoff = models.ForeignKey(Handoff, on_delete=models.PROTECT, related_name="meetings")
    kind = models.CharField(max_length=12, choices=MeetingKind, default=MeetingKind.MEETING)
    receiver = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    starts_at = models.DateTimeField(help_text="When it is planned for; held: when it was.")
    state = models.CharField(max_length=12, choices=MeetingState, default=MeetingState.BOOKED)
    booked_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    booked_at = models.DateTimeField(help_text="When it was entered.")
    settled_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    settled_at = models.DateTimeField(null=True, blank=True)
    note = models.TextField(blank=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["starts_at", "id"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["handoff", "kind", "starts_at"],
                condition=models.Q(state__in=["booked", "held"]),
                name="handoff_meeting_once",
            ),
            models.CheckConstraint(
                condition=models.Q(state="booked", settled_at__isnull=True)
                | (~models.Q(state="booked") & models.Q(settled_at__isnull=False)),
                name="handoff_meeting_settled_has_time",
            ),
            models.CheckConstraint(
                condition=~models.Q(state="held") | models.Q(starts_at__lte=models.F("settled_at")),
                name="handoff_meeting_held_is_past",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} of handoff {self.handoff_id}"
