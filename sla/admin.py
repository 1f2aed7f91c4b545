"""SLA policies in words, the shipped sets of them, and what came of their steps."""

from dataclasses import dataclass
from typing import Any

from django.db import models
from django.http import HttpRequest
from django.utils import timezone

from accounts.rules.policy import Action
from core.admin import ConfigAdmin, Dialog, ReadOnlyAdmin, register
from sla import services
from sla.choices import EscalationState, PolicyState
from sla.forms import PresetForm
from sla.models import Escalation, PolicyVersion, Step, Target
from sla.rules.wording import target_words

OPERATORS = {
    "eq": "is",
    "ne": "is not",
    "in": "is one of",
    "not_in": "is none of",
    "gte": "is at least",
    "lte": "is at most",
}


@dataclass(frozen=True, slots=True)
class LadderLine:
    """One rung of a ladder in words."""

    when: str
    what: str
    told: str
    icon: str


@dataclass(frozen=True, slots=True)
class TargetLine:
    """One promise of a policy in words, with its ladder."""

    kind: str
    words: str
    ladder: tuple[LadderLine, ...]


def conditions_words(version: PolicyVersion) -> str:
    """Which handoffs the policy is for, as one sentence."""
    parts = [
        f"{entry['field']} {OPERATORS[entry['op']]} {_value_words(entry['value'])}"
        for entry in version.conditions.get("all", ())
    ]
    return " and ".join(parts) or "everything else"


def _value_words(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def target_line(target: Target) -> TargetLine:
    return TargetLine(
        kind=target.get_kind_display(),
        words=target_words(target.amount, target.unit),
        ladder=tuple(_ladder_line(step) for step in target.steps.all()),
    )


def _ladder_line(step: Step) -> LadderLine:
    icons = {"remind": "notifications", "breach": "flag", "alert_manager": "campaign"}
    percent = step.offset_percent
    if percent < 0:
        when = f"at {100 + percent} % of the target"
    elif percent == 0:
        when = "at the due time"
    else:
        when = f"{percent} % of the target after due"
    return LadderLine(
        when=when,
        what=step.get_action_display(),
        told=", ".join(step.recipients) or "nobody: the fact is written down",
        icon=icons[step.action],
    )


def install_preset(request: HttpRequest, row: None, values: dict[str, Any]) -> str:
    made = services.install_preset(name=values["name"], by_id=request.user.pk, now=timezone.now())
    return f"{len(made)} published in place of what was there. Running clocks keep their targets."


@register(PolicyVersion)
class PolicyVersionAdmin(ConfigAdmin):
    list_title = "SLA policies"
    list_display = ["policy", "n", "state", "applies_to", "targets_in_words", "published_at"]
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
            is_main=True,
            title="Use a shipped set of policies",
            consequence=(
                "Every published policy is replaced. New handoffs follow the set from now on; "
                "clocks that run keep the target they started with."
            ),
        ),
    ]

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        rows: models.QuerySet[Any] = super().get_queryset(request)
        return rows.select_related("policy", "calendar").prefetch_related("targets__steps")

    def applies_to(self, row: PolicyVersion) -> str:
        return conditions_words(row)

    def targets_in_words(self, row: PolicyVersion) -> str:
        return "; ".join(
            f"{target.get_kind_display()}: {target_words(target.amount, target.unit)}"
            for target in row.targets.all()
        )

    targets_in_words.short_description = "targets"  # type: ignore[attr-defined]  # read by Django

    def row_context(self, request: HttpRequest, row: PolicyVersion) -> dict[str, Any]:
        return {
            "applies_to": conditions_words(row),
            "targets": [target_line(target) for target in row.targets.all()],
            "versions": row.policy.versions.order_by("-n"),
        }


@register(Escalation)
class EscalationAdmin(ReadOnlyAdmin):
    """Opens on the steps that were set aside: those that nobody was told about."""

    view_action = Action.LEDGER_READ
    list_title = "Steps"
    list_display = ["step", "clock", "state", "at", "attempts", "handled_at", "last_error"]
    list_select_related = ["step", "clock"]
    list_filter = ["state"]
    first_filter = f"state__exact={EscalationState.QUARANTINED}"
    ordering = ["-id"]
    row_fields = ["step", "clock", "state", "at", "attempts", "handled_at", "last_error"]

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        rows: models.QuerySet[Any] = super().get_queryset(request)
        return rows.select_related("step", "clock")
