"""The rows behind a metric, each with how it was counted and why."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import OuterRef, QuerySet, Subquery

from accounts.models import User
from handoff.choices import RejectReason, Status
from handoff.models import Handoff, Leg
from review.rules.metrics import (
    ACCEPTANCE,
    APART,
    ATTAINMENT,
    TIME_TO_ACCEPT,
    Counts,
    Metric,
    Outcome,
)
from review.rules.tiles import counted_words, sentence
from review.selectors.report import WeekFrame, lateness, stopped_at
from review.selectors.sources import SOURCES
from review.selectors.tallies import Tally, tally
from sla.choices import ClockState
from sla.models import Clock
from sla.selectors import pace_of
from worktime.rules import duration_words

CHUNK = 500


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a metric in words; `dated_at` is in the organisation's zone."""

    handoff_id: int
    lead: str
    company: str
    submitter: str
    receiver: str
    dated_at: datetime
    outcome: Outcome
    why: str

    @property
    def dated(self) -> str:
        return day_and_time(self.dated_at)


@dataclass(frozen=True, slots=True)
class Choice:
    """Some of the rows: all, or those that count in one way; `key` stands in the address."""

    key: str
    label: str
    total: int


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of one metric in one week that a person may read, `counts` of them chosen."""

    metric: Metric
    frame: WeekFrame
    tally: Tally
    counts: Counts | None
    found: QuerySet[Any]

    def total(self, counts: Counts | None = None) -> int:
        keys = self.tally if counts is None else self.metric.keys(counts)
        return sum(self.tally[key] for key in keys)

    @property
    def choices(self) -> list[Choice]:
        """What the rows can be narrowed to, each with its count."""
        found = [Choice("", "All", self.total())]
        for counts in Counts:
            keys = self.metric.keys(counts)
            if keys:
                label = "Left out" if counts is APART else self.metric.outcomes[keys[0]].label
                found.append(Choice(counts.value, label, self.total(counts)))
        return found

    @property
    def summary(self) -> str:
        """How many count, as what, and what is left out."""
        n = self.total(Counts.HIT) + self.total(Counts.AGAINST)
        parts = [counted_words(self.metric, self.tally, counts) for counts in Counts]
        counted = ", ".join(part for part in parts[:2] if part)
        first = sentence(f"n = {n}: ", counted) or f"n = {n}."
        return f"{first} {sentence('Left out: ', parts[2])}".strip()

    def described(self, chosen: Iterable[Any]) -> list[Row]:
        describe = _DESCRIBE[self.metric.key]
        return [describe(row, self.metric.outcomes[row.outcome], self.frame.zone) for row in chosen]

    def all(self) -> Iterator[Row]:
        """Every row, read in portions."""
        describe = _DESCRIBE[self.metric.key]
        for row in self.found.iterator(chunk_size=CHUNK):
            yield describe(row, self.metric.outcomes[row.outcome], self.frame.zone)


def metric_rows(
    user: User, metric: Metric, frame: WeekFrame, *, counts: Counts | None = None, now: datetime
) -> Rows:
    """The rows that the metric's tile of that week counts, oldest first."""
    row = frame.row
    found = SOURCES[metric.key](user, row.start, row.end, now)
    counted = tally(found, row)[frame.week]
    if counts is not None:
        found = found.filter(outcome__in=metric.keys(counts))
    joined = _JOIN[metric.key](found).order_by("dated_at", "pk")
    return Rows(metric, frame, counted, counts, joined)


HEAD = (
    "metric",
    "week",
    "dated_at",
    "handoff",
    "lead",
    "company",
    "submitter",
    "receiver",
    "counted_as",
    "counts",
    "why",
)
COUNTS_WORDS = {
    Counts.HIT: "in the numerator and in n",
    Counts.AGAINST: "in n",
    Counts.APART: "left out",
}


def cells(metric: Metric, frame: WeekFrame, row: Row) -> Sequence[str]:
    """The row under `HEAD`."""
    return (
        metric.key,
        frame.week.label,
        row.dated_at.isoformat(timespec="seconds"),
        str(row.handoff_id),
        row.lead,
        row.company,
        row.submitter,
        row.receiver,
        row.outcome.label,
        COUNTS_WORDS[row.outcome.counts],
        row.why,
    )


def day_and_time(local: datetime) -> str:
    """Always with its date, for rows are read long after their week; the page names the year."""
    return f"{local:%a} {local.day} {local:%b}, {local:%H:%M}"


def _moment(at: datetime, zone: ZoneInfo) -> str:
    return day_and_time(at.astimezone(zone))


def _row(
    source: Any, handoff: Handoff, receiver: str, outcome: Outcome, why: str, zone: ZoneInfo
) -> Row:
    return Row(
        handoff_id=handoff.pk,
        lead=handoff.lead.name,
        company=handoff.lead.company.name,
        submitter=str(handoff.submitted_by),
        receiver=receiver,
        dated_at=source.dated_at.astimezone(zone),
        outcome=outcome,
        why=why,
    )


def _describe_leg(leg: Any, outcome: Outcome, zone: ZoneInfo) -> Row:
    return _row(leg, leg.handoff, str(leg.receiver), outcome, _leg_words(leg, zone), zone)


def _leg_words(leg: Any, zone: ZoneInfo) -> str:
    at = _moment(leg.dated_at, zone)
    if leg.outcome == "undecided":
        return f"{leg.get_ended_as_display()} {at}, before a decision."
    if leg.outcome == "one_person":
        return f"Decided {at}, by the person who submitted it."
    if leg.outcome == "accepted" and leg.accepted_at != leg.decided_at:
        overturned = _moment(leg.accepted_at, zone)
        return f"Rejected {at}; overturned {overturned}, which accepted it."
    if leg.outcome == "accepted":
        return f"Accepted {at}."
    return f"Rejected {at}: {leg.get_reason_display()}."


def _describe_clock(clock: Any, outcome: Outcome, zone: ZoneInfo) -> Row:
    link = clock.handoff_clock
    receiver = str(link.leg.receiver) if link.leg else ""
    return _row(clock, link.handoff, receiver, outcome, _clock_words(clock, zone), zone)


def _clock_words(clock: Clock, zone: ZoneInfo) -> str:
    due = _moment(clock.due_at, zone)
    stop = stopped_at(clock)
    if stop is None:
        ending = "no decision yet"
    else:
        verb = "decided" if clock.state == ClockState.MET else "stopped without a decision"
        ending = f"{verb} {_moment(stop, zone)}"
        if stop > clock.due_at:
            pace = pace_of(clock.target, clock.calendar_version)
            ending += f", {duration_words(lateness(pace, clock, stop))} late"
    start = "Nobody of the pool was at work when it started. " if clock.is_unstaffed else ""
    return f"{start}Due {due}; {ending}."


def _describe_handoff(handoff: Any, outcome: Outcome, zone: ZoneInfo) -> Row:
    receiver = handoff.receiver_name or handoff.receiver_email or ""
    words = _handoff_words(handoff, zone)
    return _row(handoff, handoff, receiver, outcome, words, zone)


def _handoff_words(handoff: Handoff, zone: ZoneInfo) -> str:
    if handoff.accept_seconds is not None:
        accepted = handoff.first_accepted_at
        if accepted is None or handoff.submitted_at is None:
            return f"Accepted after {duration_words(handoff.accept_seconds)} of working time."
        wall = duration_words((accepted - handoff.submitted_at).total_seconds())
        return (
            f"Accepted {_moment(accepted, zone)}, after "
            f"{duration_words(handoff.accept_seconds)} of working time ({wall} by the wall clock)."
        )
    if handoff.status == Status.HOLDING:
        return "Nobody was eligible yet."
    if handoff.status == Status.PENDING:
        return "The receiver has not decided yet."
    reason = RejectReason(handoff.reason).label if handoff.reason else ""
    rejected = f"Sent back: {reason}. " if reason else ""
    if handoff.closed_at is None:
        return rejected.strip()
    closed = _moment(handoff.closed_at, zone)
    return f"{rejected}{handoff.get_closed_as_display()} {closed}."


def _join_legs(legs: QuerySet[Any]) -> QuerySet[Any]:
    return legs.select_related("receiver", "handoff__lead__company", "handoff__submitted_by")


def _join_clocks(clocks: QuerySet[Any]) -> QuerySet[Any]:
    link = "handoff_clock__handoff"
    return clocks.select_related(
        f"{link}__lead__company",
        f"{link}__submitted_by",
        "handoff_clock__leg__receiver",
        "target",
        "calendar_version",
    )


def _join_handoffs(handoffs: QuerySet[Any]) -> QuerySet[Any]:
    last = Leg.objects.filter(handoff=OuterRef("pk")).order_by("-pk")
    named: QuerySet[Any] = handoffs.select_related("lead__company", "submitted_by").annotate(
        receiver_name=Subquery(last.values("receiver__name")[:1]),
        receiver_email=Subquery(last.values("receiver__email")[:1]),
    )
    return named


_JOIN: dict[str, Callable[[QuerySet[Any]], QuerySet[Any]]] = {
    ACCEPTANCE.key: _join_legs,
    ATTAINMENT.key: _join_clocks,
    TIME_TO_ACCEPT.key: _join_handoffs,
}
_DESCRIBE: dict[str, Callable[[Any, Outcome, ZoneInfo], Row]] = {
    ACCEPTANCE.key: _describe_leg,
    ATTAINMENT.key: _describe_clock,
    TIME_TO_ACCEPT.key: _describe_handoff,
}
