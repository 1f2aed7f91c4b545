"""Types with their forms, and the ledger of events: all of it to read."""

from dataclasses import dataclass
from typing import Any

from django.db import models
from django.http import HttpRequest

from accounts.rules.policy import Action
from core.admin import ReadOnlyAdmin, register
from handoff.choices import FieldKind, FieldTarget
from handoff.models import Event, FormVersion, HandoffType
from handoff.rules.form import Form, FormField


@dataclass(frozen=True, slots=True)
class Question:
    """One field of a form in words."""

    label: str
    need: str
    kind: str
    target: str


def asked(version: FormVersion) -> list[tuple[str, list[Question]]]:
    """The sections of a form by title, with what each asks for."""
    form = Form.from_layout(version.layout)
    return [
        (section.title, [_question(field) for field in section.fields]) for section in form.sections
    ]


def _question(field: FormField) -> Question:
    kind = str(FieldKind(field.kind).label)
    return Question(
        label=field.label,
        need=field.need,
        kind=f"{kind}: {', '.join(field.options)}" if field.options else kind,
        target=str(FieldTarget(field.target).label),
    )


@register(HandoffType)
class HandoffTypeAdmin(ReadOnlyAdmin):
    view_action = Action.CONFIG_READ
    list_title = "Types and forms"
    list_display = ["name", "key", "form_in_use", "is_active"]
    row_template = "handoff/type.html"
    row_fields = ["key", "is_active", "submitters", "receivers"]

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        rows: models.QuerySet[Any] = super().get_queryset(request)
        return rows.select_related("current_form").prefetch_related(
            "submitter_groups", "receiver_groups"
        )

    def form_in_use(self, row: HandoffType) -> str:
        return f"version {row.current_form.n}" if row.current_form else "none"

    def submitters(self, row: HandoffType) -> str:
        return ", ".join(group.name for group in row.submitter_groups.all())

    def receivers(self, row: HandoffType) -> str:
        return ", ".join(group.name for group in row.receiver_groups.all())

    def row_context(self, request: HttpRequest, row: HandoffType) -> dict[str, Any]:
        return {
            "asked": asked(row.current_form) if row.current_form else [],
            "versions": row.forms.select_related("made_by").order_by("-n"),
        }


@register(FormVersion)
class FormVersionAdmin(ReadOnlyAdmin):
    view_action = Action.CONFIG_READ
    list_title = "Form versions"
    list_display = ["type", "n", "made_by", "created_at"]
    list_select_related = ["type", "made_by"]
    list_filter = ["type"]
    ordering = ["type", "-n"]
    row_template = "handoff/form_version.html"
    row_fields = ["type", "n", "made_by", "created_at"]

    def row_context(self, request: HttpRequest, row: FormVersion) -> dict[str, Any]:
        return {"asked": asked(row)}


@register(Event)
class EventAdmin(ReadOnlyAdmin):
    view_action = Action.LEDGER_READ
    list_title = "Events"
    list_display = ["at", "handoff", "seq", "kind", "by"]
    list_select_related = ["handoff", "by"]
    list_filter = ["kind"]
    search_fields = ["=handoff__id", "by__name"]
    search_help_text = "Number of a handoff, or who did it."
    ordering = ["-at", "-id"]
    row_template = "handoff/event.html"
    row_fields = ["at", "handoff", "seq", "kind", "by", "data"]

    def row_title(self, row: Event) -> str:
        return f"Event {row.seq} of handoff {row.handoff_id}"
