"""Reads for whoever is about to change a policy or a calendar: what runs by it, and what is next.

Only clocks that still run are counted, by the index over live clocks, so that the price does not
grow with the clocks that are done.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, QuerySet

from core.words import counted
from notify.selectors import teams_without_channel
from sla.choices import ClockState, PolicyState
from sla.models import Clock, Policy, PolicyVersion, Step, Target
from sla.rules import conditions, pauses, schedule
from sla.rules.targets import BREACH, NOTIFY_CHANNEL, StepSpec, TargetSpec, from_data
from sla.selectors import holds_of, ladder_of, pace_of
from worktime.models import CalendarVersion


def published_policies() -> QuerySet[PolicyVersion]:
    """Those in force in the order in which they are tried, with all that they say."""
    return (
        PolicyVersion.objects.filter(state=PolicyState.PUBLISHED)
        .order_by("is_default", "position")
        .select_related("policy", "calendar")
        .prefetch_related("targets__steps")
    )


@dataclass(frozen=True, slots=True)
class Policies:
    """The published policies, read once to be asked about many clocks."""

    versions: tuple[PolicyVersion, ...]

    def match(self, facts: Mapping[str, Any], kind: str) -> Target | None:
        """As `match_target`, without a query."""
        fits = (one for one in self.versions if conditions.holds(one.conditions, facts))
        found = next(fits, None)
        targets = () if found is None else found.targets.all()
        return next((target for target in targets if target.kind == kind), None)


def policies_in_force() -> Policies:
    """In a constant number of queries, with their targets, steps and calendars."""
    return Policies(tuple(published_policies().select_related("calendar__current_version")))


def open_clock_ids() -> list[int]:
    """All clocks that are neither met nor cancelled, by id."""
    return sorted(Clock.objects.live().order_by().values_list("pk", flat=True))


def due_when_retimed(
    clock: Clock, target: Target, calendar_version: CalendarVersion, *, now: datetime
) -> datetime:
    """When the clock would be due if it followed these versions from its start.

    What is late by now stays due when it was, as a breach does not move. No query for a clock
    with its pauses and a target with its steps.
    """
    pace = pace_of(target, calendar_version).held(
        pauses.closed(holds_of(clock)), since=clock.started_at
    )
    return schedule.retimed(
        ladder_of(target, has_ladder=clock.has_ladder),
        pace,
        clock.started_at,
        due_at=clock.due_at,
        is_breached=is_missed(clock, now=now),
        is_due_fixed=clock.is_due_fixed,
    ).due_at


def is_missed(clock: Clock, *, now: datetime) -> bool:
    """Whether a live clock has missed its due time, swept or not; a paused one is not due."""
    is_late = clock.state == ClockState.RUNNING and clock.due_at < now
    return clock.breached_at is not None or is_late


def teams_not_told() -> list[str]:
    """The teams that have no channel although a published policy posts to it, by name."""
    posting = Step.objects.filter(
        action=NOTIFY_CHANNEL, target__version__state=PolicyState.PUBLISHED
    )
    return teams_without_channel() if posting.exists() else []


def posts_to_channel(version: PolicyVersion) -> bool:
    """Whether a step of the version posts to the team's channel."""
    return any(step.action == NOTIFY_CHANNEL for one in targets_of(version) for step in one.steps)


def targets_of(version: PolicyVersion) -> tuple[TargetSpec, ...]:
    """What the version promises, whether it is a draft or published."""
    if version.state == PolicyState.DRAFT:
        return from_data(version.draft["targets"])
    return tuple(spec_of(target) for target in version.targets.all())


def spec_of(target: Target) -> TargetSpec:
    steps = (
        StepSpec(step.offset_percent, step.action, tuple(step.recipients), step.offset_minutes)
        for step in target.steps.all()
        if step.action != BREACH
    )
    return TargetSpec(target.kind, target.amount, target.unit, tuple(steps))


def name_of(version: PolicyVersion) -> str:
    """The policy's name, which a draft may change."""
    return version.draft.get("name") or version.policy.name


def draft_of(policy: Policy) -> PolicyVersion | None:
    found = policy.versions.filter(state=PolicyState.DRAFT)
    return found.select_related("policy", "calendar").first()


def published_count(policy: Policy) -> int:
    """How many versions of the policy have been published, which is the number of the last."""
    return policy.versions.exclude(state=PolicyState.DRAFT).count()


def running_by_version() -> dict[int, int]:
    """How many clocks run by each version of each policy, by the version's id."""
    rows = Clock.objects.live().order_by().values_list("target__version")
    return dict(rows.annotate(n=Count("pk")))


def running_by_policy() -> dict[int, int]:
    """How many clocks run by any version of each policy, by the policy's id."""
    rows = Clock.objects.live().order_by().values_list("target__version__policy")
    return dict(rows.annotate(n=Count("pk")))


def running_in_calendar(calendar_id: int) -> int:
    """How many clocks run by any version of the calendar."""
    rows = Clock.objects.live().order_by().values_list("calendar_version__calendar")
    found: dict[int, int] = dict(rows.annotate(n=Count("pk")))
    return found.get(calendar_id, 0)


def policies_following(calendar_id: int) -> Iterator[str]:
    """The policies whose clocks for the buyer count in the calendar."""
    published = PolicyVersion.objects.filter(state=PolicyState.PUBLISHED)
    count = published.filter(calendar=calendar_id).count()
    if count:
        yield counted(count, "policy", "policies")


def publish_words(*, n: int, running: int) -> str:
    """What publishing version `n` will do, told before and after it."""
    if n == 1:
        return "New clocks from now on follow version 1; clocks that run keep what they have."
    if running == 0:
        return f"No clock runs by it now; new clocks from now on use version {n}."
    kept = f"{counted(running, 'running clock')} {'keeps' if running == 1 else 'keep'}"
    what = "what it has" if running == 1 else "what they have"
    return f"{kept} {what}; new clocks from now on use version {n}."
