from django.db import models


class Strategy(models.TextChoices):
    WEIGHTED_ROUND_ROBIN = "weighted_round_robin", "Weighted round robin"
    LEAST_LOADED = "least_loaded", "Fewest open leads first"


class Hours(models.TextChoices):
    """What a pool makes of its members' working hours."""

    IGNORED = "ignored", "Do not matter"
    PREFERRED = "preferred", "At work first, else anybody"
    REQUIRED = "required", "Only who is at work"


class SkillKind(models.TextChoices):
    """What a receiver may be able to do, and a lead may ask for."""

    LANGUAGE = "language", "Language"
    PRODUCT = "product", "Product"
    SEGMENT = "segment", "Segment"


class ImpactState(models.TextChoices):
    """How far the replay of a draft has come."""

    WAITING = "waiting", "Waiting"
    RUNNING = "running", "Running"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"


class RuleSetState(models.TextChoices):
    DRAFT = "draft", "Draft"
    PUBLISHED = "published", "Published"
    RETIRED = "retired", "Replaced"


class TurnKind(models.TextChoices):
    """Why a turn was taken."""

    ROTATION = "rotation", "Next in rotation"
    RETURNING = "returning", "Back to the receiver who sent it back"
    INTRODUCED = "introduced", "Introduced to the buyer live"
    OWNER = "owner", "Looks after the company"
    EARLIER = "earlier", "Had the lead before"
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
    OUT_OF_HOURS = "out_of_hours", "outside working hours"
    AT_DAY_LIMIT = "at_day_limit", "had today\u2019s leads"
    AT_WEEK_LIMIT = "at_week_limit", "had this week\u2019s leads"
    NO_SKILL = "no_skill", "lacks what the lead asks for"
