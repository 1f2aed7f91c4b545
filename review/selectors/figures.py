"""All figures of a week, each family of metrics in one query."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, F, QuerySet, Sum

from accounts.models import User
from review.rules.figures import Mean, Spread
from review.rules.metrics import (
    ACCEPTANCE,
    ACKNOWLEDGED,
    ATTAINMENT,
    ATTAINMENTS,
    COMPLETENESS,
    FIRST_CONTACT,
    INTRODUCED,
    LOGGED_LATE,
    REJECTIONS,
    SECOND_MEETING,
    STRICT,
    TIME_TO_ACCEPT,
    Counts,
    Metric,
)
from review.rules.weeks import Week, WeekRow
from review.selectors.frame import WeekFrame
from review.selectors.lateness import Lateness
from review.selectors.sources import FAMILIES, LENGTHS, SOURCES, Elapsed, all_due
from review.selectors.sources.clocks import DUE
from review.selectors.sources.handoffs import SUBMITTED
from review.selectors.sources.legs import DECISIONS
from review.selectors.tallies import Tally, spreads, tallies, tally

Trend = Mapping[Week, Any]


@dataclass(frozen=True, slots=True)
class Figures:
    """What was counted: tallies by metric, and beside them lengths, a mean and the last weeks."""

    tallies: Mapping[str, Tally]
    spreads: Mapping[str, Spread]
    means: Mapping[str, Mean]
    trends: Mapping[str, Trend]
    wall: Spread
    late: Lateness


def week_figures(user: User, frame: WeekFrame, *, now: datetime) -> Figures:
    """The figures of a week; the count of queries does not depend on the rows."""
    row, pair, trend = frame.row, frame.pair, frame.trend
    decided = _decisions(user, trend, now)
    found = {
        **_handoffs(user, frame, now),
        **_clocks(user, row, now),
        **_events(user, frame, now),
        **{key: line[frame.week] for key, line in decided.items()},
    }
    trends: dict[str, Trend] = {
        ACCEPTANCE.key: decided[ACCEPTANCE.key],
        ATTAINMENT.key: tally(SOURCES[ATTAINMENT.key](user, trend.start, trend.end, now), trend),
        TIME_TO_ACCEPT.key: _accept_times(user, trend, now),
        # Without an index that has all they ask for, twelve weeks of these would take too long.
        INTRODUCED.key: tally(SOURCES[INTRODUCED.key](user, pair.start, pair.end, now), pair),
        FIRST_CONTACT.key: _lengths(user, FIRST_CONTACT, pair, now),
        SECOND_MEETING.key: _lengths(user, SECOND_MEETING, pair, now),
    }
    missed = all_due(user, row.start, row.end, now).filter(outcome="missed")
    return Figures(
        tallies=found,
        spreads={
            **{
                metric.key: trends[metric.key][frame.week]
                for metric in (FIRST_CONTACT, SECOND_MEETING, TIME_TO_ACCEPT)
            },
            ACKNOWLEDGED.key: _lengths(user, ACKNOWLEDGED, row, now)[frame.week],
        },
        means={COMPLETENESS.key: _completeness(user, row, now)},
        trends=trends,
        wall=_wall(user, row, now)[frame.week],
        late=Lateness(missed),
    )


def _decisions(user: User, row: WeekRow, now: datetime) -> dict[str, dict[Week, Tally]]:
    chosen = DECISIONS.outcomes(now)
    keys = (ACCEPTANCE.key, STRICT.key, REJECTIONS.key)
    rows = DECISIONS.rows(user, row.start, row.end, now)
    return tallies(rows, {key: chosen[key] for key in keys}, row)


def _handoffs(user: User, frame: WeekFrame, now: datetime) -> dict[str, Tally]:
    row = frame.row
    rows = SUBMITTED.rows(user, row.start, row.end, now)
    found = tallies(rows, SUBMITTED.outcomes(now), row)
    return {key: line[frame.week] for key, line in found.items()}


def _clocks(user: User, row: WeekRow, now: datetime) -> dict[str, Tally]:
    """Attainment of each kind of clock, and what was logged late of all of them."""
    chosen = DUE.outcomes(now)
    found: dict[str, Tally] = {metric.key: Counter() for metric in ATTAINMENTS.values()}
    found[LOGGED_LATE.key] = Counter()
    counted = (
        DUE.rows(user, row.start, row.end, now)
        .order_by()
        .annotate(outcome=chosen[ATTAINMENT.key](), logged=chosen[LOGGED_LATE.key]())
        .values("kind", "outcome", "logged")
        .annotate(rows=Count("*"))
    )
    for line in counted:
        found[ATTAINMENTS[line["kind"]].key][line["outcome"]] += line["rows"]
        if line["logged"] is not None:
            found[LOGGED_LATE.key][line["logged"]] += line["rows"]
    return found


def _events(user: User, frame: WeekFrame, now: datetime) -> dict[str, Tally]:
    """What is counted by the log, and rulings: each family of metrics once."""
    row, found = frame.row, {}
    families = {id(family): family for family in FAMILIES.values()}
    for family in families.values():
        if family in (SUBMITTED, DECISIONS):
            continue
        rows = family.rows(user, row.start, row.end, now)
        for key, line in tallies(rows, family.outcomes(now), row).items():
            found[key] = line[frame.week]
    return found


def measured(user: User, metric: Metric, row: WeekRow, now: datetime) -> QuerySet[Any]:
    """The rows of a metric that count, without those that count against it or apart."""
    rows = SOURCES[metric.key](user, row.start, row.end, now)
    return rows.filter(outcome__in=metric.keys(Counts.HIT))


def _lengths(user: User, metric: Metric, row: WeekRow, now: datetime) -> dict[Week, Spread]:
    return spreads(measured(user, metric, row, now), LENGTHS[metric.key], row)


def _accept_times(user: User, row: WeekRow, now: datetime) -> dict[Week, Spread]:
    """The same, by the column alone: its index has all that twelve weeks of it ask for."""
    rows = SUBMITTED.rows(user, row.start, row.end, now).filter(accept_seconds__isnull=False)
    return spreads(rows, LENGTHS[TIME_TO_ACCEPT.key], row)


def _wall(user: User, row: WeekRow, now: datetime) -> dict[Week, Spread]:
    elapsed = Elapsed(F("submitted_at"), F("first_contact_at"))
    return spreads(measured(user, FIRST_CONTACT, row, now), elapsed, row)


def _completeness(user: User, row: WeekRow, now: datetime) -> Mean:
    rows = measured(user, COMPLETENESS, row, now)
    found = rows.order_by().aggregate(total=Sum("completeness"), n=Count("pk"))
    return Mean(found["total"] or 0, found["n"])
