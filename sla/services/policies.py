"""Drafting and publishing policies.

What is published never changes; a new version takes its place. A policy has one draft at most.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max, QuerySet

from accounts.models import User
from core.errors import FieldProblem
from notify.selectors import has_channel
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
from sla.rules.targets import TargetSpec, from_data, target_problems, to_data
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
    saves: int | None = None,
) -> PolicyVersion:
    """Make this the policy's published version; clocks that run keep the version they have.

    `calendar` is for the buyer's clocks, None: the organisation's. A new default takes the place
    of the present one, whichever policy that belongs to. `since` is the number of the version
    that was looked at, 0 for a new policy; `saves` how often its draft had been saved, and the
    draft is then used up. Raises PolicyInvalid, PositionTaken, PolicyChanged where there is a
    later version or draft, and DefaultNeeded when no default would be left.
    """
    problems = policy_problems(conditions, is_default, targets)
    if problems:
        raise PolicyInvalid(problems)
    _lock_policies()
    if since is not None:
        _refuse_stale(key, since)
    if saves is not None:
        _refuse_other_draft(key, saves)
        _drafts(key).delete()
    _make_way(key, position=position, is_default=is_default)
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


def _make_way(key: str, *, position: int, is_default: bool) -> None:
    """What is published gives up the place, the default and the policy's own name."""
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


@transaction.atomic
def save_draft(
    *,
    key: str,
    name: str,
    position: int,
    conditions: Mapping[str, Any],
    is_default: bool,
    targets: Sequence[TargetSpec],
    by_id: int | None,
    calendar: Calendar | None,
    since: int,
    saves: int,
) -> PolicyVersion:
    """Keep this as the policy's draft, which applies to nothing until it is published.

    `since` and `saves` as of what was looked at; they are told apart as in `publish_policy`.
    Raises PolicyInvalid, and PolicyChanged where there is a later version or draft.
    """
    problems = policy_problems(conditions, is_default, targets)
    if problems:
        raise PolicyInvalid(problems)
    _lock_policies()
    _refuse_stale(key, since)
    _refuse_other_draft(key, saves)
    policy, _ = Policy.objects.get_or_create(key=key, defaults={"name": name})
    said = {"name": name, "targets": to_data(targets), "since": since, "saves": saves + 1}
    version, _ = PolicyVersion.objects.update_or_create(
        policy=policy,
        state=PolicyState.DRAFT,
        defaults={
            "n": _last(key) + 1,
            "position": position,
            "conditions": dict(conditions),
            "is_default": is_default,
            "calendar": calendar,
            "made_by": by_id,
            "draft": said,
        },
    )
    return version


@transaction.atomic
def publish_draft(
    *, version: PolicyVersion, saves: int, by_id: int | None, now: datetime
) -> PolicyVersion:
    """Publish the draft as it was looked at, which is how often it had been saved by then.

    Raises as `publish_policy`, also where it is gone.
    """
    row = _draft_of(version)
    return publish_policy(
        key=row.policy.key,
        name=row.draft["name"],
        position=row.position,
        conditions=row.conditions,
        is_default=row.is_default,
        targets=from_data(row.draft["targets"]),
        calendar=row.calendar,
        by_id=by_id,
        now=now,
        since=row.draft["since"],
        saves=saves,
    )


@transaction.atomic
def discard_draft(*, version: PolicyVersion, saves: int) -> None:
    """Forget the draft as it was looked at, and the policy where it was never published.

    Raises PolicyChanged where it was saved again since, or is gone.
    """
    row = _draft_of(version)
    _refuse_other_draft(row.policy.key, saves)
    row.delete()
    if not row.policy.versions.exists():
        row.policy.delete()


def _draft_of(version: PolicyVersion) -> PolicyVersion:
    _lock_policies()
    row = _drafts(version.policy.key).select_related("policy", "calendar").first()
    if row is None or row.pk != version.pk:
        raise PolicyChanged("This draft is not there any more. Look at the list again.")
    return row


def _drafts(key: str) -> QuerySet[PolicyVersion]:
    return PolicyVersion.objects.filter(policy__key=key, state=PolicyState.DRAFT)


def _last(key: str) -> int:
    """The number of the policy's latest version that was published, 0 before the first."""
    said = PolicyVersion.objects.filter(policy__key=key).exclude(state=PolicyState.DRAFT)
    return said.aggregate(last=Max("n"))["last"] or 0


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
    problems += _channel_problems(targets)
    if is_default and not matching.is_empty(conditions):
        message = "The default fits every handoff: remove its conditions."
        problems.append(FieldProblem("conditions", "default_has_conditions", message))
    if not is_default and matching.is_empty(conditions):
        message = "Add a condition: only the default fits every handoff."
        problems.append(FieldProblem("conditions", "conditions_missing", message))
    return problems


def _channel_problems(targets: Sequence[TargetSpec]) -> list[FieldProblem]:
    """A step that posts to a channel needs one that is set up, whoever's it is."""
    posting = [
        f"targets[{n}].steps[{m}].action"
        for n, target in enumerate(targets)
        for m, step in enumerate(target.steps)
        if step.action == StepAction.NOTIFY_CHANNEL
    ]
    if not posting or has_channel():
        return []
    message = "No channel is set up yet: an admin gives its address under Slack channels."
    return [FieldProblem(place, "channel_missing", message) for place in posting]


def _refuse_stale(key: str, since: int) -> None:
    last = _last(key)
    if last != since:
        raise PolicyChanged(
            f"Somebody else has published version {last} meanwhile. Nothing was changed: "
            "open the policy again and make your change there."
            if since
            else "A policy of this name exists already. Change that one, or choose another name."
        )


def _refuse_other_draft(key: str, saves: int) -> None:
    draft = _drafts(key).first()
    if draft is None and saves:
        raise PolicyChanged(
            "The draft was published or discarded meanwhile. Nothing was changed: open the policy "
            "again to see what it says now."
        )
    if draft is not None and draft.draft["saves"] != saves:
        by = User.objects.filter(pk=draft.made_by).first()
        raise PolicyChanged(
            f"{by or 'Somebody'} has saved this draft meanwhile. Nothing was changed: open the "
            "policy again to see what it says now."
        )


def _lock_policies() -> None:
    """One publisher at a time, so that none overlooks what another is about to publish."""
    list(Policy.objects.select_for_update().order_by("pk").values_list("pk"))


def _add_version(
    key: str, name: str, *, by_id: int | None, now: datetime, **said: Any
) -> PolicyVersion:
    policy, _ = Policy.objects.update_or_create(key=key, defaults={"name": name})
    last = _last(key)
    # A draft that goes on is the one after this.
    _drafts(key).update(n=last + 2)
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
            offset_minutes=step.offset_minutes,
            action=step.action,
            recipients=list(step.recipients),
        )
        for step in spec.steps
    ]
    Step.objects.bulk_create([breach, *rungs])
