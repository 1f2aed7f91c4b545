"""SLA policies in words and drawn, the shipped sets of them, and what came of their steps."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import models
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from accounts.rules.policy import Action
from accounts.selectors import organisation
from core.admin import ConfigAdmin, Dialog, ReadOnlyAdmin, register
from core.errors import Conflict
from core.vocabulary import known_values
from core.words import counted
from sla import services
from sla.choices import EscalationState, PolicyState
from sla.dialogs import RetimeForm, retime, retime_arguments, retime_context, retime_url
from sla.form_rows import TargetPart
from sla.forms import DraftForm, PolicyForm, PresetForm
from sla.impact import (
    draft_of,
    name_of,
    posts_to_channel,
    publish_words,
    published_count,
    published_policies,
    running_by_policy,
    running_by_version,
    targets_of,
    teams_not_told,
)
from sla.lines import PolicyLine, TargetLine, policy_line, target_line, targets_words
from sla.lookback import Lookback, drafts_lookback, look_back_at_draft, look_back_at_set
from sla.models import Escalation, PolicyVersion
from sla.rules.presets import PRESET_NAMES, PRESETS, PolicySpec
from sla.rules.targets import TargetSpec
from sla.rules.wording import conditions_words
from worktime.models import Calendar

POSITIONS_APART = 10
ASKED = ("position", "conditions", "is_default", "targets", "calendar", "since")


@dataclass(frozen=True, slots=True)
class PresetSet:
    """A shipped set in words."""

    key: str
    title: str
    about: str
    policies: list[PolicyLine]


def _example() -> datetime:
    """The start of the example: the present hour."""
    return timezone.localtime().replace(minute=0, second=0, microsecond=0)


def new_arguments(request: HttpRequest, row: None) -> dict[str, Any]:
    taken = (version.position for version in published_policies() if not version.is_default)
    return {"example": _example(), "position": max(taken, default=0) + POSITIONS_APART}


def edit_arguments(request: HttpRequest, row: PolicyVersion) -> dict[str, Any]:
    """The policy's draft where there is one, else the version as it was published."""
    version = draft_of(row.policy) or row
    return {"example": _example(), "version": version, "since": published_count(row.policy)}


def publish(request: HttpRequest, row: PolicyVersion | None, values: dict[str, Any]) -> str:
    """Keep it as a draft, or publish it, as the button says that was pressed."""
    if row is not None and not is_editable(row):
        raise Conflict("This version is not in use any more. Open the policy again.")
    said = {
        "key": values["key"] if row is None else row.policy.key,
        "name": values["name"].strip(),
        "by_id": request.user.pk,
        **{name: values[name] for name in ASKED},
    }
    if values["draft"]:
        made = services.save_draft(**said, saves=values["saves"] or 0)
        return (
            f"The draft of {name_of(made)} is saved; the list shows it under State, Draft. "
            "It applies to nothing until it is published."
        )
    running = 0 if row is None else running_by_policy().get(row.policy_id, 0)
    version = services.publish_policy(**said, saves=values["saves"], now=timezone.now())
    told = publish_words(n=version.n, running=running)
    return f"{version.policy} has version {version.n}: {told}"


def draft_arguments(request: HttpRequest, row: PolicyVersion) -> dict[str, Any]:
    return {"initial": {"saves": row.draft.get("saves")}}


def draft_context(request: HttpRequest, row: PolicyVersion, form: DraftForm) -> dict[str, Any]:
    """What the draft says, in words."""
    return {
        "applies_to": conditions_words(row.conditions),
        "targets": targets_words(targets_of(row)),
    }


def publish_draft(request: HttpRequest, row: PolicyVersion, values: dict[str, Any]) -> str:
    if row.state != PolicyState.DRAFT:
        raise Conflict("This is no draft any more. Look at the list again.")
    running = running_by_policy().get(row.policy_id, 0)
    version = services.publish_draft(
        version=row, saves=values["saves"], by_id=request.user.pk, now=timezone.now()
    )
    told = publish_words(n=version.n, running=running)
    return f"{version.policy} has version {version.n}: {told}"


def discard_draft(request: HttpRequest, row: PolicyVersion, values: dict[str, Any]) -> str:
    if row.state != PolicyState.DRAFT:
        raise Conflict("This is no draft any more. Look at the list again.")
    name = name_of(row)
    services.discard_draft(version=row, saves=values["saves"])
    return f"The draft of {name} is gone. What is published stays as it is."


def edit_context(
    request: HttpRequest, row: PolicyVersion | None, form: PolicyForm
) -> dict[str, Any]:
    """The page of an edit: each target drawn as it would be, and what publishing will do."""
    values = getattr(form, "cleaned_data", None) or form.initial
    start = values.get("example") or form.usual_start
    calendar = values.get("calendar") or organisation().calendar
    n = 1 if row is None else published_count(row.policy) + 1
    running = 0 if row is None else running_by_policy().get(row.policy_id, 0)
    return {
        "policies": published_policies(),
        "parts": [_drawn(part, spec, calendar, start) for part, spec in form.specs()],
        "values": known_values(),
        "start": start,
        "example_calendar": calendar,
        "next_n": n,
        "told": publish_words(n=n, running=running),
        "lookback": _lookback(request, row, form),
    }


def _lookback(request: HttpRequest, row: PolicyVersion | None, form: PolicyForm) -> Lookback | None:
    """The last four weeks by what is typed, where that was asked for and can be judged."""
    if request.POST.get("look") != "weeks" or form.errors:
        return None
    values = form.cleaned_data
    spec = PolicySpec(
        key=values["key"] if row is None else row.policy.key,
        name=values["name"],
        position=values["position"],
        targets=tuple(values["targets"]),
        conditions=values["conditions"],
        is_default=values["is_default"],
    )
    return look_back_at_draft(spec, calendar=values["calendar"], now=timezone.now())


def _drawn(
    part: TargetPart, spec: TargetSpec | None, calendar: Calendar, start: datetime
) -> tuple[TargetPart, TargetLine | None]:
    return part, None if spec is None else target_line(spec, calendar=calendar, start=start)


def policies_page(row: PolicyVersion) -> str:
    """The list, for a draft's own page is gone by then."""
    return reverse("admin:sla_policyversion_changelist")


def retire(request: HttpRequest, row: PolicyVersion, values: dict[str, Any]) -> str:
    running = running_by_policy().get(row.policy_id, 0)
    services.retire_policy(version=row, by_id=request.user.pk, now=timezone.now())
    return (
        f"{row.policy} is not used for new clocks from now on; the next policy that fits is. "
        f"{counted(running, 'running clock')} keep it."
    )


def install_preset(request: HttpRequest, row: None, values: dict[str, Any]) -> str:
    running = sum(running_by_policy().values())
    made = services.install_preset(name=values["name"], by_id=request.user.pk, now=timezone.now())
    return (
        f"{counted(len(made), 'policy', 'policies')} published in place of what was there, for "
        f"new clocks from now on. {counted(running, 'running clock')} keep their targets."
    )


def preset_context(request: HttpRequest, row: None, form: PresetForm) -> dict[str, Any]:
    """Each set in words; the one that was asked about with what came of the last four weeks."""
    is_looked_at = "look" in request.POST and not form.errors
    looked_at = form.cleaned_data["name"] if is_looked_at else ""
    return {
        "sets": [
            PresetSet(name, *PRESET_NAMES[name], [policy_line(spec) for spec in specs])
            for name, specs in PRESETS.items()
        ],
        "replaced": published_policies(),
        "running": sum(running_by_policy().values()),
        "looked_at": looked_at,
        "lookback": look_back_at_set(PRESETS[looked_at], now=timezone.now()) if looked_at else None,
    }


def is_draft(row: PolicyVersion | None) -> bool:
    return row is not None and row.state == PolicyState.DRAFT


def is_editable(row: PolicyVersion | None) -> bool:
    return is_draft(row) or is_published(row)


def is_published(row: PolicyVersion | None) -> bool:
    return row is not None and row.state == PolicyState.PUBLISHED


@register(PolicyVersion)
class PolicyVersionAdmin(ConfigAdmin):
    list_title = "SLA policies"
    list_display = ["policy", "applies_to", "targets_in_words", "position", "state", "published_at"]
    list_filter = ["state"]
    first_filter = f"state__exact={PolicyState.PUBLISHED}"
    search_fields = ["policy__name"]
    ordering = ["is_default", "position", "-id"]
    row_template = "sla/policy.html"
    row_fields = ["state", "position", "published_at"]
    dialogs = [
        Dialog(
            "preset",
            "Use a shipped set",
            install_preset,
            PresetForm,
            of_list=True,
            is_page=True,
            title="Use a shipped set of policies",
            template="sla/presets.html",
            more=preset_context,
        ),
        Dialog(
            "retime",
            "Re-time open clocks",
            retime,
            RetimeForm,
            of_list=True,
            is_page=True,
            template="sla/retime.html",
            arguments=retime_arguments,
            more=retime_context,
        ),
        Dialog(
            "new",
            "Add a policy",
            publish,
            PolicyForm,
            of_list=True,
            is_main=True,
            is_page=True,
            template="sla/edit.html",
            arguments=new_arguments,
            more=edit_context,
        ),
        Dialog(
            "edit",
            "Edit",
            publish,
            PolicyForm,
            is_main=True,
            is_page=True,
            template="sla/edit.html",
            arguments=edit_arguments,
            more=edit_context,
            is_shown=is_editable,
        ),
        Dialog(
            "publish",
            "Publish",
            publish_draft,
            DraftForm,
            is_main=True,
            title="Publish this draft",
            template="sla/draft.html",
            arguments=draft_arguments,
            more=draft_context,
            is_shown=is_draft,
            back=policies_page,
            consequence=(
                "New clocks from now on follow it; clocks that run keep the version they have."
            ),
        ),
        Dialog(
            "discard",
            "Discard",
            discard_draft,
            DraftForm,
            title="Discard this draft",
            is_danger=True,
            template="sla/draft.html",
            arguments=draft_arguments,
            more=draft_context,
            is_shown=is_draft,
            back=policies_page,
            consequence="The draft is forgotten. What is published stays as it is.",
        ),
        Dialog(
            "retire",
            "Stop using it",
            retire,
            is_danger=True,
            is_shown=lambda row: is_published(row) and not row.is_default,
            consequence=(
                "New clocks follow the next policy that fits; clocks that run keep this one."
            ),
        ),
    ]

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        rows: models.QuerySet[Any] = super().get_queryset(request)
        return rows.select_related("policy", "calendar__current_version").prefetch_related(
            "targets__steps"
        )

    def applies_to(self, row: PolicyVersion) -> str:
        return conditions_words(row.conditions)

    def targets_in_words(self, row: PolicyVersion) -> str:
        return targets_words(targets_of(row))

    targets_in_words.short_description = "targets"  # type: ignore[attr-defined]  # read by Django

    def row_context(self, request: HttpRequest, row: PolicyVersion) -> dict[str, Any]:
        calendar, start = row.calendar or organisation().calendar, _example()
        return {
            "applies_to": conditions_words(row.conditions),
            "targets": [
                target_line(spec, calendar=calendar, start=start) for spec in targets_of(row)
            ],
            "lookback": drafts_lookback(row, now=timezone.now()) if is_draft(row) else None,
            "waiting": None if is_draft(row) else draft_of(row.policy),
            "not_told": teams_not_told() if posts_to_channel(row) and is_published(row) else [],
            "name": name_of(row),
            "start": start,
            "example_calendar": calendar,
            "versions": row.policy.versions.order_by("-n"),
            "running": running_by_version(),
            "own_running": running_by_version().get(row.pk, 0),
            "retime_url": retime_url(row) if self.may_edit(request, row) else "",
        }


@register(Escalation)
class EscalationAdmin(ReadOnlyAdmin):
    """Opens on the steps that were set aside: those that nobody was told about."""

    view_action = Action.LEDGER_READ
    list_title = "Steps"
    list_display = ["step", "clock", "state", "at", "attempts", "handled_at", "last_error"]
    list_select_related = ["step", "clock"]
    list_filter = ["state", "step__action"]
    first_filter = f"state__exact={EscalationState.QUARANTINED}"
    ordering = ["-id"]
    row_fields = ["step", "clock", "state", "at", "attempts", "handled_at", "last_error"]

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        rows: models.QuerySet[Any] = super().get_queryset(request)
        return rows.select_related("step", "clock")
