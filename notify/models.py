from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.db import models

from accounts.models import Team, User
from core.models import Timestamped
from notify.choices import Channel, MessageState

ERROR_LENGTH = 500


def channel_words(team: Team | None) -> str:
    """The channel of a team, or of the whole organisation, by name."""
    return f"The channel of {team}" if team else "The organisation's channel"


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

    Without a recipient it is a post to the Slack channel of `team`, or of the whole organisation
    where it names no team either.

    The row is written in the transaction of what it tells about; the text is made when it is
    sent, so that it is never older than the facts. An inbox row is readable at once and needs
    no sending. `attempts` counts the tries since it was queued or last sent again by hand.
    `batch` is shared by the messages that were handed over as one digest; one that is set while
    the message waits tells that the digest was refused, and the message then goes alone.
    """

    key = models.CharField(max_length=200, unique=True)
    kind = models.CharField(max_length=60)
    recipient = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="messages"
    )
    team = models.ForeignKey(
        Team, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    channel = models.CharField(max_length=10, choices=Channel)
    subject_ref = models.CharField(max_length=60, help_text="What it is about, as kind:id.")
    payload = models.JSONField(default=dict, help_text="Ids and codes only, never names or text.")
    not_before = models.DateTimeField()
    ignores_quiet = models.BooleanField(default=False, help_text="Goes out in quiet hours too.")
    state = models.CharField(max_length=10, choices=MessageState, default=MessageState.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    read_at = models.DateTimeField(null=True, blank=True)
    batch = models.UUIDField(null=True, blank=True, editable=False)
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
            models.CheckConstraint(
                condition=models.Q(recipient__isnull=False, team__isnull=True)
                | models.Q(recipient__isnull=True, channel="slack"),
                name="notify_message_to_somebody",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} to {self.recipient_id or 'a channel'} by {self.channel}"

    @property
    def addressee(self) -> str:
        """Whom it goes to, in words."""
        return str(self.recipient) if self.recipient else channel_words(self.team)


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


class LastDigest(Timestamped):
    """When a person, or a team's channel, was last told of many things at once.

    In a storm this keeps the next ones together, too.
    """

    user = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    team = models.ForeignKey(
        Team, null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    channel = models.CharField(max_length=10, choices=Channel)
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["user", "channel"], name="notify_lastdigest_once"),
            models.UniqueConstraint(
                fields=["team", "channel"], name="notify_lastdigest_once_a_team"
            ),
            models.UniqueConstraint(
                fields=["channel"],
                condition=models.Q(user__isnull=True, team__isnull=True),
                name="notify_lastdigest_once_for_all",
            ),
            models.CheckConstraint(
                condition=models.Q(user__isnull=True) | models.Q(team__isnull=True),
                name="notify_lastdigest_to_one",
            ),
        ]

    def __str__(self) -> str:
        return f"last digest to {self.user_id or 'a channel'} by {self.channel}"


class DailyNotice(Timestamped):
    """The last day for which a person got a list that comes once a day, or had nothing on it."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=60)
    day = models.DateField(help_text="By the person's own wall clock.")

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["user", "kind"], name="notify_dailynotice_once"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.day} to {self.user_id}"


class Preference(Timestamped):
    """What a person has said about one topic and one way out of the house.

    Where no row is, the topic's own default holds. The inbox takes everything, always.
    """

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="preferences")
    topic = models.CharField(max_length=40)
    channel = models.CharField(max_length=10, choices=Channel)
    is_on = models.BooleanField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["user", "topic", "channel"], name="notify_preference_once"
            ),
            models.CheckConstraint(
                condition=~models.Q(channel="inbox"), name="notify_preference_not_inbox"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.topic} by {self.channel}: {'on' if self.is_on else 'off'}"


class QuietHours(Timestamped):
    """From when until when a person's e-mail and Slack keep still, in wall time of their zone.

    An end before the start lies on the next day.
    """

    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="quiet_hours")
    starts = models.TimeField()
    ends = models.TimeField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=~models.Q(starts=models.F("ends")), name="notify_quiethours_some"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.starts:%H:%M} to {self.ends:%H:%M}"


class DestinationQuerySet(models.QuerySet["Destination"]):
    def alive(self) -> DestinationQuerySet:
        return self.filter(died_at__isnull=True)

    def shared(self) -> DestinationQuerySet:
        """Those that are no person's: the teams' and the organisation's."""
        return self.filter(user__isnull=True)


class Destination(Timestamped):
    """Where one person, a team or the whole organisation is reached by an address of its own.

    With neither user nor team it is the organisation's. `secret` is the whole address: who has it
    can post in their name, so no page, log or error shows it. `died_at` is when the other side
    said that it will never take anything again.
    """

    user = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.CASCADE, related_name="destinations"
    )
    team = models.ForeignKey(
        Team, null=True, blank=True, on_delete=models.CASCADE, related_name="destinations"
    )
    channel = models.CharField(max_length=10, choices=Channel)
    secret = models.CharField(max_length=500)
    died_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=ERROR_LENGTH, blank=True)

    objects = DestinationQuerySet.as_manager()

    class Meta:
        # Those of people are on no page but their own.
        verbose_name = "Slack channel"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["user", "channel"], name="notify_destination_once"),
            models.UniqueConstraint(
                fields=["team", "channel"], name="notify_destination_once_a_team"
            ),
            models.UniqueConstraint(
                fields=["channel"],
                condition=models.Q(user__isnull=True, team__isnull=True),
                name="notify_destination_once_for_all",
            ),
            models.CheckConstraint(
                condition=models.Q(user__isnull=True) | models.Q(team__isnull=True),
                name="notify_destination_of_one",
            ),
        ]

    def __str__(self) -> str:
        if self.user_id is not None:
            return f"{self.channel} of {self.user_id}"
        return channel_words(self.team)

    @property
    def ending(self) -> str:
        """Enough of the address to tell two apart."""
        return self.secret[-4:]
