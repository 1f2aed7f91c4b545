"""The weekly review of one person: three tiles and a line for each receiver."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Count, DurationField, ExpressionWrapper, F

from accounts.models import User
from accounts.selectors import UTC, known_zone, organisation
from review.rules.errors import WeekNotBegun
from review.rules.figures import Spread, spread
from review.rules.metrics import ACCEPTANCE, ATTAINMENT, TIME_TO_ACCEPT, Counts
from review.rules.tiles import (
    Shown,
    Tile,
    counted_words,
    rate_of,
    rate_tile,
    sentence,
    show_rate,
    spread_tile,
)
from review.rules.weeks import TREND_WEEKS, Week, WeekRow
from review.selectors.scope import scope_words
from review.selectors.sources import decided_legs, due_clocks, submitted_handoffs
from review.selectors.tallies import Tally, spreads, tally
from sla.models import Clock
from sla.rules.pace import Pace
from sla.selectors import pace_of
from worktime.models import CalendarVersion
from worktime.rules import duration_words


@dataclass(frozen=True, slots=True)
class WeekFrame:
    """A week that has begun, in the organisation's zone, and what lies beside it."""

    week: Week
    zone: ZoneInfo
    current: Week

    @property
    def is_running(self) -> bool:
        return self.week == self.current

    @property
    def previous(self) -> Week:
        return self.week.shifted(-1)

    @property
    def next(self) -> Week | None:
        return None if self.is_running else self.week.shifted(1)

    @property
    def row(self) -> WeekRow:
        return WeekRow.of([self.week], self.zone)

    @property
    def trend(self) -> WeekRow:
        return WeekRow.of(self.week.up_to_here(TREND_WEEKS), self.zone)


def week_frame(label: str | None, *, now: datetime) -> WeekFrame:
    """The week of that label, or the running one where there is none.

    Raises:
        WeekUnknown: the label names no week.
        WeekNotBegun: the week lies ahead.
        NoOrganisation: there is no zone to count in yet.
    """
    zone = known_zone(organisation().zone) or UTC
    current = Week.containing(now, zone)
    week = current if label is None else Week.parse(label)
    if week > current:
        raise WeekNotBegun(
            f"{week.title} has not begun. It is now week {current.number} of {current.year}."
        )
    return WeekFrame(week, zone, current)


@dataclass(frozen=True, slots=True)
class ReceiverLine:
    """One receiver's week; `accepted` and `rejected` are counts."""

    person: User
    accepted: int
    rejected: int
    acceptance: Shown
    attainment: Shown


@dataclass(frozen=True, slots=True)
class Report:
    """All that the page shows of a week."""

    frame: WeekFrame
    scope: str
    tiles: tuple[Tile, ...]
    receivers: tuple[ReceiverLine, ...]
    is_empty: bool


def weekly_report(user: User, frame: WeekFrame, *, now: datetime) -> Report:
    """The person's numbers; the count of queries does not depend on the rows."""
    trend = frame.trend
    span = (trend.start, trend.end, now)
    decided = tally(decided_legs(user, *span), trend)
    due = tally(due_clocks(user, *span), trend)
    week = frame.row
    submitted = tally(submitted_handoffs(user, week.start, week.end, now), week)[frame.week]
    tiles = (
        _acceptance_tile(decided, frame.week),
        _attainment_tile(user, due, frame, now),
        _time_tile(user, submitted, frame, now),
    )
    return Report(
        frame=frame,
        scope=scope_words(user),
        tiles=tiles,
        receivers=_receivers(user, frame, now),
        is_empty=not (decided[frame.week] or due[frame.week] or submitted),
    )


def _acceptance_tile(found: Mapping[Week, Tally], week: Week) -> Tile:
    against = counted_words(ACCEPTANCE, found[week], Counts.AGAINST)
    apart = counted_words(ACCEPTANCE, found[week], Counts.APART)
    notes = (sentence("", against), sentence("Left out: ", apart))
    rates = {each: rate_of(ACCEPTANCE, counts) for each, counts in found.items()}
    return rate_tile(ACCEPTANCE, rates, notes, week)


def _attainment_tile(
    user: User, found: Mapping[Week, Tally], frame: WeekFrame, now: datetime
) -> Tile:
    apart = counted_words(ATTAINMENT, found[frame.week], Counts.APART)
    notes = (_late_words(user, frame, now), sentence("Left out: ", apart))
    rates = {each: rate_of(ATTAINMENT, counts) for each, counts in found.items()}
    return rate_tile(ATTAINMENT, rates, notes, frame.week)


def _late_words(user: User, frame: WeekFrame, now: datetime) -> str:
    """By how much the week's misses were late, in the time that their targets count."""
    missed = due_clocks(user, frame.row.start, frame.row.end, now).filter(outcome="missed")
    clocks = list(missed.select_related("target").defer("schedule"))
    versions = CalendarVersion.objects.in_bulk({clock.calendar_version_id for clock in clocks})
    paces = {
        (clock.calendar_version_id, clock.target.unit): pace_of(
            clock.target, versions[clock.calendar_version_id]
        )
        for clock in clocks
    }
    late = [
        lateness(paces[clock.calendar_version_id, clock.target.unit], clock, stop)
        for clock in clocks
        if (stop := stopped_at(clock))
    ]
    running = len(clocks) - len(late)
    still = f"{running} of the misses still {'waits' if running == 1 else 'wait'} for a decision"
    return " ".join(
        [sentence("", _median_late(spread(late))), sentence("", still if running else "")]
    ).strip()


def _median_late(late: Spread) -> str:
    if late.median is None:
        return ""
    if late.is_few:
        count = f"{late.n} miss was" if late.n == 1 else f"{late.n} misses were"
        return f"{count} decided late, too few for a median"
    return f"Misses late by {duration_words(late.median)}, median of {late.n}"


def lateness(pace: Pace, clock: Clock, stop: datetime) -> float:
    """Seconds from due to stop, in working time unless the target runs around the clock."""
    return pace.left(clock.due_at, stop).total_seconds()


def stopped_at(clock: Clock) -> datetime | None:
    """When the clock was met or cancelled; None while it runs."""
    return clock.met_at or clock.cancelled_at


def _time_tile(user: User, submitted: Tally, frame: WeekFrame, now: datetime) -> Tile:
    trend, week = frame.trend, frame.row
    accepted = submitted_handoffs(user, trend.start, trend.end, now).filter(
        accept_seconds__isnull=False
    )
    found = spreads(accepted, F("accept_seconds"), trend)
    elapsed = ExpressionWrapper(
        F("first_accepted_at") - F("submitted_at"), output_field=DurationField()
    )
    this_week = accepted.filter(submitted_at__gte=week.start)
    wall = spreads(this_week, elapsed, week)[frame.week]
    waiting = Counter({"waiting": submitted["waiting"]})
    ended = Counter({key: count for key, count in submitted.items() if key != "waiting"})
    notes = (
        sentence("", counted_words(TIME_TO_ACCEPT, waiting, Counts.APART)),
        sentence(
            "Ended without an acceptance: ", counted_words(TIME_TO_ACCEPT, ended, Counts.APART)
        ),
        _wall_words(wall),
    )
    return spread_tile(TIME_TO_ACCEPT, found, notes, frame.week)


def _wall_words(wall: Spread) -> str:
    if wall.is_few or wall.median is None or wall.p90 is None:
        return ""
    median, slowest = duration_words(wall.median), duration_words(wall.p90)
    return f"By the wall clock {median}, slowest tenth over {slowest}."


def _receivers(user: User, frame: WeekFrame, now: datetime) -> tuple[ReceiverLine, ...]:
    start, end = frame.row.start, frame.row.end
    legs = _by_person(decided_legs(user, start, end, now), "receiver")
    clocks = _by_person(due_clocks(user, start, end, now), "handoff_clock__leg__receiver")
    people = User.objects.filter(pk__in={*legs, *clocks})
    nothing: Tally = Counter()
    return tuple(
        _receiver_line(person, legs.get(person.pk, nothing), clocks.get(person.pk, nothing))
        for person in people
    )


def _receiver_line(person: User, legs: Tally, clocks: Tally) -> ReceiverLine:
    decided = rate_of(ACCEPTANCE, legs)
    return ReceiverLine(
        person=person,
        accepted=decided.hits,
        rejected=decided.n - decided.hits,
        acceptance=show_rate(ACCEPTANCE, decided),
        attainment=show_rate(ATTAINMENT, rate_of(ATTAINMENT, clocks)),
    )


def _by_person(rows: Any, column: str) -> dict[int, Tally]:
    found: dict[int, Tally] = {}
    counted: Iterable[dict[str, Any]] = (
        rows.order_by()
        .values(column, "outcome")
        .annotate(rows=Count("*"))
        .exclude(**{column: None})
    )
    for line in counted:
        found.setdefault(line[column], Counter())[line["outcome"]] += line["rows"]
    return found
