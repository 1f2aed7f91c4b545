"""The decisions of a week by who handed off, who decided, and why: in one query for all tables."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count

from accounts.models import User
from review.rules.metrics import ACCEPTANCE, REJECTIONS
from review.rules.weeks import WeekRow
from review.selectors.sources.legs import DECISIONS
from review.selectors.tallies import Tally


@dataclass(frozen=True, slots=True)
class Decisions:
    """`rows` legs of one submitter and one receiver that came to the same.

    `outcome` is that of the acceptance rate, `rejection` that of the rejection rate.
    """

    submitter: int
    receiver: int
    outcome: str
    rejection: str
    reason: str
    is_upheld: bool
    rows: int


def week_decisions(user: User, row: WeekRow, *, now: datetime) -> list[Decisions]:
    """All legs that the acceptance rate of the week counts or names."""
    chosen = DECISIONS.outcomes(now)
    columns = (
        "handoff__submitted_by",
        "receiver",
        "outcome",
        "rejection",
        "reason",
        "contest__is_upheld",
    )
    counted = (
        DECISIONS.rows(user, row.start, row.end, now)
        .order_by()
        .annotate(outcome=chosen[ACCEPTANCE.key](), rejection=chosen[REJECTIONS.key]())
        .values_list(*columns)
        .annotate(rows=Count("*"))
    )
    return [
        Decisions(submitter, receiver, outcome, rejection, reason, bool(is_upheld), rows)
        for submitter, receiver, outcome, rejection, reason, is_upheld, rows in counted
    ]


def tally_of(found: Iterable[Decisions], person: Callable[[Decisions], int]) -> dict[int, Tally]:
    """The outcomes of the acceptance rate by one of the two people."""
    tallies: dict[int, Tally] = {}
    for one in found:
        tallies.setdefault(person(one), Counter())[one.outcome] += one.rows
    return tallies
