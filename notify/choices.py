from django.db import models


class Channel(models.TextChoices):
    INBOX = "inbox", "Inbox"
    EMAIL = "email", "E-mail"
    SLACK = "slack", "Slack"


class Topic(models.TextChoices):
    """What a message is about, in the words in which a person chooses how to be told of it."""

    NEW_LEADS = "new_leads", "New leads for me"
    REMINDERS = "reminders", "Reminders before something is due"
    LATE = "late", "Late: something I must act on"
    STUCK = "stuck", "The daily list of stuck leads"
    TO_ANSWER = "to_answer", "My handoffs that wait for my answer"
    OUTCOMES = "outcomes", "What became of my handoffs"
    CHANGES = "changes", "Leads that were taken back or moved away from me"
    HELD = "held", "Held leads that nobody can take"
    SYSTEM = "system", "How Handoff itself runs"
    OTHER = "other", "Everything else"


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
