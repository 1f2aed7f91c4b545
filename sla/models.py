from __future__ import annotations

from typing import ClassVar

from django.db import models

from core.models import Timestamped
from sla.choices import ClockKind, ClockState, EscalationState, PolicyState, StepAction, Unit
from sla.rules.targets import Offset, offset_of, offset_words
from sla.rules.wording import target_words
from worktime.models import Calendar, CalendarVersion


class Policy(Timestamped):
    """A named set of commitments; its versions hold what it says."""

    key = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=150)

    class Meta:
        ordering: ClassVar[list[str]] = ["key"]

    def __str__(self) -> str:
        return self.name


class PolicyVersion(Timestamped):
    """What a policy said from its publication on. Published versions do not change.

    A draft holds its name and its targets in ``draft``; they become rows when it is published.

    The first published version, by position, whose conditions fit the facts of a handoff applies;
    the default fits everything and comes last.
    """

    policy = models.ForeignKey(Policy, on_delete=models.PROTECT, related_name="versions")
    n = models.PositiveIntegerField()
    state = models.CharField(max_length=10, choices=PolicyState, default=PolicyState.DRAFT)
    position = models.PositiveIntegerField()
    conditions = models.JSONField(default=dict, blank=True)
    is_default = models.BooleanField(default=False)
    calendar = models.ForeignKey(
        Calendar,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="For the buyer's clocks; empty: the organisation's.",
    )
    published_at = models.DateTimeField(null=True, blank=True)
    made_by = models.BigIntegerField(null=True, blank=True, help_text="Id of the person.")
    draft = models.JSONField(
        default=dict, blank=True, help_text="What a draft says beside its columns; else empty."
    )

    class Meta:
        ordering: ClassVar[list[str]] = ["position", "id"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["policy", "n"], name="sla_policyversion_number"),
            models.UniqueConstraint(
                fields=["position"],
                condition=models.Q(state="published"),
                name="sla_policyversion_position",
            ),
            models.UniqueConstraint(
                fields=["policy"],
                condition=models.Q(state="published"),
                name="sla_policyversion_one_published",
            ),
            models.UniqueConstraint(
                fields=["policy"],
                condition=models.Q(state="draft"),
                name="sla_policyversion_one_draft",
            ),
            models.UniqueConstraint(
                fields=["is_default"],
                condition=models.Q(state="published", is_default=True),
                name="sla_policyversion_one_default",
            ),
            models.CheckConstraint(
                condition=~models.Q(state="published") | models.Q(published_at__isnull=False),
                name="sla_policyversion_published_has_time",
            ),
        ]

    def __str__(self) -> str:
        if self.state == PolicyState.DRAFT:
            return f"{self.policy}, draft"
        return f"{self.policy}, version {self.n}"


class Target(Timestamped):
    """How long one kind of clock may run under a policy version."""

    version = models.ForeignKey(PolicyVersion, on_delete=models.PROTECT, related_name="targets")
    kind = models.CharField(max_length=20, choices=ClockKind)
    amount = models.PositiveIntegerField()
    unit = models.CharField(max_length=20, choices=Unit)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["version", "kind"], name="sla_target_kind"),
            models.CheckConstraint(
                condition=models.Q(amount__gte=1), name="sla_target_amount_positive"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} within {target_words(self.amount, self.unit)}"


class Step(Timestamped):
    """One rung of a target's ladder, so far from due: negative is before it.

    Either a percent of the target or minutes of the time that counts for it. Every target has one
    ``breach`` step at 0 percent, which comes before any other at due.
    """

    target = models.ForeignKey(Target, on_delete=models.PROTECT, related_name="steps")
    offset_percent = models.SmallIntegerField(null=True, blank=True)
    offset_minutes = models.IntegerField(null=True, blank=True)
    action = models.CharField(max_length=20, choices=StepAction)
    recipients = models.JSONField(default=list, help_text="receiver, owner, submitter or manager.")

    class Meta:
        ordering: ClassVar[list[str]] = ["target", "offset_percent", "offset_minutes", "id"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["target", "offset_percent", "action"], name="sla_step_once"
            ),
            models.UniqueConstraint(
                fields=["target", "offset_minutes", "action"], name="sla_step_once_in_minutes"
            ),
            models.UniqueConstraint(
                fields=["target"],
                condition=models.Q(action="breach"),
                name="sla_step_one_breach",
            ),
            models.CheckConstraint(
                condition=models.Q(offset_percent__isnull=True, offset_minutes__isnull=False)
                | models.Q(offset_percent__isnull=False, offset_minutes__isnull=True),
                name="sla_step_one_offset",
            ),
            # A comparison with null refuses nothing, so each says which of the two it is about.
            models.CheckConstraint(
                condition=~models.Q(action="breach")
                | models.Q(offset_percent__isnull=False, offset_percent=0),
                name="sla_step_breach_at_due",
            ),
            models.CheckConstraint(
                condition=~models.Q(action="remind")
                | models.Q(
                    offset_percent__isnull=False, offset_percent__lt=0, offset_percent__gt=-100
                )
                | models.Q(offset_minutes__isnull=False, offset_minutes__lt=0),
                name="sla_step_remind_before_due",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_action_display()} {offset_words(self.offset)}"

    @property
    def offset(self) -> Offset:
        return offset_of(self.offset_percent, self.offset_minutes)


class ClockQuerySet(models.QuerySet["Clock"]):
    def live(self) -> ClockQuerySet:
        return self.filter(state__in=[ClockState.RUNNING, ClockState.PAUSED])

    def with_view(self) -> ClockQuerySet:
        """With all that showing a clock reads, in a constant number of queries."""
        return self.select_related("target", "calendar_version").prefetch_related("pauses")


class Clock(Timestamped):
    """One running commitment. ``breached_at`` is a fact beside the state and is never erased.

    ``schedule`` holds the instant of every step, worked out when the clock starts or moves, as
    ``[step id, UTC instant in ISO 8601, action]`` in firing order; ``fired`` counts how many of
    them have fired, and ``next_step_at`` repeats the instant of the next one so that one index
    finds all that is due. All instants are UTC.
    """

    kind = models.CharField(max_length=20, choices=ClockKind)
    started_at = models.DateTimeField()
    target = models.ForeignKey(Target, on_delete=models.PROTECT, related_name="clocks")
    calendar_version = models.ForeignKey(
        CalendarVersion, on_delete=models.PROTECT, related_name="clocks"
    )
    due_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=ClockState, default=ClockState.RUNNING)
    met_at = models.DateTimeField(null=True, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    breached_at = models.DateTimeField(null=True, blank=True)
    detected_at = models.DateTimeField(null=True, blank=True)
    schedule = models.JSONField(default=list)
    fired = models.PositiveSmallIntegerField(default=0)
    next_step_at = models.DateTimeField(null=True, blank=True)
    is_unstaffed = models.BooleanField(default=False)
    is_due_fixed = models.BooleanField(
        default=False, help_text="Due at a time that was agreed: pauses do not move it."
    )
    has_ladder = models.BooleanField(
        default=True, help_text="Else only a miss is written down: another clock's ladder acts."
    )
    replaces = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="replaced_by"
    )

    objects = ClockQuerySet.as_manager()

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            # Whole and not partial: SQLite cannot tell that a bound state fits a condition.
            models.Index(fields=["state", "next_step_at", "id"], name="sla_clock_sweep"),
            # The review decides every clock in the week in which it falls due.
            models.Index(
                fields=["kind", "due_at", "state", "met_at", "breached_at", "is_unstaffed"],
                name="sla_clock_review",
            ),
            # Late now asks for what is past due and still live.
            models.Index(fields=["state", "due_at"], name="sla_clock_live_due"),
            # A draft is judged by the newest clocks.
            models.Index(fields=["started_at"], name="sla_clock_started"),
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=models.Q(due_at__gte=models.F("started_at")),
                name="sla_clock_due_after_start",
            ),
            models.CheckConstraint(
                condition=models.Q(state="met", met_at__isnull=False)
                | (~models.Q(state="met") & models.Q(met_at__isnull=True)),
                name="sla_clock_met_has_time",
            ),
            models.CheckConstraint(
                condition=models.Q(state="cancelled", cancelled_at__isnull=False)
                | (~models.Q(state="cancelled") & models.Q(cancelled_at__isnull=True)),
                name="sla_clock_cancelled_has_time",
            ),
            models.CheckConstraint(
                condition=models.Q(breached_at__isnull=True, detected_at__isnull=True)
                | models.Q(breached_at__isnull=False, detected_at__isnull=False),
                name="sla_clock_breach_is_detected",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} due {self.due_at:%Y-%m-%d %H:%M} UTC"


class Pause(Timestamped):
    """A span in which a clock does not count; without an end it is still going on."""

    clock = models.ForeignKey(Clock, on_delete=models.PROTECT, related_name="pauses")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=200)
    made_by = models.BigIntegerField(null=True, blank=True, help_text="Id of the person.")

    class Meta:
        ordering: ClassVar[list[str]] = ["starts_at"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["clock"],
                condition=models.Q(ends_at__isnull=True),
                name="sla_pause_one_open",
            ),
            models.CheckConstraint(
                condition=models.Q(ends_at__isnull=True)
                | models.Q(ends_at__gte=models.F("starts_at")),
                name="sla_pause_end_after_start",
            ),
        ]

    def __str__(self) -> str:
        return f"pause of clock {self.clock_id}"


class Acknowledgement(Timestamped):
    """Somebody has seen that a clock is late: until then no message is sent and no move made."""

    clock = models.ForeignKey(Clock, on_delete=models.PROTECT, related_name="acknowledgements")
    by_id = models.BigIntegerField(help_text="Id of the person.")
    at = models.DateTimeField()
    until = models.DateTimeField()
    note = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["at", "id"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=models.Q(until__gt=models.F("at")),
                name="sla_acknowledgement_until_after_at",
            ),
        ]

    def __str__(self) -> str:
        return f"acknowledgement of clock {self.clock_id}"


class Escalation(Timestamped):
    """A ladder step that came due on a clock: written once, then acted on once."""

    clock = models.ForeignKey(Clock, on_delete=models.PROTECT, related_name="escalations")
    step = models.ForeignKey(Step, on_delete=models.PROTECT, related_name="escalations")
    at = models.DateTimeField(help_text="When the step was due.")
    not_before = models.DateTimeField(help_text="Not acted on before this instant.")
    state = models.CharField(
        max_length=12, choices=EscalationState, default=EscalationState.PENDING
    )
    lease_until = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    handled_at = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(max_length=500, blank=True)

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["state", "not_before", "id"], name="sla_escalation_waiting"),
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["clock", "step"], name="sla_escalation_once"),
            models.CheckConstraint(
                condition=models.Q(state="pending", handled_at__isnull=True)
                | (~models.Q(state="pending") & models.Q(handled_at__isnull=False)),
                name="sla_escalation_handled_has_time",
            ),
        ]

    def __str__(self) -> str:
        return f"step {self.step_id} of clock {self.clock_id}"
