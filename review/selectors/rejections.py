"""Rejections of a week: by reason, and by who handed off and who rejected."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from accounts.models import User
from handoff.choices import RejectReason
from review.rules.metrics import REJECTIONS, Counts
from review.selectors.decisions import Decisions

PAIRS_SHOWN = 25
SHOW = {RejectReason.DUPLICATE.value: "said_duplicate"}
"""Where the outcome of a reason has another key than the reason."""


@dataclass(frozen=True, slots=True)
class ReasonBar:
    """One reason: how many rejections stand, how many of them were upheld, and what fell."""

    key: str
    label: str
    count: int
    upheld: int
    overturned: int


@dataclass(frozen=True, slots=True)
class PairLine:
    """What one receiver rejected of one submitter's; `reasons` in words, most frequent first."""

    submitter: User
    receiver: User
    count: int
    reasons: str


@dataclass(frozen=True, slots=True)
class Rejections:
    """`bars` most frequent first; `pairs` are the first few, and `more` how many are not shown."""

    bars: tuple[ReasonBar, ...]
    pairs: tuple[PairLine, ...]
    more: int

    @property
    def most(self) -> int:
        """What the longest bar stands for, which is never nothing."""
        return max([bar.count for bar in self.bars], default=0) or 1


def rejections(found: Iterable[Decisions], people: Mapping[int, User]) -> Rejections:
    """All rejections among the decisions, those that were overturned apart."""
    hits = set(REJECTIONS.keys(Counts.HIT))
    standing: Counter[str] = Counter()
    upheld: Counter[str] = Counter()
    overturned: Counter[str] = Counter()
    pairs: dict[tuple[int, int], Counter[str]] = {}
    for one in found:
        if one.rejection == "overturned":
            overturned[one.reason] += one.rows
        elif one.rejection in hits:
            standing[one.reason] += one.rows
            upheld[one.reason] += one.rows if one.is_upheld else 0
            pairs.setdefault((one.submitter, one.receiver), Counter())[one.reason] += one.rows
    reasons = sorted({*standing, *overturned}, key=lambda key: (-standing[key], key))
    lines = sorted(pairs.items(), key=lambda pair: (-pair[1].total(), pair[0]))
    return Rejections(
        bars=tuple(
            ReasonBar(SHOW.get(key, key), _label(key), standing[key], upheld[key], overturned[key])
            for key in reasons
        ),
        pairs=tuple(
            PairLine(
                submitter=people[submitter],
                receiver=people[receiver],
                count=counts.total(),
                reasons=", ".join(f"{n} {_label(key)}" for key, n in counts.most_common()),
            )
            for (submitter, receiver), counts in lines[:PAIRS_SHOWN]
        ),
        more=len(lines[PAIRS_SHOWN:]),
    )


def _label(reason: str) -> str:
    return str(RejectReason(reason).label) if reason in RejectReason.values else "No reason"
