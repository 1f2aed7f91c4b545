from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models.functions import Lower
from simple_history.models import HistoricalRecords

from accounts.choices import Role
from accounts.models import User
from core.models import Timestamped
from handoff.choices import Temperature


class CompanyQuerySet(models.QuerySet["Company"]):
    def for_user(self, user: User) -> CompanyQuerySet:
        """The companies of the leads that the user may read."""
        if user.is_admin:
            return self
        leads = Lead.objects.for_user(user).filter(company=models.OuterRef("pk"))
        return self.filter(models.Exists(leads))


class Company(Timestamped):
    """The organisation a lead works for."""

    name = models.CharField(max_length=200)
    domain = models.CharField(max_length=200, blank=True)
    size = models.PositiveIntegerField(null=True, blank=True, help_text="Number of employees.")
    industry = models.CharField(max_length=200, blank=True)
    country = models.CharField(max_length=200, blank=True)
    segment = models.CharField(max_length=60, blank=True, help_text="Such as Enterprise.")
    owner = models.ForeignKey(
        User,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="companies",
        help_text="The receiver who looks after the company; rules may send its leads there first.",
    )
    details = models.JSONField(
        default=dict, blank=True, help_text="Further answers about the company, by field."
    )

    objects = CompanyQuerySet.as_manager()
    # Of the owner only, whom leads follow, and by the service that changes it: what forms write
    # through to the rest stands on their handoffs.
    history = HistoricalRecords(
        excluded_fields=["name", "domain", "size", "industry", "country", "segment", "details"]
    )
    skip_history_when_saving = True

    class Meta:
        verbose_name_plural = "companies"
        ordering: ClassVar[list[str]] = ["name", "id"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(Lower("name"), name="handoff_company_name"),
            # SQLite does not look a domain up in the partial index of the constraint.
            models.Index(Lower("domain"), name="handoff_company_domain_lookup"),
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                Lower("domain"),
                condition=~models.Q(domain=""),
                name="handoff_company_domain",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class LeadQuerySet(models.QuerySet["Lead"]):
    def for_user(self, user: User) -> LeadQuerySet:
        """Own leads and those of visible handoffs; an unclaimed lead is every SDR's to take."""
        from handoff.models.handoff import Handoff

        if user.is_admin:
            return self
        visible = Handoff.objects.for_user(user).filter(lead=models.OuterRef("pk"))
        mine = models.Q(claimed_by=user) | models.Q(models.Exists(visible))
        if user.is_manager:
            mine |= models.Q(claimed_by__in=User.objects.managed_by(user))
        if Role.SDR.value in user.roles:
            mine |= models.Q(claimed_by__isnull=True)
        return self.filter(mine)


class Lead(Timestamped):
    """A possible buyer, by name and company. Unclaimed until a submitter works on it."""

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="leads")
    first_name = models.CharField(max_length=200, blank=True)
    last_name = models.CharField(max_length=200, blank=True)
    title = models.CharField(max_length=200, blank=True)
    email = models.EmailField(blank=True)
    phone = models.CharField(max_length=200, blank=True)
    source = models.CharField(max_length=60, blank=True)
    product = models.CharField(max_length=60, blank=True, help_text="What the lead asks about.")
    language = models.CharField(max_length=60, blank=True, help_text="Such as German.")
    score = models.IntegerField(null=True, blank=True, help_text="From a scoring system.")
    external_id = models.CharField(max_length=100, blank=True)
    temperature = models.CharField(max_length=4, choices=Temperature, default=Temperature.WARM)
    qualified_at = models.DateTimeField(null=True, blank=True)
    claimed_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="claimed_leads"
    )

    merged_into = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="merged"
    )
    details = models.JSONField(
        default=dict, blank=True, help_text="Further answers about the contact, by field."
    )

    objects = LeadQuerySet.as_manager()

    class Meta:
        ordering: ClassVar[list[str]] = ["-id"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["claimed_by", "-id"], name="handoff_lead_claimed"),
            models.Index(Lower("email"), name="handoff_lead_email"),
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["external_id", "source"],
                condition=~models.Q(external_id=""),
                name="handoff_lead_external",
            ),
            models.CheckConstraint(
                condition=models.Q(merged_into__isnull=True)
                | ~models.Q(merged_into=models.F("id")),
                name="handoff_lead_not_merged_into_itself",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        full = f"{self.first_name} {self.last_name}".strip()
        return full or self.external_id or f"Lead {self.pk}"
