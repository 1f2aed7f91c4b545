from django.db import models


class Channel(models.TextChoices):
    INBOX = "inbox", "Inbox"
    EMAIL = "email", "E-mail"


class MessageState(models.TextChoices):
    """Where a message stands in the outbox."""

    PENDING = "pending", "Waiting"
    SENDING = "sending", "Being sent"
    SENT = "sent", "Sent"
    DROPPED = "dropped", "Dropped: no longer true"
    DEAD = "dead", "Could not be delivered"


class Tone(models.TextChoices):
    """How a text bears on time; colour is for time only, so the plain tone has none."""

    PLAIN = "plain", "Plain"
    SOON = "soon", "Soon due"
    LATE = "late", "Late"
