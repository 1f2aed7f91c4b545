from __future__ import annotations

from typing import ClassVar

from django.db import models
from simple_history.models import HistoricalRecords

from accounts.models import User
from core.models import Timestamped
from routing.choices import Hours, ImpactState, RuleSetState, SkillKind, Strategy, TurnKind


class Pool(Timestamped):
    """The receivers among whom leads rotate."""

    name = models.CharField(max_length=150, unique=True)
    manager = models.ForeignKey(
        User,
        on_delete=models.PROTECT,
        related_name="managed_pools",
        help_text="Owns what the pool holds while nobody is eligible.",
    )
    strategy = models.CharField(
        max_length=30, choices=Strategy, default=Strategy.WEIGHTED_ROUND_ROBIN
    )
    hours = models.CharField(
        max_length=10,
        choices=Hours,
        default=Hours.IGNORED,
        help_text="What the members' own working hours decide at the moment of the pick.",
    )
    skills = models.JSONField(
        default=list,
        blank=True,
        help_text="Kinds of skill that a member must have where a lead asks for one.",
    )
    timeout_costs_turn = models.BooleanField(
        default=True, help_text="A lead that is not accepted in time counts as its member's turn."
    )
    manual_costs_turn = models.BooleanField(
        default=False, help_text="A lead that a manager gives to a member counts as their turn."
    )
    sequence = models.PositiveBigIntegerField(
        default=0, editable=False, help_text="Number of the last turn; the ledger has no gap."
    )
    history = HistoricalRecords(excluded_fields=["sequence"])

    class Meta:
        ordering: ClassVar[list[str]] = ["name"]

    def __str__(self) -> str:
        return self.name


class Member(Timestamped):
    """A receiver in a pool, with the credit of the smooth weighted round robin."""

    pool = models.ForeignKey(Pool, on_delete=models.PROTECT, related_name="members")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="pool_members")
    weight = models.PositiveSmallIntegerField(default=1, help_text="Share of the leads; 0: none.")
    credit = models.BigIntegerField(default=0, editable=False)
    is_active = models.BooleanField(default=True)
    backup = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="backs_up",
        help_text="Takes over what is not accepted in time, and during time off.",
    )
    last_picked_sequence = models.PositiveBigIntegerField(default=0, editable=False)
    last_present_sequence = models.PositiveBigIntegerField(
        default=0, editable=False, help_text="Last turn at which the member was not away."
    )
    history = HistoricalRecords(
        excluded_fields=["credit", "last_picked_sequence", "last_present_sequence"]
    )

    class Meta:
        ordering: ClassVar[list[str]] = ["pool", "id"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["pool", "user"], name="routing_member_once"),
            models.CheckConstraint(
                condition=models.Q(weight__gte=0, weight__lte=1000),
                name="routing_member_weight_range",
            ),
            models.CheckConstraint(
                condition=models.Q(backup__isnull=True) | ~models.Q(backup=models.F("id")),
                name="routing_member_not_own_backup",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} in {self.pool}"


class Load(Timestamped):
    """How much one person carries over all pools: live legs without a first contact."""

    user = models.OneToOneField(User, on_delete=models.PROTECT, related_name="load")
    open_count = models.PositiveIntegerField(default=0, editable=False)
    capacity = models.PositiveIntegerField(
        null=True, blank=True, help_text="Most open leads at a time; empty: no limit."
    )
    day_limit = models.PositiveIntegerField(
        null=True, blank=True, help_text="Most new leads a day; empty: no limit."
    )
    week_limit = models.PositiveIntegerField(
        null=True, blank=True, help_text="Most new leads a week; empty: no limit."
    )
    day = models.DateField(
        null=True, editable=False, help_text="The organisation's day that day_count counts."
    )
    day_count = models.PositiveIntegerField(default=0, editable=False)
    week = models.DateField(
        null=True, editable=False, help_text="The Monday of the week that week_count counts."
    )
    week_count = models.PositiveIntegerField(default=0, editable=False)
    history = HistoricalRecords(
        excluded_fields=["open_count", "day", "day_count", "week", "week_count"]
    )

    def __str__(self) -> str:
        return f"load of {self.user}"


class Skill(Timestamped):
    """One thing a receiver can do: a language, a product or a segment, written in lower case."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="skills")
    kind = models.CharField(max_length=10, choices=SkillKind)
    value = models.CharField(max_length=60)
    history = HistoricalRecords()

    class Meta:
        ordering: ClassVar[list[str]] = ["user", "kind", "value"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["user", "kind", "value"], name="routing_skill_once"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.value} of {self.user}"


class RuleSet(Timestamped):
    """One version of the routing rules. Exactly one is published, and one at most is a draft."""

    n = models.PositiveIntegerField(
        null=True, unique=True, help_text="The version; a draft gets its number when published."
    )
    based_on = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="The version in force when the draft was begun, or the one that is brought back.",
    )
    saves = models.PositiveIntegerField(
        default=0, editable=False, help_text="How often the draft was saved."
    )
    edited_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    edited_at = models.DateTimeField(null=True, blank=True)
    seen = models.ForeignKey(
        "ImpactReview",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="The impact review that was looked at when it was published.",
    )
    state = models.CharField(max_length=10, choices=RuleSetState, default=RuleSetState.DRAFT)
    published_at = models.DateTimeField(null=True, blank=True)
    published_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["state"],
                condition=models.Q(state="published"),
                name="routing_ruleset_one_published",
            ),
            models.UniqueConstraint(
                fields=["state"],
                condition=models.Q(state="draft"),
                name="routing_ruleset_one_draft",
            ),
            models.CheckConstraint(
                condition=models.Q(state="draft") | models.Q(n__isnull=False),
                name="routing_ruleset_published_has_number",
            ),
            models.CheckConstraint(
                condition=~models.Q(state="published") | models.Q(published_at__isnull=False),
                name="routing_ruleset_published_has_time",
            ),
        ]

    def __str__(self) -> str:
        return "rules, draft" if self.n is None else f"rules, version {self.n}"


class Rule(Timestamped):
    """One line of a rule set; the last, without conditions, is the fallback."""

    ruleset = models.ForeignKey(RuleSet, on_delete=models.PROTECT, related_name="rules")
    position = models.PositiveIntegerField()
    name = models.CharField(max_length=150)
    conditions = models.JSONField(default=dict, blank=True)
    pool = models.ForeignKey(Pool, on_delete=models.PROTECT, related_name="rules")
    owner_first = models.BooleanField(
        default=False, help_text="Whoever looks after the company goes first."
    )
    earlier_first = models.BooleanField(
        default=False, help_text="The receiver of the lead's earlier handoff goes first."
    )

    class Meta:
        ordering: ClassVar[list[str]] = ["ruleset", "position"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["ruleset", "position"], name="routing_rule_position"),
        ]

    def __str__(self) -> str:
        return self.name


class ImpactReview(Timestamped):
    """A replay of past handoffs through a draft of the rules, beside what happened.

    A row that waits is claimed by the loop that works on it; `saves` says of which state of the
    draft it tells. `result` holds figures by id; pages turn them into words.
    """

    ruleset = models.ForeignKey(RuleSet, on_delete=models.PROTECT, related_name="impact_reviews")
    saves = models.PositiveIntegerField()
    weeks = models.PositiveSmallIntegerField()
    until = models.DateTimeField(help_text="The end of the weeks, which are counted back from it.")
    asked_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    state = models.CharField(max_length=8, choices=ImpactState, default=ImpactState.WAITING)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    claimed_until = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    error = models.TextField(blank=True)
    result = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["-id"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["state", "claimed_until"],
                condition=models.Q(state__in=["waiting", "running"]),
                name="routing_impact_to_do",
            ),
        ]

    def __str__(self) -> str:
        return f"impact review {self.pk}"


class TurnQuerySet(models.QuerySet["Turn"]):
    def for_user(self, user: User) -> TurnQuerySet:
        """Own turns, those of the pools and people one manages, or all."""
        if user.is_admin:
            return self
        if user.is_manager:
            return self.filter(
                models.Q(pool__manager=user) | models.Q(user__in=User.objects.managed_by(user))
            )
        return self.filter(user=user)


class Turn(Timestamped):
    """One pick, for good: who got it, by which rule, out of whom, and who was skipped and why."""

    pool = models.ForeignKey(Pool, on_delete=models.PROTECT, related_name="turns")
    sequence = models.PositiveBigIntegerField()
    at = models.DateTimeField()
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="turns")
    member = models.ForeignKey(Member, null=True, on_delete=models.PROTECT, related_name="turns")
    kind = models.CharField(max_length=12, choices=TurnKind)
    strategy = models.CharField(
        max_length=30, choices=Strategy, default=Strategy.WEIGHTED_ROUND_ROBIN
    )
    rule = models.ForeignKey(Rule, null=True, on_delete=models.PROTECT, related_name="turns")
    candidates = models.JSONField(help_text="[user id, weight, credit before] of each candidate.")
    exclusions = models.JSONField(help_text="user id, code and details of each member passed over.")
    credit_before = models.BigIntegerField()
    credit_after = models.BigIntegerField()

    objects = TurnQuerySet.as_manager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["pool", "sequence"], name="routing_turn_sequence"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["user", "-at"], name="routing_turn_user_at"),
            models.Index(fields=["pool", "-at"], name="routing_turn_pool_at"),
        ]

    def __str__(self) -> str:
        return f"turn {self.sequence} of {self.pool_id}"


class CreditNote(Timestamped):
    """A turn given back, once: the lead was not a fair one."""

    turn = models.OneToOneField(Turn, on_delete=models.PROTECT, related_name="credit_note")
    at = models.DateTimeField()
    reason = models.CharField(max_length=30)
    amount = models.BigIntegerField()

    def __str__(self) -> str:
        return f"credit note for turn {self.turn_id}"
