"""SLA policies in words and drawn, the shipped sets of them, and what came of their steps."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import models
from django.http import HttpRequest
from django.utils import timezone

from accounts.rules.policy import Action
from accounts.selectors import organisation
from core.admin import ConfigAdmin, Dialog, ReadOnlyAdmin, register
from core.errors import Conflict
from core.words import counted
from sla import services
from sla.choices import ClockKind, EscalationState, PolicyState
from sla.dialogs import RetimeForm, retime, retime_arguments, retime_context, retime_url
from sla.form_rows import TargetPart
from sla.forms import PolicyForm, PresetForm
from sla.impact import publish_words, published_policies, running_by_policy, running_by_version
from sla.models import Escalation, PolicyVersion, Target
from sla.rules import ladder
from sla.rules.ladder import Drawing, Line
from sla.rules.pace import Pace
from sla.rules.presets import PRESETS, PolicySpec
from sla.rules.targets import StepSpec, TargetSpec
from sla.rules.wording import conditions_words, target_words
from sla.vocabulary import known_values
from worktime.models import Calendar
from worktime.selectors import rules_calendar

POSITIONS_APART = 10


@dataclass(frozen=True, slots=True)
class TargetLine:
    """One promise of a policy in words, with its ladder drawn and listed."""

    kind: str
    words: str
    ladder: list[Line]
    drawing: Drawing


@dataclass(frozen=True, slots=True)
class PolicyLine:
    """One policy of a set in words."""

    name: str
    applies_to: str
    targets: list[TargetLine]


def spec_of(target: Target) -> TargetSpec:
    steps = (
        StepSpec(step.offset_percent, step.action, tuple(step.recipients))
        for step in target.steps.all()
    )
    return TargetSpec(target.kind, target.amount, target.unit, tuple(steps))


def target_line(
    spec: TargetSpec, *, calendar: Calendar | None = None, start: datetime | None = None
) -> TargetLine:
    version = None if calendar is None else calendar.current_version
    pace = None if version is None else Pace(rules_calendar(version), spec.unit)
    return TargetLine(
        kind=str(ClockKind(spec.kind).label),
        words=target_words(spec.amount, spec.unit),
        ladder=ladder.lines(spec.steps),
        drawing=ladder.draw(spec, pace=pace, start=start),
    )


def policy_line(spec: PolicySpec) -> PolicyLine:
    return PolicyLine(
        name=spec.name,
        applies_to=conditions_words(spec.conditions),
        targets=[target_line(target) for target in spec.targets],
    )


def targets_words(targets: list[Target]) -> str:
    return "; ".join(
        f"{target.get_kind_display()}: {target_words(target.amount, target.unit)}"
        for target in targets
    )


def _example() -> datetime:
    """The start of the example: the present hour."""
    return timezone.localtime().replace(minute=0, second=0, microsecond=0)


def new_arguments(request: HttpRequest, row: None) -> dict[str, Any]:
    taken = (version.position for version in published_policies() if not version.is_default)
    return {"example": _example(), "position": max(taken, default=0) + POSITIONS_APART}


def edit_arguments(request: HttpRequest, row: PolicyVersion) -> dict[str, Any]:
    last = row.policy.versions.order_by("-n").values_list("n", flat=True)[0]
    return {"example": _example(), "version": row, "since": last}


def publish(request: HttpRequest, row: PolicyVersion | None, values: dict[str, Any]) -> str:
    if row is not None and row.state != PolicyState.PUBLISHED:
        raise Conflict("This version is not in use any more. Open the policy again.")
    key = values["key"] if row is None else row.policy.key
    running = 0 if row is None else running_by_policy().get(row.policy_id, 0)
    version = services.publish_policy(
        key=key,
        name=values["name"].strip(),
        position=values["position"],
        conditions=values["conditions"],
        is_default=values["is_default"],
        targets=values["targets"],
        calendar=values["calendar"],
        since=values["since"],
        by_id=request.user.pk,
        now=timezone.now(),
    )
    told = publish_words(n=version.n, running=running)
    return f"{version.policy} has version {version.n}: {told}"


def edit_context(
    request: HttpRequest, row: PolicyVersion | None, form: PolicyForm
) -> dict[str, Any]:
    """The page of an edit: each target drawn as it would be, and what publishing will do."""
    values = getattr(form, "cleaned_data", None) or form.initial
    start = values.get("example") or form.usual_start
    calendar = values.get("calendar") or organisation().calendar
    n = 1 if row is None else row.policy.versions.count() + 1
    running = 0 if row is None else running_by_policy().get(row.policy_id, 0)
    return {
        "policies": published_policies(),
        "parts": [_drawn(part, spec, calendar, start) for part, spec in form.specs()],
        "values": known_values(),
        "start": start,
        "example_calendar": calendar,
        "next_n": n,
        "told": publish_words(n=n, running=running),
    }


def _drawn(
    part: TargetPart, spec: TargetSpec | None, calendar: Calendar, start: datetime
) -> tuple[TargetPart, TargetLine | None]:
    return part, None if spec is None else target_line(spec, calendar=calendar, start=start)


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
    return {
        "sets": [
            (name, name.replace("_", " ").capitalize(), [policy_line(spec) for spec in specs])
            for name, specs in PRESETS.items()
        ],
        "replaced": published_policies().count(),
        "running": sum(running_by_policy().values()),
    }


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
            is_shown=is_published,
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
        return targets_words(list(row.targets.all()))

    targets_in_words.short_description = "targets"  # type: ignore[attr-defined]  # read by Django

    def row_context(self, request: HttpRequest, row: PolicyVersion) -> dict[str, Any]:
        calendar, start = row.calendar or organisation().calendar, _example()
        return {
            "applies_to": conditions_words(row.conditions),
            "targets": [
                target_line(spec_of(target), calendar=calendar, start=start)
                for target in row.targets.all()
            ],
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
