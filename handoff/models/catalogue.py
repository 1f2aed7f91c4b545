from __future__ import annotations

from typing import ClassVar

from django.contrib.auth.models import Group
from django.db import models

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

    class Meta:
        ordering: ClassVar[list[str]] = ["id"]

    def __str__(self) -> str:
        return self.name


class Field(Timestamped):
    """One question of the catalogue, which forms draw on."""

    key = models.CharField(max_length=60, unique=True)
    label = models.CharField(max_length=100)
    help = models.CharField(max_length=200, blank=True)
    target = models.CharField(max_length=10, choices=FieldTarget)
    kind = models.CharField(max_length=10, choices=FieldKind)
    options = models.JSONField(default=list, blank=True, help_text="Answers of a choice.")

    class Meta:
        ordering: ClassVar[list[str]] = ["id"]

    def __str__(self) -> str:
        return self.label


class FormVersion(Timestamped):
    """A type's form from its publication on: sections of fields, required or recommended.

    ``layout`` repeats label, help, kind, target and options of every field, so that a handoff
    can always be read with the form it was written with.
    """

    type = models.ForeignKey(HandoffType, on_delete=models.PROTECT, related_name="forms")
    n = models.PositiveIntegerField()
    layout = models.JSONField()
    made_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["type", "n"], name="handoff_formversion_number"),
        ]

    def __str__(self) -> str:
        return f"{self.type}, form {self.n}"
