"""What each metric means. The page, the rows, the CSV and the docs all read it here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from review.rules.figures import NUMBERS


class Unit(StrEnum):
    PERCENT = "percent"
    """A rate: hits of n cases."""
    SECONDS = "seconds"
    """Lengths of time: median and 90th percentile."""


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


@dataclass(frozen=True, slots=True)
class Level:
    """The verdict on a number beyond `limit`, which is given in percent or in seconds."""

    limit: int
    tone: Tone
    words: str


@dataclass(frozen=True, slots=True)
class Verdict:
    tone: Tone
    words: str


@dataclass(frozen=True, slots=True)
class Metric:
    """One number of the review.

    `levels` go from the best passed limit to the least; `otherwise` holds when none is passed.
    Above is good where `is_more_better`, else below. `target` is in the unit of the limits.
    """

    key: str
    label: str
    unit: Unit
    cases: str
    formula: str
    dated_by: str
    left_out: str
    target: int
    target_words: str
    is_more_better: bool
    levels: tuple[Level, ...]
    otherwise: Verdict
    outcomes: Mapping[str, Outcome]

    @property
    def marks(self) -> tuple[int, ...]:
        """The limits that a shown figure must not seem to have reached or left."""
        return tuple(level.limit for level in self.levels)

    def judge(self, number: Fraction | float) -> Verdict:
        """The verdict on a share of one, or on seconds. A number at a limit has not passed it."""
        reached = number * NUMBERS if self.unit is Unit.PERCENT else number
        for level in self.levels:
            if reached > level.limit if self.is_more_better else reached < level.limit:
                return Verdict(level.tone, level.words)
        return self.otherwise

    def keys(self, counts: Counts) -> list[str]:
        """The outcomes that count so."""
        return [key for key, outcome in self.outcomes.items() if outcome.counts is counts]


def _outcomes(*outcomes: Outcome) -> dict[str, Outcome]:
    return {outcome.key: outcome for outcome in outcomes}


HIT, AGAINST, APART = Counts.HIT, Counts.AGAINST, Counts.APART

ACCEPTANCE = Metric(
    key="acceptance",
    label="Acceptance rate",
    unit=Unit.PERCENT,
    cases="decisions",
    formula=(
        "Legs accepted, divided by legs accepted or rejected. A declared conflict is a rejection "
        "with the reason conflict. A leg counts once, by its last state."
    ),
    dated_by="The week in which the receiver decided; for what ended undecided, when it ended.",
    left_out=(
        "Legs that ended without a decision, such as withdrawn ones, and legs whose submitter and "
        "receiver are one person. Legs that still wait for a decision come in when it is made."
    ),
    target=70,
    target_words="above 70 %",
    is_more_better=True,
    levels=(
        Level(90, Tone.WARN, "Above 90 %: check that the criteria are applied"),
        Level(80, Tone.GOOD, "Above the target of 70 %, and over 80 %"),
        Level(70, Tone.GOOD, "Above the target of 70 %"),
    ),
    otherwise=Verdict(Tone.BAD, "Not above the target of 70 %"),
    outcomes=_outcomes(
        Outcome("accepted", HIT, "Accepted", "accepted", "accepted"),
        Outcome("rejected", AGAINST, "Rejected", "rejected", "rejected"),
        Outcome("conflict", AGAINST, "Conflict", "conflict declared", "conflicts declared"),
        Outcome(
            "undecided",
            APART,
            "Not decided",
            "ended without a decision",
            "ended without a decision",
        ),
        Outcome(
            "one_person",
            APART,
            "Handed to oneself",
            "had one person as submitter and receiver",
            "had one person as submitter and receiver",
        ),
    ),
)

ATTAINMENT = Metric(
    key="attainment",
    label="Accept clock attainment",
    unit=Unit.PERCENT,
    cases="clocks due",
    formula=(
        "Accept clocks met, divided by accept clocks met or missed. Met: the receiver decided "
        "before or exactly at the due time. Missed: the due time passed first, whatever followed."
    ),
    dated_by="The week in which the clock fell due; a miss is final from then on.",
    left_out=(
        "Clocks stopped without a decision before or at their due time, clocks replaced by "
        "another, and clocks not yet due. Clocks that started while nobody was at work are "
        "unstaffed and counted apart."
    ),
    target=90,
    target_words="above 90 %",
    is_more_better=True,
    levels=(Level(90, Tone.GOOD, "Above the target of 90 %"),),
    otherwise=Verdict(Tone.BAD, "Not above the target of 90 %"),
    outcomes=_outcomes(
        Outcome("met", HIT, "Met", "met", "met"),
        Outcome("missed", AGAINST, "Missed", "missed", "missed"),
        Outcome("unstaffed", APART, "Unstaffed", "unstaffed", "unstaffed"),
        Outcome(
            "stopped",
            APART,
            "Stopped before due",
            "stopped before it was due",
            "stopped before they were due",
        ),
        Outcome("replaced", APART, "Replaced", "replaced by another", "replaced by others"),
        Outcome("open", APART, "Not yet due", "not yet due", "not yet due"),
    ),
)

TIME_TO_ACCEPT = Metric(
    key="time-to-accept",
    label="Time to first accept",
    unit=Unit.SECONDS,
    cases="handoffs",
    formula=(
        "From submission to the first acceptance, in working time of the receiver who accepted. "
        "The median is the middle value, or the mean of the two middle ones; the slowest tenth "
        "took longer than the 90th percentile (nearest rank)."
    ),
    dated_by="The week of submission, so a later acceptance still moves the number.",
    left_out=(
        "Handoffs that still wait, and handoffs that ended without an acceptance: each is counted "
        "apart, and none is taken for quick or slow. A handoff sent back and handed off again is "
        "a new one with its own time."
    ),
    target=4 * 3600,
    target_words="under 4 h",
    is_more_better=False,
    levels=(Level(4 * 3600, Tone.GOOD, "Under the target of 4 h"),),
    otherwise=Verdict(Tone.BAD, "Not under the target of 4 h"),
    outcomes=_outcomes(
        Outcome("accepted", HIT, "Accepted", "accepted", "accepted"),
        Outcome("waiting", APART, "Still waiting", "still waiting", "still waiting"),
        Outcome("rejected", APART, "Sent back", "sent back", "sent back"),
        Outcome(
            "superseded",
            APART,
            "Sent back, handed off again",
            "sent back and handed off again",
            "sent back and handed off again",
        ),
        Outcome(
            "conceded",
            APART,
            "Sent back, conceded",
            "sent back and conceded",
            "sent back and conceded",
        ),
        Outcome(
            "nurture",
            APART,
            "Sent back, to nurture",
            "sent back to nurture",
            "sent back to nurture",
        ),
        Outcome("withdrawn", APART, "Withdrawn", "withdrawn", "withdrawn"),
        Outcome("closed", APART, "Closed", "closed otherwise", "closed otherwise"),
    ),
)

METRICS: dict[str, Metric] = {
    metric.key: metric for metric in (ACCEPTANCE, ATTAINMENT, TIME_TO_ACCEPT)
}
