"""Reads: which target applies, and what a clock looks like."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, tzinfo
from typing import Any

from sla.choices import ClockKind, StepAction
from sla.models import Clock, Target
from sla.published import published_policies
from sla.rules import conditions, pauses
from sla.rules.badge import ClockFacts, ClockView, describe
from sla.rules.explanation import Deadline, Promise, explain_deadline
from sla.rules.pace import Hold, Pace
from sla.rules.schedule import Ladder, decode
from worktime.models import CalendarVersion
from worktime.selectors import rules_calendar

__all__ = [
    "ClockView",
    "clock_view",
    "explain_clock",
    "holds_of",
    "ladder_of",
    "match_target",
    "match_targets",
    "pace_of",
]


def match_target(facts: Mapping[str, Any], kind: str) -> Target | None:
    """The target for one kind of `match_targets`; None where such a clock does not run."""
    return match_targets(facts).get(kind)


def match_targets(facts: Mapping[str, Any]) -> dict[str, Target]:
    """The targets of the first published policy that fits the facts, by the kind of clock.

    A kind without one has no clock. Policies are tried by position; the default, which fits
    everything, comes last. In one query, but for the first after a publication.
    """
    tried = (one for one in published_policies() if conditions.holds(one.conditions, facts))
    fits = next(tried, None)
    return {} if fits is None else {target.kind: target for target in fits.fresh_targets()}


def ladder_of(target: Target, *, has_ladder: bool = True) -> Ladder:
    """The target and its steps as the arithmetic takes them; else its breach alone."""
    steps = tuple(
        (step.pk, step.offset, step.action)
        for step in target.steps.all()
        if has_ladder or step.action == StepAction.BREACH
    )
    return Ladder(target.amount, target.unit, steps)


def pace_of(target: Target, calendar_version: CalendarVersion) -> Pace:
    """How time passes for a clock of this target in that version of a calendar."""
    return Pace(rules_calendar(calendar_version), target.unit)


def holds_of(clock: Clock) -> list[Hold]:
    """The clock's pauses, also one without an end."""
    return [pauses.hold_of(pause.starts_at, pause.ends_at) for pause in clock.pauses.all()]


def clock_view(clock: Clock, *, now: datetime, zone: tzinfo) -> ClockView:
    """The clock in words for a reader in `zone`.

    No query for a clock that was read through `Clock.objects.with_view()`.
    """
    holds = holds_of(clock)
    pace = pace_of(clock.target, clock.calendar_version).held(
        pauses.closed(holds), since=clock.started_at
    )
    facts = ClockFacts(
        name=clock.get_kind_display(),
        state=clock.state,
        started_at=clock.started_at,
        due_at=clock.due_at,
        met_at=clock.met_at,
        cancelled_at=clock.cancelled_at,
        breached_at=clock.breached_at,
        is_unstaffed=clock.is_unstaffed,
        amount=clock.target.amount,
        rungs=decode(clock.schedule),
        fired=clock.fired,
        holds=holds,
    )
    return describe(facts, pace, now=now, zone=zone)


def explain_clock(clock: Clock) -> Deadline:
    """Why the clock is due when it is: what counted, what was skipped, and why.

    No query for a clock that was read through `Clock.objects.with_view()`.
    """
    pace = pace_of(clock.target, clock.calendar_version)
    reasons: dict[Hold, str] = {}
    for pause in clock.pauses.all():
        hold = pauses.hold_of(pause.starts_at, pause.ends_at)
        for kept in pace.held([hold], since=clock.started_at).holds:
            reasons[kept] = pause.reason
    promise = Promise(
        start=clock.started_at,
        due=clock.due_at,
        amount=clock.target.amount,
        is_fixed=clock.is_due_fixed,
        follows_buyer=clock.is_due_fixed and clock.kind == ClockKind.CONTACT_LEG,
        is_unstaffed=clock.is_unstaffed,
        is_breached=clock.breached_at is not None,
        is_replacement=clock.replaces_id is not None,
    )
    held = pace.held(reasons, since=clock.started_at)
    return explain_deadline(promise, held, reasons=reasons)
