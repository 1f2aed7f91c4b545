"""Publishing policies. What is published never changes; a new version takes its place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max

from core.errors import FieldProblem
from sla.choices import ClockKind, PolicyState, StepAction
from sla.models import Policy, PolicyVersion, Step, Target
from sla.rules import conditions as matching
from sla.rules.errors import (
    DefaultNeeded,
    PolicyChanged,
    PolicyInvalid,
    PositionTaken,
    PresetUnknown,
)
from sla.rules.presets import PRESETS
from sla.rules.targets import TargetSpec, target_problems
from worktime.models import Calendar


@transaction.atomic
def publish_policy(
    *,
    key: str,
    name: str,
    position: int,
    conditions: Mapping[str, Any],
    is_default: bool,
    targets: Sequence[TargetSpec],
    by_id: int | None,
    now: datetime,
    calendar: Calendar | None = None,
    since: int | None = None,
) -> PolicyVersion:
    """Make this the policy's published version; clocks that run keep the version they have.

    `calendar` is for the buyer's clocks, None: the organisation's. A new default takes the place
    of the present one, whichever policy that belongs to. `since` is the number of the version
    that was looked at, 0 for a new policy. Raises PolicyInvalid, PositionTaken, PolicyChanged
    where the policy has a later version, and DefaultNeeded when no default would be left.
    """
    problems = policy_problems(conditions, is_default, targets)
    if problems:
        raise PolicyInvalid(problems)
    _lock_policies()
    if since is not None:
        _refuse_stale(key, since)
    others = PolicyVersion.objects.filter(state=PolicyState.PUBLISHED).exclude(policy__key=key)
    own = PolicyVersion.objects.filter(state=PolicyState.PUBLISHED, policy__key=key)
    if not is_default and own.filter(is_default=True).exists():
        raise DefaultNeeded
    if is_default:
        others.filter(is_default=True).update(state=PolicyState.RETIRED)
    if others.filter(position=position).exists():
        message = f"{PositionTaken.title}."
        raise PositionTaken(problems=[FieldProblem("position", "position_taken", message)])
    own.update(state=PolicyState.RETIRED)
    version = _add_version(
        key,
        name,
        by_id=by_id,
        now=now,
        position=position,
        conditions=dict(conditions),
        is_default=is_default,
        calendar=calendar,
    )
    for target in targets:
        _add_target(version, target)
    return version


@transaction.atomic
def install_preset(*, name: str, by_id: int | None, now: datetime) -> list[PolicyVersion]:
    """Publish one of the shipped sets in place of everything that is published."""
    if name not in PRESETS:
        known = ", ".join(PRESETS)
        raise PresetUnknown(f"No preset is called {name!r}: choose one of {known}.")
    _lock_policies()
    PolicyVersion.objects.filter(state=PolicyState.PUBLISHED).update(state=PolicyState.RETIRED)
    return [
        publish_policy(
            key=spec.key,
            name=spec.name,
            position=spec.position,
            conditions=spec.conditions,
            is_default=spec.is_default,
            targets=spec.targets,
            by_id=by_id,
            now=now,
        )
        for spec in PRESETS[name]
    ]


@transaction.atomic
def retire_policy(*, version: PolicyVersion, by_id: int | None, now: datetime) -> PolicyVersion:
    """Stop using a published policy; clocks that run keep it. Raises DefaultNeeded."""
    _lock_policies()
    row = PolicyVersion.objects.get(pk=version.pk)
    if row.state != PolicyState.PUBLISHED:
        raise PolicyChanged("This version is not in use any more. Look at the list again.")
    if row.is_default:
        raise DefaultNeeded
    row.state = PolicyState.RETIRED
    row.save(update_fields=["state"])
    return row


def policy_problems(
    conditions: Mapping[str, Any], is_default: bool, targets: Sequence[TargetSpec]
) -> list[FieldProblem]:
    """What keeps the policy from being published, each with the place and the fix."""
    problems = [*matching.problems(conditions), *target_problems(targets)]
    for target in targets:
        if target.kind not in ClockKind.values:
            known = ", ".join(ClockKind.values)
            problems.append(FieldProblem("targets", "kind_unknown", f"Choose one of: {known}."))
    if is_default and not matching.is_empty(conditions):
        message = "The default fits every handoff: remove its conditions."
        problems.append(FieldProblem("conditions", "default_has_conditions", message))
    if not is_default and matching.is_empty(conditions):
        message = "Add a condition: only the default fits every handoff."
        problems.append(FieldProblem("conditions", "conditions_missing", message))
    return problems


def _refuse_stale(key: str, since: int) -> None:
    last = PolicyVersion.objects.filter(policy__key=key).aggregate(last=Max("n"))["last"] or 0
    if last != since:
        raise PolicyChanged(
            f"Somebody else has published version {last} meanwhile. Nothing was changed: "
            "open the policy again and make your change there."
            if since
            else "A policy of this name exists already. Change that one, or choose another name."
        )


def _lock_policies() -> None:
    """One publisher at a time, so that none overlooks what another is about to publish."""
    list(Policy.objects.select_for_update().order_by("pk").values_list("pk"))


def _add_version(
    key: str, name: str, *, by_id: int | None, now: datetime, **said: Any
) -> PolicyVersion:
    policy, _ = Policy.objects.update_or_create(key=key, defaults={"name": name})
    last = policy.versions.aggregate(last=Max("n"))["last"] or 0
    return PolicyVersion.objects.create(
        policy=policy,
        n=last + 1,
        state=PolicyState.PUBLISHED,
        published_at=now,
        made_by=by_id,
        **said,
    )


def _add_target(version: PolicyVersion, spec: TargetSpec) -> None:
    target = Target.objects.create(
        version=version, kind=spec.kind, amount=spec.amount, unit=spec.unit
    )
    breach = Step(target=target, offset_percent=0, action=StepAction.BREACH, recipients=[])
    rungs = [
        Step(
            target=target,
            offset_percent=step.offset_percent,
            action=step.action,
            recipients=list(step.recipients),
        )
        for step in spec.steps
    ]
    Step.objects.bulk_create([breach, *rungs])
