"""Calendars and their versions."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from core.models import Timestamped


class CalendarQuerySet(models.QuerySet["Calendar"]):
    def offered(self) -> CalendarQuerySet:
        """Those that can be chosen for a person, a team or a policy."""
        return self.filter(is_retired=False, current_version__isnull=False)


class Calendar(Timestamped):
    """Working hours under a name that people choose; what they are is in its versions.

    A calendar that is no longer wanted is retired: clocks that started with it keep it.
    """

    name = models.CharField(max_length=100)
    current_version = models.ForeignKey(
        "worktime.CalendarVersion",
        null=True,
        blank=True,
        editable=False,
        on_delete=models.PROTECT,
        related_name="+",
    )
    is_retired = models.BooleanField(default=False, editable=False)
    retired_at = models.DateTimeField(null=True, editable=False)
    # Users stand above this app, so who it was is kept as the user's id.
    retired_by = models.BigIntegerField(null=True, editable=False)

    objects = CalendarQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(Lower("name"), name="worktime_calendar_name_once"),
            models.CheckConstraint(condition=~Q(name=""), name="worktime_calendar_name_given"),
            models.CheckConstraint(
                condition=Q(is_retired=True, retired_at__isnull=False)
                | Q(is_retired=False, retired_at__isnull=True),
                name="worktime_calendar_retired_has_time",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class CalendarVersion(Timestamped):
    """The hours of a calendar as they were from one edit to the next; never changed afterwards.

    `data` has the windows, holidays, breaks and shifts that people entered, in the form that
    `worktime.rules.Calendar.to_data` writes, without the zone. `public_holidays` has those of
    the country and region, as they were known when the version was made.
    """

    calendar = models.ForeignKey(Calendar, on_delete=models.PROTECT, related_name="versions")
    n = models.PositiveIntegerField()
    zone = models.CharField(max_length=100)
    data = models.JSONField()
    holiday_country = models.CharField(max_length=2, blank=True)
    holiday_region = models.CharField(max_length=20, blank=True)
    public_holidays = models.JSONField(default=list, blank=True)
    # Equal contents have equal digests, whatever the calendar: what is computed is kept by it.
    digest = models.CharField(max_length=64, blank=True)
    made_by = models.BigIntegerField(null=True)

    class Meta:
        ordering = ["calendar", "n"]
        constraints = [
            models.UniqueConstraint(
                fields=["calendar", "n"], name="worktime_calendarversion_number"
            ),
            models.CheckConstraint(
                condition=Q(n__gte=1), name="worktime_calendarversion_number_from_one"
            ),
            models.CheckConstraint(
                condition=~Q(zone=""), name="worktime_calendarversion_zone_given"
            ),
            models.CheckConstraint(
                condition=Q(holiday_region="") | ~Q(holiday_country=""),
                name="worktime_calendarversion_region_in_country",
            ),
        ]

    def __str__(self) -> str:
        return f"version {self.n}"
