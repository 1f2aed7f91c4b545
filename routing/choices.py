from django.db import models


class Strategy(models.TextChoices):
    WEIGHTED_ROUND_ROBIN = "weighted_round_robin", "Weighted round robin"


class RuleSetState(models.TextChoices):
    DRAFT = "draft", "Draft"
    PUBLISHED = "published", "Published"
    RETIRED = "retired", "Replaced"


class TurnKind(models.TextChoices):
    """Why a turn was taken."""

    ROTATION = "rotation", "Next in rotation"
    RETURNING = "returning", "Back to the receiver who sent it back"
    INTRODUCED = "introduced", "Introduced to the buyer live"
    DRAINED = "drained", "From holding"
    BACKUP = "backup", "The backup of who had it before"
    COVER = "cover", "Cover for time off"
    MANUAL = "manual", "A manager chose"


class Exclusion(models.TextChoices):
    """Why a member was not a candidate."""

    INACTIVE = "inactive", "not active"
    PAUSED = "paused", "paused"
    TIME_OFF = "time_off", "away"
    AT_CAPACITY = "at_capacity", "at capacity"
    NO_WEIGHT = "no_weight", "weight 0"
    CONFLICT = "conflict", "declared a conflict on this lead"
    TIMED_OUT = "timed_out", "had this lead until the time ran out"
