from __future__ import annotations

from typing import ClassVar

from django.db import models

from accounts.models import Membership, Team, User
from core.models import Timestamped
from handoff.models import Handoff, Leg
from review.choices import ActionState, MissKind, ReviewEventKind, ReviewState, RootCause
from review.rules.weeks import Week
from sla.models import Clock


def _of_managed_teams(user: User) -> models.QuerySet[Membership]:
    managed = Membership.objects.filter(user=user, is_manager=True)
    return managed.filter(team=models.OuterRef("team"))


class ReviewQuerySet(models.QuerySet["Review"]):
    def for_user(self, user: User) -> ReviewQuerySet:
        """The reviews that the user may run or read: of the teams they manage, or all."""
        if user.is_admin:
            return self
        if user.is_manager:
            return self.filter(models.Exists(_of_managed_teams(user)))
        return self.none()

    def open(self) -> ReviewQuerySet:
        return self.filter(state=ReviewState.OPEN)


class Review(Timestamped):
    """One week looked at together, by a team or, without one, by the whole organisation.

    ``zone`` is the one in which its week is counted, for good. ``closes_at`` is when the product
    closes it by itself. ``snapshot`` holds every number as of the close, and never moves again;
    ``closed_by`` is empty where nobody closed it in time. ``version`` counts the changes of this
    row.
    """

    week = models.CharField(max_length=8, help_text="ISO week, as in 2026-W47.")
    team = models.ForeignKey(
        Team, null=True, blank=True, on_delete=models.PROTECT, related_name="reviews"
    )
    zone = models.CharField(max_length=64)
    owner = models.ForeignKey(User, on_delete=models.PROTECT, related_name="owned_reviews")
    attendees = models.ManyToManyField(User, through="Attendee", related_name="attended_reviews")
    notes = models.TextField(blank=True)
    state = models.CharField(max_length=6, choices=ReviewState, default=ReviewState.OPEN)
    opened_at = models.DateTimeField()
    closes_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    snapshot = models.JSONField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)

    objects = ReviewQuerySet.as_manager()

    class Meta:
        ordering: ClassVar[list[str]] = ["-week", "-id"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["-week", "-id"], name="review_review_newest"),
            models.Index(fields=["state", "closes_at"], name="review_review_closes"),
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["week", "team"],
                condition=models.Q(team__isnull=False),
                name="review_review_one_per_team",
            ),
            models.UniqueConstraint(
                fields=["week"],
                condition=models.Q(team__isnull=True),
                name="review_review_one_for_all",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    state="open",
                    closed_at__isnull=True,
                    closed_by__isnull=True,
                    snapshot__isnull=True,
                )
                | models.Q(state="closed", closed_at__isnull=False, snapshot__isnull=False),
                name="review_review_closed_is_frozen",
            ),
            models.CheckConstraint(
                condition=models.Q(closes_at__gt=models.F("opened_at")),
                name="review_review_closes_after_opening",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.scope_name}, {self.week}"

    @property
    def scope_name(self) -> str:
        return self.team.name if self.team else "Whole organisation"

    @property
    def parsed_week(self) -> Week:
        return Week.parse(self.week)

    @property
    def title(self) -> str:
        """As in "Week 46, 9 to 15 Nov 2026"."""
        return self.parsed_week.title

    @property
    def is_open(self) -> bool:
        return self.state == ReviewState.OPEN


class Attendee(Timestamped):
    """A person who takes part in a review."""

    review = models.ForeignKey(Review, on_delete=models.PROTECT, related_name="+")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["review", "user"], name="review_attendee_once"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} in review {self.review_id}"


class Miss(Timestamped):
    """One miss of the week on the agenda, and, once walked through, why it happened.

    A late clock is named by ``clock``, what was rejected or returned by ``leg``. ``position``
    counts from 1 within the review and ``at`` is when it was due, rejected or returned.
    """

    review = models.ForeignKey(Review, on_delete=models.PROTECT, related_name="misses")
    position = models.PositiveIntegerField()
    kind = models.CharField(max_length=8, choices=MissKind)
    handoff = models.ForeignKey(Handoff, on_delete=models.PROTECT, related_name="+")
    clock = models.ForeignKey(
        Clock, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    leg = models.ForeignKey(Leg, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    root_cause = models.CharField(max_length=20, choices=RootCause, blank=True)
    decision = models.TextField(blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    version = models.PositiveIntegerField(default=1)

    class Meta:
        ordering: ClassVar[list[str]] = ["position"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["review", "position"], name="review_miss_one_place"),
            models.UniqueConstraint(
                fields=["review", "clock"],
                condition=models.Q(clock__isnull=False),
                name="review_miss_clock_once",
            ),
            models.UniqueConstraint(
                fields=["review", "leg"],
                condition=models.Q(leg__isnull=False),
                name="review_miss_leg_once",
            ),
            models.CheckConstraint(
                condition=models.Q(kind="late", clock__isnull=False, leg__isnull=True)
                | models.Q(
                    kind__in=["rejected", "returned"], clock__isnull=True, leg__isnull=False
                ),
                name="review_miss_names_its_row",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    root_cause="", decision="", decided_at__isnull=True, decided_by__isnull=True
                )
                | (
                    ~models.Q(root_cause="")
                    & models.Q(decided_at__isnull=False, decided_by__isnull=False)
                ),
                name="review_miss_decided_is_whole",
            ),
        ]

    def __str__(self) -> str:
        return f"miss {self.position} of review {self.review_id}"

    @property
    def is_decided(self) -> bool:
        return self.decided_at is not None


class ActionItemQuerySet(models.QuerySet["ActionItem"]):
    def for_user(self, user: User) -> ActionItemQuerySet:
        """What the user may read: their own items, those of the teams they manage, or all."""
        if user.is_admin:
            return self
        own = models.Q(owner=user)
        if user.is_manager:
            return self.filter(own | models.Exists(_of_managed_teams(user)))
        return self.filter(own)

    def open(self) -> ActionItemQuerySet:
        return self.filter(state=ActionState.OPEN)


class ActionItem(Timestamped):
    """Something that somebody has taken on, carried from review to review until it is closed.

    ``team`` is that of the reviews that carry it; without one, those of the whole organisation.
    It stems from ``review``, and where it was decided on there from ``miss``. ``due_on`` is a
    day in the organisation's zone.
    """

    team = models.ForeignKey(
        Team, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    review = models.ForeignKey(
        Review, null=True, blank=True, on_delete=models.PROTECT, related_name="actions"
    )
    miss = models.OneToOneField(
        Miss, null=True, blank=True, on_delete=models.PROTECT, related_name="action"
    )
    text = models.TextField()
    owner = models.ForeignKey(User, on_delete=models.PROTECT, related_name="action_items")
    due_on = models.DateField()
    state = models.CharField(max_length=8, choices=ActionState, default=ActionState.OPEN)
    added_at = models.DateTimeField()
    added_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    version = models.PositiveIntegerField(default=1)

    objects = ActionItemQuerySet.as_manager()

    class Meta:
        ordering: ClassVar[list[str]] = ["due_on", "id"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["team", "state", "due_on"], name="review_action_team"),
            models.Index(fields=["owner", "state", "due_on"], name="review_action_owner"),
            models.Index(fields=["state", "due_on"], name="review_action_due"),
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=models.Q(state="open", closed_at__isnull=True, closed_by__isnull=True)
                | (~models.Q(state="open") & models.Q(closed_at__isnull=False)),
                name="review_actionitem_closed_has_time",
            ),
            models.CheckConstraint(
                condition=~models.Q(text=""), name="review_actionitem_says_what"
            ),
            models.CheckConstraint(
                condition=models.Q(miss__isnull=True) | models.Q(review__isnull=False),
                name="review_actionitem_miss_has_review",
            ),
        ]

    def __str__(self) -> str:
        return f"action item {self.pk}"

    @property
    def is_open(self) -> bool:
        return self.state == ActionState.OPEN


class ReviewEvent(Timestamped):
    """What happened to a review or an action item, for good.

    ``by`` is empty where the product acted itself. ``data`` holds ids, codes and days only: what
    people wrote stands on the rows.
    """

    review = models.ForeignKey(
        Review, null=True, blank=True, on_delete=models.PROTECT, related_name="events"
    )
    action = models.ForeignKey(
        ActionItem, null=True, blank=True, on_delete=models.PROTECT, related_name="events"
    )
    kind = models.CharField(max_length=20, choices=ReviewEventKind)
    by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    data = models.JSONField(default=dict)

    class Meta:
        ordering: ClassVar[list[str]] = ["id"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=models.Q(review__isnull=False) | models.Q(action__isnull=False),
                name="review_reviewevent_is_about_something",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} at {self.at:%Y-%m-%d %H:%M}"
