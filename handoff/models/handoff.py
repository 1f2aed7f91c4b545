from __future__ import annotations

from typing import ClassVar

from django.db import models

from accounts.models import Membership, User
from core.models import Timestamped
from handoff.choices import (
    ClosedAs,
    DealOutcome,
    DisqualifyReason,
    EventKind,
    LegEnd,
    RejectReason,
    Status,
    Temperature,
    TransferReason,
)
from handoff.models.catalogue import FormVersion, HandoffType
from handoff.models.lead import Lead
from routing.models import Pool, Turn
from sla.choices import ClockKind
from sla.models import Clock, Escalation

OPEN = [Status.DRAFT, Status.HOLDING, Status.PENDING, Status.ACCEPTED, Status.REJECTED]
_NOT_DISQUALIFIED = ["", *(end for end in ClosedAs.values if end != "disqualified")]
SUBMITTED_OPEN = [Status.HOLDING, Status.PENDING, Status.ACCEPTED, Status.REJECTED]


class HandoffQuerySet(models.QuerySet["Handoff"]):
    def open(self) -> HandoffQuerySet:
        return self.filter(status__in=OPEN)

    def for_user(self, user: User) -> HandoffQuerySet:
        """What the user may read: own, once received, the team's, or all."""
        if user.is_admin:
            return self
        mine = models.Q(submitted_by=user) | models.Q(owner=user)
        received = models.Q(receiver=user)
        if user.is_manager:
            people = Membership.objects.managed_by(user).values("user")
            mine |= models.Q(submitted_by__in=people) | models.Q(pool__manager=user)
            received |= models.Q(receiver__in=people)
        legs = Leg.objects.filter(received, handoff=models.OuterRef("pk"))
        return self.filter(mine | models.Q(models.Exists(legs)))


class Handoff(Timestamped):
    """One attempt to pass a lead on, from its draft until it is closed.

    ``answers`` are frozen with the form's version and ``completeness`` at submission. ``chain`` is
    the first handoff of the chain, itself included. ``next_due_at`` is the earliest due time of
    the current clocks that run. ``version`` counts the changes.
    """

    lead = models.ForeignKey(Lead, on_delete=models.PROTECT, related_name="handoffs")
    type = models.ForeignKey(HandoffType, on_delete=models.PROTECT, related_name="handoffs")
    form_version = models.ForeignKey(FormVersion, on_delete=models.PROTECT, related_name="handoffs")
    temperature = models.CharField(max_length=4, choices=Temperature)
    answers = models.JSONField(default=dict)
    completeness = models.PositiveSmallIntegerField(default=0)
    status = models.CharField(max_length=10, choices=Status, default=Status.DRAFT)
    closed_as = models.CharField(max_length=12, choices=ClosedAs, blank=True)
    reason = models.CharField(max_length=24, choices=RejectReason, blank=True)
    submitted_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="submitted")
    owner = models.ForeignKey(User, on_delete=models.PROTECT, related_name="owned")
    chain = models.ForeignKey(
        "self", null=True, on_delete=models.PROTECT, related_name="chain_members"
    )
    previous = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="next_handoffs"
    )
    pool = models.ForeignKey(
        Pool, null=True, blank=True, on_delete=models.PROTECT, related_name="handoffs"
    )
    submitted_at = models.DateTimeField(null=True, blank=True)
    first_accepted_at = models.DateTimeField(null=True, blank=True)
    accept_seconds = models.PositiveBigIntegerField(
        null=True,
        blank=True,
        help_text="Working seconds from submission to the first acceptance, accepter's calendar.",
    )
    first_contact_at = models.DateTimeField(
        null=True, blank=True, help_text="When the first meaningful touch took place."
    )
    contact_seconds = models.PositiveBigIntegerField(
        null=True,
        blank=True,
        help_text="Working seconds from submission to first contact, the contact clock's calendar.",
    )
    meeting_at = models.DateTimeField(null=True, blank=True, help_text="The meeting handed over.")
    meeting_reminded_for = models.DateTimeField(
        null=True, blank=True, help_text="The meeting time that the receiver was reminded of."
    )
    value = models.DecimalField(max_digits=14, decimal_places=2, null=True, blank=True)
    currency = models.CharField(max_length=3, blank=True)
    deal_outcome = models.CharField(max_length=4, choices=DealOutcome, blank=True)
    deal_note = models.TextField(blank=True)
    disqualified_for = models.CharField(max_length=24, choices=DisqualifyReason, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    freeze_until = models.DateTimeField(null=True, blank=True)
    last_transfer = models.ForeignKey(
        "Transfer", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    next_due_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)
    submission_uuid = models.UUIDField(unique=True)

    objects = HandoffQuerySet.as_manager()

    class Meta:
        ordering: ClassVar[list[str]] = ["-id"]
        indexes: ClassVar[list[models.Index]] = [
            # Whole and not partial: SQLite cannot tell that a bound status fits a condition.
            models.Index(fields=["owner", "status", "next_due_at"], name="handoff_owner_due"),
            models.Index(fields=["submitted_by", "-id"], name="handoff_submitter"),
            models.Index(
                fields=["pool", "submitted_at"],
                condition=models.Q(status="holding"),
                name="handoff_holding",
            ),
            models.Index(
                fields=["meeting_at"],
                condition=models.Q(meeting_at__isnull=False),
                name="handoff_meeting_ahead",
            ),
            models.Index(
                fields=["submitted_at", "first_accepted_at", "accept_seconds"],
                condition=models.Q(submitted_at__isnull=False),
                name="handoff_review",
            ),
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["lead", "type"],
                condition=models.Q(
                    submitted_at__isnull=False,
                    status__in=["holding", "pending", "accepted", "rejected"],
                ),
                name="handoff_handoff_one_open",
            ),
            models.UniqueConstraint(
                fields=["previous"],
                condition=models.Q(submitted_at__isnull=False),
                name="handoff_handoff_one_next",
            ),
            models.CheckConstraint(
                condition=models.Q(status__in=["draft", "closed"])
                | models.Q(submitted_at__isnull=False, chain__isnull=False),
                name="handoff_handoff_submitted_has_time",
            ),
            models.CheckConstraint(
                condition=~models.Q(status="draft") | models.Q(submitted_at__isnull=True),
                name="handoff_handoff_draft_not_submitted",
            ),
            models.CheckConstraint(
                condition=models.Q(status="closed", closed_at__isnull=False)
                & ~models.Q(closed_as="")
                | (
                    ~models.Q(status="closed")
                    & models.Q(closed_at__isnull=True)
                    & models.Q(closed_as="")
                ),
                name="handoff_handoff_closed_has_outcome",
            ),
            models.CheckConstraint(
                condition=~models.Q(status="rejected") | ~models.Q(reason=""),
                name="handoff_handoff_rejected_has_reason",
            ),
            models.CheckConstraint(
                condition=models.Q(first_accepted_at__isnull=True, accept_seconds__isnull=True)
                | models.Q(first_accepted_at__isnull=False, accept_seconds__isnull=False),
                name="handoff_handoff_acceptance_is_whole",
            ),
            models.CheckConstraint(
                condition=models.Q(contact_seconds__isnull=True)
                | models.Q(first_contact_at__isnull=False),
                name="handoff_handoff_contact_is_whole",
            ),
            models.CheckConstraint(
                condition=models.Q(value__isnull=True, currency="")
                | (models.Q(value__isnull=False, value__gte=0) & ~models.Q(currency="")),
                name="handoff_handoff_value_has_currency",
            ),
            models.CheckConstraint(
                condition=models.Q(deal_outcome="") | models.Q(closed_as="converted"),
                name="handoff_handoff_outcome_of_converted",
            ),
            models.CheckConstraint(
                condition=models.Q(disqualified_for="", closed_as__in=_NOT_DISQUALIFIED)
                | (~models.Q(disqualified_for="") & models.Q(closed_as="disqualified")),
                name="handoff_handoff_disqualified_has_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"Handoff {self.pk}"

    @property
    def may_have_legs(self) -> bool:
        """Whether anybody can have had it or an earlier one of its chain: a first draft is new."""
        return self.submitted_at is not None or self.previous_id is not None


class LegQuerySet(models.QuerySet["Leg"]):
    def carried(self) -> LegQuerySet:
        """Those that count as load: live, and without a first contact by their receiver."""
        return self.filter(ended_at__isnull=True, contacted_at__isnull=True)


class Leg(Timestamped):
    """One receiver's time on a handoff. Acceptance is a fact on it, not its end."""

    handoff = models.ForeignKey(Handoff, on_delete=models.PROTECT, related_name="legs")
    receiver = models.ForeignKey(User, on_delete=models.PROTECT, related_name="legs")
    turn = models.OneToOneField(Turn, on_delete=models.PROTECT, related_name="leg")
    assigned_at = models.DateTimeField()
    decided_at = models.DateTimeField(
        null=True, blank=True, help_text="When the receiver first accepted or rejected."
    )
    accepted_at = models.DateTimeField(null=True, blank=True)
    contacted_at = models.DateTimeField(
        null=True, blank=True, help_text="The receiver's own first meaningful touch."
    )
    next_step = models.CharField(max_length=300, blank=True)
    next_step_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_as = models.CharField(max_length=12, choices=LegEnd, blank=True)
    reason = models.CharField(max_length=24, choices=RejectReason, blank=True)
    rejected_fields = models.JSONField(default=list)
    note = models.TextField(blank=True)

    objects = LegQuerySet.as_manager()

    class Meta:
        ordering: ClassVar[list[str]] = ["id"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["receiver", "handoff"], name="handoff_leg_receiver"),
            models.Index(
                fields=["accepted_at"],
                condition=models.Q(accepted_at__isnull=False),
                name="handoff_leg_accepted",
            ),
            models.Index(
                fields=["ended_at", "ended_as"],
                condition=models.Q(ended_at__isnull=False),
                name="handoff_leg_ended",
            ),
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["handoff"],
                condition=models.Q(ended_at__isnull=True),
                name="handoff_leg_one_live",
            ),
            models.CheckConstraint(
                condition=models.Q(ended_at__isnull=True, ended_as="")
                | (models.Q(ended_at__isnull=False) & ~models.Q(ended_as="")),
                name="handoff_leg_end_has_kind",
            ),
            models.CheckConstraint(
                condition=~models.Q(ended_as__in=["rejected", "conflict"]) | ~models.Q(reason=""),
                name="handoff_leg_rejected_has_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"leg of {self.receiver_id} on handoff {self.handoff_id}"


class HandoffClock(Timestamped):
    """Ties a clock to the handoff it belongs to, and to the leg where it is a leg's own."""

    clock = models.OneToOneField(Clock, on_delete=models.PROTECT, related_name="handoff_clock")
    handoff = models.ForeignKey(Handoff, on_delete=models.PROTECT, related_name="clocks")
    leg = models.ForeignKey(
        Leg, null=True, blank=True, on_delete=models.PROTECT, related_name="clocks"
    )
    kind = models.CharField(max_length=20, choices=ClockKind)
    is_current = models.BooleanField(default=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["handoff", "kind"],
                condition=models.Q(is_current=True),
                name="handoff_handoffclock_one_current",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of handoff {self.handoff_id}"


class Transfer(Timestamped):
    """One change of owner of a submitted handoff, with its reason."""

    handoff = models.ForeignKey(Handoff, on_delete=models.PROTECT, related_name="transfers")
    from_user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    to_user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=12, choices=TransferReason)
    by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    note = models.TextField(blank=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["id"]

    def __str__(self) -> str:
        return f"{self.from_user_id} to {self.to_user_id}: {self.reason}"


class Event(Timestamped):
    """What happened to a handoff, for good. ``by`` is empty where the product acted itself.

    ``data`` holds ids and codes only, never names or mail text; what changed on the handoff
    stands under ``set``, so that the events replayed in order give the stored state.
    """

    handoff = models.ForeignKey(Handoff, on_delete=models.PROTECT, related_name="events")
    seq = models.PositiveIntegerField()
    kind = models.CharField(max_length=24, choices=EventKind)
    by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    data = models.JSONField(default=dict)
    escalation = models.OneToOneField(
        Escalation, null=True, blank=True, on_delete=models.PROTECT, related_name="event"
    )

    class Meta:
        ordering: ClassVar[list[str]] = ["handoff", "seq"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["handoff", "seq"], name="handoff_event_sequence"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["kind", "at"], name="handoff_event_kind_at"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} on handoff {self.handoff_id}"
