"""Types with their forms, the catalogue of fields, and the ledger of events."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.http import HttpRequest
from django.utils import timezone

from accounts.models import User
from accounts.rules.policy import Action
from core.admin import PAGE_LENGTH, ConfigAdmin, Dialog, ReadOnlyAdmin, person, register
from handoff import company_dialogs
from handoff.catalogue_forms import FieldForm, NewFieldForm, NewTypeForm, TypeForm
from handoff.choices import FieldKind, FieldTarget
from handoff.form_editor import list_of_lines
from handoff.models import Company, Event, Field, FormVersion, HandoffType, Meeting, Touch, Transfer
from handoff.rules.form import Form, FormField
from handoff.selectors.drafts import condition_words
from handoff.services import catalogue


@dataclass(frozen=True, slots=True)
class Question:
    """One field of a form in words."""

    label: str
    need: str
    kind: str
    target: str
    notes: str


def asked(version: FormVersion) -> list[tuple[str, list[Question]]]:
    """The sections of a form by title, with what each asks for."""
    form = Form.from_layout(version.layout)
    return [
        (section.title, [_question(form, field) for field in section.fields])
        for section in form.sections
    ]


def _question(form: Form, field: FormField) -> Question:
    kind = str(FieldKind(field.kind).label)
    return Question(
        label=field.label,
        need=field.need,
        kind=f"{kind}: {', '.join(field.options)}" if field.options else kind,
        target=str(FieldTarget(field.target).label),
        notes=" ".join(_notes(form, field)),
    )


def _notes(form: Form, field: FormField) -> Iterator[str]:
    """When a field is asked, and what passes the gate, beyond its need and kind."""
    if field.only_if is not None:
        yield condition_words(form, field.only_if)
    if field.minimum is not None:
        yield f"From {field.minimum:,} on."
    if field.partial:
        yield f"In part: {', '.join(field.partial)}."


def add_type(request: HttpRequest, row: None, values: dict[str, Any]) -> str:
    made = catalogue.create_type(
        key=values["key"],
        name=values["name"],
        submitters=values["submitters"],
        receivers=values["receivers"],
        like=values["like"],
        by=person(request, User),
        now=timezone.now(),
    )
    return f"{made} is added, with the form of {values['like']}. Edit its form next."


def change_type(request: HttpRequest, row: HandoffType, values: dict[str, Any]) -> str:
    changed = catalogue.change_type(
        row,
        name=values["name"],
        submitters=values["submitters"],
        receivers=values["receivers"],
        is_active=values["is_active"],
        by=person(request, User),
    )
    return f"{changed} is changed. Open handoffs go on as they are."


def type_as_it_is(request: HttpRequest, row: HandoffType) -> dict[str, Any]:
    return {
        "initial": {
            "name": row.name,
            "submitters": row.submitter_groups.all(),
            "receivers": row.receiver_groups.all(),
            "is_active": row.is_active,
        }
    }


@register(HandoffType)
class HandoffTypeAdmin(ConfigAdmin):
    view_action = Action.CONFIG_READ
    list_title = "Types and forms"
    list_display = ["name", "key", "form_in_use", "submitters", "receivers", "is_active"]
    row_template = "handoff/type.html"
    row_fields = ["key", "is_active", "submitters", "receivers"]
    dialogs = [
        Dialog(
            "new",
            "Add a type",
            add_type,
            NewTypeForm,
            of_list=True,
            consequence="It is offered at once to the groups that submit it.",
        ),
        Dialog(
            "edit",
            "Change",
            change_type,
            TypeForm,
            arguments=type_as_it_is,
            consequence="Who submits and receives holds for new handoffs, from the next page on. "
            "A type that is switched off is offered no more; its open handoffs go on.",
        ),
    ]

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
            "versions": row.forms.select_related("made_by").order_by("-n")[:PAGE_LENGTH],
            "may_edit": self.may_edit(request, row),
        }


def add_field(request: HttpRequest, row: None, values: dict[str, Any]) -> str:
    made = catalogue.add_field(
        key=values["key"],
        label=values["label"],
        help=values["help"],
        kind=values["kind"],
        options=list_of_lines(values["options"]),
        partial=list_of_lines(values["partial"]),
        is_ahead=values["is_ahead"],
        by=person(request, User),
    )
    return f"{made} is in the catalogue. Put it on a form next."


def change_field(request: HttpRequest, row: Field, values: dict[str, Any]) -> str:
    changed = catalogue.change_field(
        row,
        label=values["label"],
        help=values["help"],
        options=list_of_lines(values["options"]),
        partial=list_of_lines(values["partial"]),
        by=person(request, User),
    )
    return f"{changed} is changed. Forms say so from their next version on."


def retire_field(request: HttpRequest, row: Field, values: dict[str, Any]) -> str:
    catalogue.retire_field(row, by=person(request, User))
    return f"{row} is offered no longer. Forms that have it keep it."


def restore_field(request: HttpRequest, row: Field, values: dict[str, Any]) -> str:
    catalogue.retire_field(row, by=person(request, User), is_retired=False)
    return f"{row} can be put on forms again."


@register(Field)
class FieldAdmin(ConfigAdmin):
    view_action = Action.CONFIG_READ
    list_title = "Fields"
    list_display = ["label", "key", "kind", "target", "is_custom", "is_retired"]
    list_filter = ["target", "kind", "is_custom", "is_retired"]
    search_fields = ["label", "key"]
    ordering = ["label", "id"]
    row_fields = [
        "key", "kind", "target", "help", "answers", "in_part", "is_custom", "is_retired",
    ]  # fmt: skip
    dialogs = [
        Dialog(
            "new",
            "Add a field",
            add_field,
            NewFieldForm,
            of_list=True,
            is_main=True,
            consequence="Key and kind can never change. Nobody is asked before it is on a form.",
        ),
        Dialog(
            "edit",
            "Change",
            change_field,
            FieldForm,
            is_main=True,
            arguments=lambda request, row: {
                "initial": {
                    "label": row.label,
                    "help": row.help,
                    "options": "\n".join(row.options),
                    "partial": "\n".join(row.partial),
                }
            },
            consequence="Published forms stay as they are; their next version says it anew.",
        ),
        Dialog(
            "retire",
            "Retire",
            retire_field,
            is_danger=True,
            is_shown=lambda row: row is not None and not row.is_retired,
            consequence="It can no longer be put on a form. Forms that have it keep it.",
        ),
        Dialog(
            "restore",
            "Bring back",
            restore_field,
            is_shown=lambda row: row is not None and row.is_retired,
        ),
    ]

    def answers(self, row: Field) -> str:
        return ", ".join(row.options) or "free"

    def in_part(self, row: Field) -> str:
        return ", ".join(row.partial) or "no"


@register(FormVersion)
class FormVersionAdmin(ReadOnlyAdmin):
    view_action = Action.CONFIG_READ
    list_title = "Form versions"
    list_display = ["type", "n", "made_by", "published_at"]
    list_select_related = ["type", "made_by"]
    list_filter = ["type"]
    ordering = ["type", "-n"]
    row_template = "handoff/form_version.html"
    row_fields = ["type", "n", "made_by", "published_at"]

    def row_context(self, request: HttpRequest, row: FormVersion) -> dict[str, Any]:
        return {"asked": asked(row)}


@register(Company)
class CompanyAdmin(ReadOnlyAdmin):
    """The companies of the leads that the reader may see, newest first."""

    view_action = Action.COMPANY_READ
    edit_action = Action.COMPANY_EDIT
    list_title = "Companies"
    list_display = ["name", "country", "segment", "size", "looked_after_by"]
    list_select_related = ["owner"]
    list_filter = ["owner"]
    search_fields = ["name", "domain"]
    search_help_text = "Name or web domain."
    ordering = ["-id"]
    row_fields = ["domain", "size", "industry", "country", "segment", "looked_after_by"]
    dialogs = [
        Dialog(
            "owner",
            "Set who looks after it",
            company_dialogs.set_owner,
            company_dialogs.OwnerForm,
            is_main=True,
            title="Who looks after it",
            arguments=company_dialogs.owner_as_it_is,
            consequence="Rules that say so send the company’s next leads there first, to "
            "whoever is eligible. Handoffs under way stay where they are.",
        ),
    ]

    def looked_after_by(self, row: Company) -> str:
        return str(row.owner or "nobody")


@register(Event)
class EventAdmin(ReadOnlyAdmin):
    view_action = Action.LEDGER_READ
    list_title = "Events"
    list_display = ["at", "handoff", "seq", "kind", "by"]
    list_select_related = ["handoff", "by"]
    list_filter = ["kind", "by"]
    search_fields = ["=handoff__id"]
    search_help_text = "Number of a handoff."
    row_template = "handoff/event.html"
    row_fields = ["at", "handoff", "seq", "kind", "by"]

    def get_ordering(self, request: HttpRequest) -> list[str]:
        """By the index that finds the rows: of one kind by time, of all as they were written."""
        return ["-at", "-id"] if "kind__exact" in request.GET else ["-id"]

    def row_context(self, request: HttpRequest, row: Event) -> dict[str, Any]:
        """What the event has written down, as facts of their own."""
        return {"data": [(key.replace("_", " ").capitalize(), row.data[key]) for key in row.data]}

    def row_title(self, row: Event) -> str:
        return f"Event {row.seq} of handoff {row.handoff_id}"


@register(Transfer)
class TransferAdmin(ReadOnlyAdmin):
    view_action = Action.LEDGER_READ
    list_title = "Transfers"
    list_display = ["at", "handoff", "from_user", "to_user", "reason", "by"]
    list_select_related = ["handoff", "from_user", "to_user", "by"]
    list_filter = ["reason", "to_user"]
    search_fields = ["=handoff__id"]
    search_help_text = "Number of a handoff."
    ordering = ["-id"]
    row_fields = ["at", "handoff", "from_user", "to_user", "reason", "by", "note"]

    def row_title(self, row: Transfer) -> str:
        return f"Transfer of handoff {row.handoff_id}"


@register(Meeting)
class MeetingAdmin(ReadOnlyAdmin):
    view_action = Action.LEDGER_READ
    list_title = "Meetings"
    list_display = ["starts_at", "handoff", "kind", "state", "receiver", "booked_by"]
    list_select_related = ["handoff", "receiver", "booked_by"]
    list_filter = ["kind", "state", "receiver"]
    search_fields = ["=handoff__id"]
    search_help_text = "Number of a handoff."
    ordering = ["-id"]
    row_fields = [
        "handoff",
        "kind",
        "state",
        "receiver",
        "starts_at",
        "booked_by",
        "booked_at",
        "settled_by",
        "settled_at",
        "note",
    ]

    def row_title(self, row: Meeting) -> str:
        return f"Meeting of handoff {row.handoff_id}"


@register(Touch)
class TouchAdmin(ReadOnlyAdmin):
    view_action = Action.LEDGER_READ
    list_title = "Touches"
    list_display = ["logged_at", "handoff", "kind", "direction", "verdict", "actor", "occurred_at"]
    list_select_related = ["handoff", "actor"]
    list_filter = ["kind", "verdict", "actor"]
    search_fields = ["=handoff__id"]
    search_help_text = "Number of a handoff."
    ordering = ["-id"]
    row_fields = [
        "handoff",
        "kind",
        "direction",
        "verdict",
        "is_automated",
        "actor",
        "occurred_at",
        "logged_at",
        "text",
    ]

    def row_title(self, row: Touch) -> str:
        return f"Touch on handoff {row.handoff_id}"
