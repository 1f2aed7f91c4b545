from django.db import models


class ClockKind(models.TextChoices):
    """The commitments that run as clocks."""

    HAND_OFF = "hand_off", "Hand-off"
    ACCEPT = "accept", "Accept"
    CONTACT = "contact", "First contact"
    CONTACT_LEG = "contact_leg", "Own contact"
    NEXT_STEP = "next_step", "Next step"
    BOOKING = "booking", "Booking"
    SECOND_MEETING = "second_meeting", "Second meeting"


class Unit(models.TextChoices):
    WORKING_MINUTES = "working_minutes", "working minutes"
    ELAPSED_MINUTES = "elapsed_minutes", "minutes around the clock"
    WORKING_DAYS = "working_days", "working days"


class PolicyState(models.TextChoices):
    DRAFT = "draft", "Draft"
    PUBLISHED = "published", "Published"
    RETIRED = "retired", "Replaced"


class StepAction(models.TextChoices):
    REMIND = "remind", "Remind"
    BREACH = "breach", "Breach"
    ALERT_MANAGER = "alert_manager", "Alert the manager"
    NOTIFY_CHANNEL = "notify_channel", "Post to the team's channel"
    REASSIGN = "reassign", "Give it to the backup"
    RETURN_TO_SUBMITTER = "return_to_submitter", "Return it to the submitter"
    TO_NURTURE = "to_nurture", "Give it back to nurture"


class ClockState(models.TextChoices):
    RUNNING = "running", "Running"
    PAUSED = "paused", "Paused"
    MET = "met", "Met"
    CANCELLED = "cancelled", "Cancelled"


class EscalationState(models.TextChoices):
    PENDING = "pending", "Waiting"
    HANDLED = "handled", "Done"
    SUPERSEDED = "superseded", "Settled before it was due to act"
    QUARANTINED = "quarantined", "Set aside after repeated failures"
