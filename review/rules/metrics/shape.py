"""What a metric is made of: its words, its outcomes and when it is well or badly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from review.rules.figures import NUMBERS

HOUR, DAY = 3600, 86_400


class Unit(StrEnum):
    PERCENT = "percent"
    """A rate: hits of n cases."""
    SECONDS = "seconds"
    """Lengths of time: median and 90th percentile."""
    DAYS = "days"
    """The same, shown in days of 24 hours."""
    COUNT = "count"
    """How many there were; those that count against it are what is judged."""
    MEAN = "mean"
    """Percentages of each case: their mean."""


class Tone(StrEnum):
    GOOD = "good"
    WARN = "warn"
    BAD = "bad"
    NONE = ""


class Counts(StrEnum):
    """What a row does to its metric."""

    HIT = "hit"
    """In the numerator and in n; for lengths of time: measured."""
    AGAINST = "against"
    """In n only."""
    APART = "apart"
    """Left out, and shown as a count of its own."""


HIT, AGAINST, APART = Counts.HIT, Counts.AGAINST, Counts.APART


class Dated(StrEnum):
    """Which instant puts a row into a week."""

    SUBMISSION = "submission"
    DUE = "due"
    EVENT = "event"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one row: `label` on the row, `one` and `many` where such rows are counted."""

    key: str
    counts: Counts
    label: str
    one: str
    many: str

    def words(self, count: int) -> str:
        return f"{count} {self.one if count == 1 else self.many}"


def same(key: str, counts: Counts, label: str, words: str = "") -> Outcome:
    """An outcome whose words are the same for one and for many; the label where none are given."""
    words = words or f"{label[0].lower()}{label[1:]}"
    return Outcome(key, counts, label, words, words)


@dataclass(frozen=True, slots=True)
class Level:
    """The verdict on a number beyond `limit`, in percent, seconds or cases: over it, or under."""

    limit: int
    tone: Tone
    words: str
    is_over: bool = True

    def is_passed(self, number: Fraction | float) -> bool:
        """A number at the limit has not passed it."""
        return number > self.limit if self.is_over else number < self.limit


@dataclass(frozen=True, slots=True)
class Verdict:
    tone: Tone
    words: str


SILENT = Verdict(Tone.NONE, "")


@dataclass(frozen=True, slots=True)
class Metric:
    """One number of the review.

    The first of the `levels` that is passed is the verdict; `otherwise` holds when none is.
    `target` is in the unit of the limits; None where there is none. `measured` says what a case
    that counts has, as in "5 accepted".
    """

    key: str
    label: str
    unit: Unit
    cases: str
    formula: str
    dated: Dated
    dated_by: str
    left_out: str
    outcomes: Mapping[str, Outcome]
    target: int | None = None
    target_words: str = ""
    levels: tuple[Level, ...] = ()
    otherwise: Verdict = SILENT
    measured: str = "measured"

    @property
    def marks(self) -> tuple[int, ...]:
        """The limits that a shown figure must not seem to have reached or left."""
        return tuple(level.limit for level in self.levels)

    def judge(self, number: Fraction | float) -> Verdict:
        """The verdict on a share of one, on seconds, or on how many count against it."""
        is_share = self.unit in (Unit.PERCENT, Unit.MEAN)
        reached = number * NUMBERS if is_share else number
        for level in self.levels:
            if level.is_passed(reached):
                return Verdict(level.tone, level.words)
        return self.otherwise

    def keys(self, counts: Counts) -> list[str]:
        """The outcomes that count so."""
        return [key for key, outcome in self.outcomes.items() if outcome.counts is counts]


def outcomes(*found: Outcome) -> dict[str, Outcome]:
    return {outcome.key: outcome for outcome in found}


BY_SUBMISSION = "The week of submission."
BY_DECISION = "The week in which the receiver decided; for what ended undecided, when it ended."
BY_DUE = "The week in which the clock fell due; a miss is final from then on."

DUPLICATE = same("duplicate", APART, "Merged", "merged with another handoff")
WITHDRAWN = same("withdrawn", APART, "Withdrawn", "withdrawn before anybody took it")
ONE_PERSON = same(
    "one_person",
    APART,
    "Handed to oneself",
    "had one person as submitter and receiver",
)
NOT_COUNTED = "Handoffs merged with another, and handoffs withdrawn before anybody took them."
