from __future__ import annotations

from datetime import datetime
from functools import cached_property
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models
from django.db.models.functions import Lower
from simple_history.models import HistoricalRecords

from accounts.choices import Role
from accounts.rules.policy import Action, Relation, allows
from core.models import Timestamped
from worktime.models import Calendar


class UserQuerySet(models.QuerySet["User"]):
    def active(self) -> UserQuerySet:
        return self.filter(is_active=True)

    def in_roles(self, *roles: Role) -> UserQuerySet:
        return self.filter(groups__name__in=[role.label for role in roles]).distinct()

    def managed_by(self, user: User) -> UserQuerySet:
        """The people in the teams that the user manages, the user included."""
        teams = Membership.objects.managed_by(user).filter(user=models.OuterRef("pk"))
        return self.filter(models.Q(pk=user.pk) | models.Exists(teams))

    def for_user(self, user: User) -> UserQuerySet:
        """The people whose records the user may open: own, the team's, or all."""
        if user.is_admin:
            return self
        if user.is_manager:
            return self.managed_by(user)
        return self.filter(pk=user.pk)


class UserManager(BaseUserManager["User"].from_queryset(UserQuerySet)):  # type: ignore[misc]
    """Makes users by e-mail address, stored as given but unique whatever its case."""

    def _create(self, email: str, password: str | None, **extra: Any) -> User:
        if not email:
            raise ValueError("A user needs an e-mail address.")
        user: User = self.model(email=self.normalize_email(email), **extra)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_user(self, email: str, password: str | None = None, **extra: Any) -> User:
        return self._create(email, password, **extra)

    def create_superuser(self, email: str, password: str | None = None, **extra: Any) -> User:
        return self._create(email, password, **{**extra, "is_superuser": True})

    def get_by_natural_key(self, username: str | None) -> User:
        user: User = self.get(email__iexact=username)
        return user


class User(AbstractBaseUser, PermissionsMixin, Timestamped):
    """A person who signs in with an e-mail address. What they may do comes from their groups."""

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=150)
    zone = models.CharField(
        max_length=64, blank=True, help_text="Time zone such as Europe/Berlin; empty: the team's."
    )
    calendar = models.ForeignKey(
        Calendar,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="Working hours; empty: the team's, else the organisation's.",
    )
    is_active = models.BooleanField(default=True)
    paused_at = models.DateTimeField(null=True, blank=True)
    paused_until = models.DateTimeField(
        null=True, blank=True, help_text="Empty while paused: until somebody ends the pause."
    )

    history = HistoricalRecords(excluded_fields=["password", "last_login"])
    objects = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    class Meta:
        ordering: ClassVar[list[str]] = ["name", "id"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(Lower("email"), name="accounts_user_email_any_case"),
            models.CheckConstraint(
                condition=models.Q(paused_until__isnull=True)
                | models.Q(paused_at__isnull=False, paused_until__gt=models.F("paused_at")),
                name="accounts_user_pause_has_start",
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.email

    @property
    def is_staff(self) -> bool:
        """Everybody who is active works inside the admin shell."""
        return self.is_active

    @cached_property
    def roles(self) -> frozenset[str]:
        """The product roles that the groups grant; a superuser is an admin."""
        by_label = {role.label: role.value for role in Role}
        # All of them, so that a list of people reads their groups at once.
        names = [group.name for group in self.groups.all()]
        found = {by_label[name] for name in names if name in by_label}
        if self.is_superuser:
            found.add(Role.ADMIN.value)
        return frozenset(found)

    @property
    def is_admin(self) -> bool:
        return Role.ADMIN.value in self.roles

    @property
    def is_manager(self) -> bool:
        return Role.MANAGER.value in self.roles

    @property
    def role_names(self) -> list[str]:
        return [role.label for role in Role if role.value in self.roles]

    def may(self, action: str, relations: frozenset[Relation] = frozenset()) -> bool:
        """Whether the policy lets the user do the action in one of these relations."""
        return allows(self.roles, Action(action), relations)

    @property
    def initials(self) -> str:
        parts = self.name.split()
        letters = parts[0][:1] + (parts[-1][:1] if len(parts) > 1 else "") if parts else ""
        return letters.upper() or self.email[:1].upper()

    def is_paused(self, now: datetime) -> bool:
        if self.paused_at is None or self.paused_at > now:
            return False
        return self.paused_until is None or now < self.paused_until


class Organisation(Timestamped):
    """The one organisation of this installation: its zone, hours and last resort."""

    name = models.CharField(max_length=150)
    zone = models.CharField(max_length=64, default="UTC")
    calendar = models.ForeignKey(Calendar, on_delete=models.PROTECT, related_name="+")
    fallback_manager = models.ForeignKey(
        User,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="Answers where no team or pool names a manager.",
    )
    is_only = models.BooleanField(default=True, editable=False)

    history = HistoricalRecords()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["is_only"], name="accounts_organisation_single"),
            models.CheckConstraint(
                condition=models.Q(is_only=True), name="accounts_organisation_only_true"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Team(Timestamped):
    """People who work together under one or more managers."""

    name = models.CharField(max_length=150, unique=True)
    zone = models.CharField(max_length=64, blank=True)
    calendar = models.ForeignKey(
        Calendar, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    senior = models.ForeignKey(
        User,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name="senior receiver",
        help_text="Told where a ladder names the senior receiver; empty: the manager is.",
    )
    history = HistoricalRecords()

    class Meta:
        ordering: ClassVar[list[str]] = ["name"]

    def __str__(self) -> str:
        return self.name


class MembershipQuerySet(models.QuerySet["Membership"]):
    def managed_by(self, user: User) -> MembershipQuerySet:
        """Everybody's memberships in the teams that the user manages."""
        return self.filter(team__memberships__user=user, team__memberships__is_manager=True)


class Membership(Timestamped):
    """A person in a team, perhaps as its manager."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="memberships")
    is_manager = models.BooleanField(default=False)
    history = HistoricalRecords()
    objects = MembershipQuerySet.as_manager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["team", "user"], name="accounts_membership_once"),
        ]

    def __str__(self) -> str:
        return f"{self.user} in {self.team}"


class TimeOffQuerySet(models.QuerySet["TimeOff"]):
    def covering(self, at: datetime) -> TimeOffQuerySet:
        return self.filter(starts_at__lte=at, ends_at__gt=at)

    def for_user(self, user: User) -> TimeOffQuerySet:
        return self.filter(user__in=User.objects.for_user(user))


class TimeOff(Timestamped):
    """A span, from start up to but not including the end, in which a person gets no leads."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="time_off")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    note = models.CharField(max_length=200, blank=True)

    objects = TimeOffQuerySet.as_manager()

    class Meta:
        ordering: ClassVar[list[str]] = ["starts_at"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["user", "ends_at"], name="accounts_timeoff_user_end"),
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=models.Q(ends_at__gt=models.F("starts_at")),
                name="accounts_timeoff_end_after_start",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.starts_at:%Y-%m-%d %H:%M} to {self.ends_at:%Y-%m-%d %H:%M}"
