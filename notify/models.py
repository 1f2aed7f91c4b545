from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.db import models

from accounts.models import User
from core.models import Timestamped
from notify.choices import Channel, MessageState

ERROR_LENGTH = 500


class MessageQuerySet(models.QuerySet["Message"]):
    def inbox_of(self, user: User) -> MessageQuerySet:
        """What the person finds in the in-page inbox, newest first."""
        return (
            self.filter(recipient=user, channel=Channel.INBOX)
            .exclude(state=MessageState.DROPPED)
            .order_by("-id")
        )

    def unread(self) -> MessageQuerySet:
        return self.filter(read_at__isnull=True)

    def due(self, now: datetime) -> MessageQuerySet:
        """What may be sent: it waits and its time has come, or its sender died."""
        # Both states are named so that the index of the outbox serves.
        return self.filter(
            models.Q(state=MessageState.PENDING) | models.Q(lease_until__lte=now),
            state__in=[MessageState.PENDING, MessageState.SENDING],
            not_before__lte=now,
        )

    def dead(self) -> MessageQuerySet:
        """What could not be delivered and waits for an admin."""
        return self.filter(state=MessageState.DEAD)

    def for_user(self, user: User) -> MessageQuerySet:
        return self if user.is_admin else self.filter(recipient=user)


class Message(Timestamped):
    """One thing to tell one person over one channel: a row of the outbox.

    The row is written in the transaction of what it tells about; the text is made when it is
    sent, so that it is never older than the facts. An inbox row is readable at once and needs
    no sending. `attempts` counts the tries since it was queued or last sent again by hand.
    """

    key = models.CharField(max_length=200, unique=True)
    kind = models.CharField(max_length=60)
    recipient = models.ForeignKey(User, on_delete=models.PROTECT, related_name="messages")
    channel = models.CharField(max_length=10, choices=Channel)
    subject_ref = models.CharField(max_length=60, help_text="What it is about, as kind:id.")
    payload = models.JSONField(default=dict, help_text="Ids and codes only, never names or text.")
    not_before = models.DateTimeField()
    state = models.CharField(max_length=10, choices=MessageState, default=MessageState.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    read_at = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(max_length=ERROR_LENGTH, blank=True)

    objects = MessageQuerySet.as_manager()

    class Meta:
        # SQLite uses a partial index only where no parameter stands in its condition, so a state
        # or a channel is a column of the index instead.
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["state", "not_before", "id"], name="notify_message_due"),
            models.Index(fields=["recipient", "channel", "-id"], name="notify_message_inbox"),
            models.Index(
                fields=["recipient", "channel"],
                condition=models.Q(read_at__isnull=True),
                name="notify_message_unread",
            ),
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=~models.Q(state="sending") | models.Q(lease_until__isnull=False),
                name="notify_message_sending_has_lease",
            ),
            models.CheckConstraint(
                condition=~models.Q(state="sent") | models.Q(sent_at__isnull=False),
                name="notify_message_sent_has_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} to {self.recipient_id} by {self.channel}"


class Attempt(Timestamped):
    """One try to deliver a message, written before the try begins.

    `is_delivered` stays null where the try came to no end of its own: its process died, or the
    message could not be handled.
    """

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="tries")
    n = models.PositiveSmallIntegerField()
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    is_delivered = models.BooleanField(null=True)
    error = models.CharField(max_length=ERROR_LENGTH, blank=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["message", "n"], name="notify_attempt_number"),
        ]

    def __str__(self) -> str:
        return f"attempt {self.n} of message {self.message_id}"
