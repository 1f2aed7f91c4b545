"""The rows behind a metric, each with how it was counted and why."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import F, QuerySet
from django.db.models.functions import Coalesce

from accounts.models import User
from review.rules.figures import FEWEST
from review.rules.metrics import (
    APART,
    FIRST_CONTACT,
    SECOND_MEETING,
    TIME_TO_ACCEPT,
    Counts,
    Metric,
)
from review.rules.survival import survival_median
from review.rules.tiles import counted_words, length_words, sentence
from review.selectors.frame import WeekFrame
from review.selectors.sources import SOURCES
from review.selectors.sources.handoffs import second_held
from review.selectors.sources.shape import Elapsed, instant
from review.selectors.tallies import Tally, tally
from review.selectors.telling import TELLINGS, Row

CHUNK = 500
# From so many outcomes on, each can be chosen by itself.
_MANY = 3
_DONE_AT: Mapping[str, Callable[[], Any]] = {
    TIME_TO_ACCEPT.key: lambda: F("first_accepted_at"),
    FIRST_CONTACT.key: lambda: F("first_contact_at"),
    SECOND_MEETING.key: second_held,
}


@dataclass(frozen=True, slots=True)
class Choice:
    """Some of the rows: all, or those that count in one way; `key` stands in the address."""

    key: str
    label: str
    total: int


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of one metric in one week that a person may read, those of `shown` chosen."""

    metric: Metric
    frame: WeekFrame
    tally: Tally
    found: QuerySet[Any]

    def total(self, counts: Counts | None = None) -> int:
        keys = self.tally if counts is None else self.metric.keys(counts)
        return sum(self.tally[key] for key in keys)

    @property
    def choices(self) -> list[Choice]:
        """What the rows can be narrowed to, each with its count."""
        found, single = [Choice("", "All", self.total())], []
        for counts in Counts:
            keys = self.metric.keys(counts)
            if keys:
                found.append(Choice(counts.value, self._label(counts, keys), self.total(counts)))
            if len(keys) >= _MANY and counts is not APART:
                single += [key for key in keys if self.tally[key]]
        return found + [
            Choice(key, self.metric.outcomes[key].label, self.tally[key]) for key in single
        ]

    def _label(self, counts: Counts, keys: Sequence[str]) -> str:
        if counts is APART:
            return "Left out"
        return "Counted" if len(keys) >= _MANY else self.metric.outcomes[keys[0]].label

    @property
    def summary(self) -> str:
        """How many count, as what, and what is left out."""
        n = self.total(Counts.HIT) + self.total(Counts.AGAINST)
        parts = [counted_words(self.metric, self.tally, counts) for counts in Counts]
        counted = ", ".join(part for part in parts[:2] if part)
        first = sentence(f"n = {n}: ", counted) or f"n = {n}."
        return f"{first} {sentence('Left out: ', parts[2])}".strip()

    def described(self, chosen: Iterable[Any]) -> list[Row]:
        return [self._row(row) for row in chosen]

    def all(self) -> Iterator[Row]:
        """Every row, read in portions."""
        for row in self.found.iterator(chunk_size=CHUNK):
            yield self._row(row)

    def _row(self, row: Any) -> Row:
        outcome = self.metric.outcomes[row.outcome]
        return TELLINGS[self.metric.key].row(row, outcome, self.frame.zone)


def metric_rows(
    user: User, metric: Metric, frame: WeekFrame, *, show: str = "", now: datetime
) -> Rows:
    """The rows that the metric's number of that week counts, oldest first.

    `show` narrows them to those that count in one way, or to one outcome; empty: all.
    """
    row = frame.row
    found = SOURCES[metric.key](user, row.start, row.end, now)
    counted = tally(found, row)[frame.week]
    if show:
        keys = metric.keys(Counts(show)) if show in set(Counts) else [show]
        found = found.filter(outcome__in=keys)
    joined = TELLINGS[metric.key].join(found).order_by("dated_at", "pk")
    return Rows(metric, frame, counted, joined)


def may_show(metric: Metric, show: str) -> bool:
    """Whether the rows of the metric can be narrowed so."""
    return not show or show in set(Counts) or show in metric.outcomes


def survival_words(user: User, metric: Metric, frame: WeekFrame, *, now: datetime) -> str:
    """The Kaplan-Meier median of a length from submission on, by the wall clock; empty for other
    metrics, and for a week with too few.

    Who was sent back or closed is counted for as long as it was open.
    """
    if metric.key not in _DONE_AT:
        return ""
    row = frame.row
    rows = SOURCES[metric.key](user, row.start, row.end, now).exclude(outcome="duplicate")
    left_at = Coalesce("closed_at", instant(now))
    found = rows.order_by().annotate(
        after=Elapsed(F("submitted_at"), _DONE_AT[metric.key]()),
        seen=Elapsed(F("submitted_at"), left_at),
    )
    done: list[int] = []
    waiting: list[int] = []
    for outcome, after, seen in found.values_list("outcome", "after", "seen"):
        is_done = metric.outcomes[outcome].counts is Counts.HIT
        (done if is_done else waiting).append(after if is_done else seen)
    if len(done) + len(waiting) < FEWEST:
        return ""
    median = survival_median(done, waiting)
    words = "not reached" if median is None else length_words(metric, median)
    return (
        f"Kaplan-Meier median by the wall clock: {words}. Those that wait, or ended without, are "
        "counted for as long as they were open."
    )


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
