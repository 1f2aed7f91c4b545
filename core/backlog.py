"""How much waits and since when, at a bounded price."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Min, QuerySet

# Whoever sees more than this need not know how many more.
MOST_COUNTED = 1_000


@dataclass(frozen=True, slots=True)
class Backlog:
    """What waits: how many, at most one more than `MOST_COUNTED`, and since when the oldest."""

    count: int
    oldest: datetime | None

    @property
    def said(self) -> str:
        """The number as a page shows it."""
        return f"{self.count:,}" if self.count <= MOST_COUNTED else f"more than {MOST_COUNTED:,}"


def backlog(rows: QuerySet[Any], by: str) -> Backlog:
    """Count the rows, which an index must give in the order of the instant `by`; one query."""
    some = rows.order_by(by).values(by)[: MOST_COUNTED + 1]
    found = some.aggregate(count=Count(by), oldest=Min(by))
    return Backlog(found["count"], found["oldest"])
