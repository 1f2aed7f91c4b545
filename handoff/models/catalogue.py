from __future__ import annotations

from typing import ClassVar

from django.contrib.auth.models import Group
from django.db import models
from simple_history.models import HistoricalRecords

from accounts.models import User
from core.models import Timestamped
from handoff.choices import FieldKind, FieldTarget


class HandoffType(Timestamped):
    """What is handed over, from which groups to which. The key never changes."""

    key = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=150)
    submitter_groups = models.ManyToManyField(Group, related_name="+")
    receiver_groups = models.ManyToManyField(Group, related_name="+")
    is_active = models.BooleanField(default=True)
    current_form = models.ForeignKey(
        "FormVersion", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    history = HistoricalRecords()

    class Meta:
        ordering: ClassVar[list[str]] = ["id"]

    def __str__(self) -> str:
        return self.name


class Field(Timestamped):
    """One question of the catalogue, which forms draw on.

    Key, kind and target never change: what was answered keeps its meaning. A retired field can no
    longer be put on a form; forms that have it keep it.
    """

    key = models.CharField(max_length=60, unique=True)
    label = models.CharField(max_length=100)
    help = models.CharField(max_length=200, blank=True)
    target = models.CharField(max_length=10, choices=FieldTarget)
    kind = models.CharField(max_length=10, choices=FieldKind)
    options = models.JSONField(default=list, blank=True, help_text="Answers of a choice.")
    partial = models.JSONField(default=list, blank=True, help_text="Answers that count half.")
    is_ahead = models.BooleanField(default=False, help_text="Must not lie in the past.")
    is_custom = models.BooleanField(default=False)
    is_retired = models.BooleanField(default=False)

    history = HistoricalRecords()

    class Meta:
        ordering: ClassVar[list[str]] = ["id"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=models.Q(is_custom=False) | models.Q(target="handoff"),
                name="handoff_field_custom_is_of_handoff",
            ),
        ]

    def __str__(self) -> str:
        return self.label


class FormVersion(Timestamped):
    """A type's form from its publication on: sections of fields, required or recommended.

    ``layout`` repeats all that the catalogue said about every field, so that a handoff can always
    be read with the form it was written with.
    """

    type = models.ForeignKey(HandoffType, on_delete=models.PROTECT, related_name="forms")
    n = models.PositiveIntegerField()
    layout = models.JSONField()
    published_at = models.DateTimeField(null=True, blank=True)
    made_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["type", "n"], name="handoff_formversion_number"),
        ]

    def __str__(self) -> str:
        return f"{self.type}, form {self.n}"
