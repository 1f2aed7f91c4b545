from django.db import models


class ClockKind(models.TextChoices):
    """The commitments that run as clocks."""

    ACCEPT = "accept", "Accept"


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
