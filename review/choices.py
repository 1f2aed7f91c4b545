from django.db import models


class ReviewState(models.TextChoices):
    OPEN = "open", "Open"
    CLOSED = "closed", "Closed"


class MissKind(models.TextChoices):
    """What a walk-through looks at."""

    LATE = "late", "Late"
    REJECTED = "rejected", "Rejected"
    RETURNED = "returned", "Returned"


class RootCause(models.TextChoices):
    UNCLEAR_NEXT_STEP = "unclear_next_step", "Unclear next step"
    NO_CONTEXT = "no_context", "No context"
    WENT_COLD = "went_cold", "Went cold"
    OTHER = "other", "Other"


class ActionState(models.TextChoices):
    OPEN = "open", "Open"
    DONE = "done", "Done"
    DROPPED = "dropped", "No longer needed"


class ReviewEventKind(models.TextChoices):
    """What the log of a review or an action item tells."""

    OPENED = "opened", "began the review"
    NOTED = "noted", "changed its notes or who takes part"
    DECIDED = "decided", "decided on a miss"
    CLOSED = "closed", "closed the review"
    ACTION_ADDED = "action_added", "added the action item"
    ACTION_CHANGED = "action_changed", "changed the action item"
    ACTION_DONE = "action_done", "marked the action item as done"
    ACTION_DROPPED = "action_dropped", "dropped the action item"
    ACTION_REOPENED = "action_reopened", "opened the action item again"
