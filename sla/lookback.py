"""What policies that are not published yet would have made of the last four weeks."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Case, QuerySet, When

from sla import uses
from sla.choices import ClockKind, ClockState
from sla.impact import name_of, published_policies, targets_of
from sla.models import Clock, PolicyVersion
from sla.rules import pauses
from sla.rules.lookback import Candidate, Judged, Ran, Tally, judge, tally, target_for
from sla.rules.pace import Hold
from sla.rules.presets import PolicySpec
from worktime.models import Calendar
from worktime.rules import NoOpenTime
from worktime.selectors import rules_calendar

PERIOD = timedelta(days=28)
# The newest of them, so that the page takes as long with a million clocks.
MOST_CLOCKS = 5_000
BUYERS = frozenset({"contact", "second_meeting"})


@dataclass(frozen=True, slots=True)
class Row:
    """One kind of clock by name."""

    name: str
    tally: Tally


@dataclass(frozen=True, slots=True)
class Lookback:
    """`read` clocks started in the time, `count` of them would have followed these policies.

    `is_cut`: there were more than are read; `since` is then the start of the oldest one read.
    """

    rows: tuple[Row, ...]
    read: int
    since: datetime
    is_cut: bool

    @property
    def count(self) -> int:
        return sum(row.tally.count + row.tally.cancelled for row in self.rows)


def look_back_at_draft(spec: PolicySpec, *, calendar: Calendar | None, now: datetime) -> Lookback:
    """One policy in its place among those that are published.

    `calendar` is the draft's own for the buyer's clocks; all others count as they did.
    """
    others = [
        (version.is_default, version.position, Candidate(version.conditions))
        for version in published_policies()
        if version.policy.key != spec.key and not (spec.is_default and version.is_default)
    ]
    own = (spec.is_default, spec.position, Candidate(spec.conditions, spec.targets))
    ordered = sorted([*others, own], key=lambda one: one[:2])
    return _look_back([one for *_, one in ordered], calendar=calendar, now=now)


def drafts_lookback(version: PolicyVersion, *, now: datetime) -> Lookback:
    """The same for a stored draft."""
    spec = PolicySpec(
        key=version.policy.key,
        name=name_of(version),
        position=version.position,
        targets=targets_of(version),
        conditions=version.conditions,
        is_default=version.is_default,
    )
    return look_back_at_draft(spec, calendar=version.calendar, now=now)


def look_back_at_set(specs: Sequence[PolicySpec], *, now: datetime) -> Lookback:
    """A whole set in the place of everything that is published."""
    ordered = sorted(specs, key=lambda spec: (spec.is_default, spec.position))
    candidates = [Candidate(spec.conditions, spec.targets) for spec in ordered]
    return _look_back(candidates, calendar=None, now=now)


def _look_back(
    candidates: Sequence[Candidate], *, calendar: Calendar | None, now: datetime
) -> Lookback:
    named = {target.kind for one in candidates for target in one.targets or ()}
    kinds = [kind for kind in ClockKind if kind in named]
    clocks = _started(kinds, since=now - PERIOD)
    is_cut = len(clocks) > MOST_CLOCKS
    clocks = clocks[:MOST_CLOCKS]
    facts = uses.facts_of_clocks([clock.pk for clock in clocks])
    judged = list(_judged(clocks, facts, candidates, calendar, now))
    return Lookback(
        rows=tuple(Row(str(ClockKind(one.kind).label), one) for one in tally(kinds, judged)),
        read=len(clocks),
        since=clocks[-1].started_at if is_cut else now - PERIOD,
        is_cut=is_cut,
    )


def _started(kinds: Collection[str], *, since: datetime) -> list[Clock]:
    """The newest clocks with what is read of them; one more than are used."""
    related = newest_clocks(kinds, since=since).select_related("target", "calendar_version")
    return list(related.prefetch_related("pauses").defer("schedule")[: MOST_CLOCKS + 1])


def newest_clocks(kinds: Collection[str], *, since: datetime) -> QuerySet[Clock]:
    """Those that started since then, the newest first, but those that others took the place of."""
    # One value: by the bare column SQLite would read all clocks of these kinds there ever were.
    meant = Clock.objects.alias(is_meant=Case(When(kind__in=kinds, then=True), default=False))
    found = meant.filter(is_meant=True, started_at__gte=since, replaced_by__isnull=True)
    return found.order_by("-started_at", "-pk")


def _judged(
    clocks: Sequence[Clock],
    facts: Mapping[int, Mapping[str, Any]],
    candidates: Sequence[Candidate],
    calendar: Calendar | None,
    now: datetime,
) -> Sequence[Judged]:
    judged = []
    for clock in clocks:
        target = target_for(candidates, facts.get(clock.pk, {}), clock.kind)
        if target is None:
            continue
        # In a calendar that does not open again nothing is ever due, which the drawing says.
        with suppress(NoOpenTime):
            judged.append(judge(_ran(clock, calendar, now), target, now=now))
    return judged


def _ran(clock: Clock, calendar: Calendar | None, now: datetime) -> Ran:
    counted_in = rules_calendar(clock.calendar_version)
    other = counted_in
    is_others = calendar is not None and calendar.pk != clock.calendar_version.calendar_id
    if is_others and clock.kind in BUYERS and calendar is not None and calendar.current_version:
        other = rules_calendar(calendar.current_version)
    return Ran(
        kind=clock.kind,
        started_at=clock.started_at,
        amount=clock.target.amount,
        unit=clock.target.unit,
        calendar=counted_in,
        other_calendar=other,
        due_at=clock.due_at,
        met_at=clock.met_at,
        is_cancelled=clock.state == ClockState.CANCELLED,
        is_missed=_is_missed(clock, now),
        is_due_fixed=clock.is_due_fixed,
        holds=tuple(_holds(clock, now)),
    )


def _is_missed(clock: Clock, now: datetime) -> bool:
    """Met by its due time is in time, also where that was told only after the sweep."""
    if clock.met_at is not None:
        return clock.met_at > clock.due_at
    is_late = clock.state == ClockState.RUNNING and now > clock.due_at
    return clock.breached_at is not None or is_late


def _holds(clock: Clock, now: datetime) -> list[Hold]:
    return [
        pauses.hold_of(pause.starts_at, pause.ends_at or max(now, pause.starts_at))
        for pause in clock.pauses.all()
    ]
