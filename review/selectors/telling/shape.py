"""What a row of a metric says, whatever it is made of."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import OuterRef, QuerySet, Subquery

from handoff.models import Handoff, Leg
from review.rules.metrics import Outcome


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
class Telling:
    """How the rows of some metrics are told: what is read along, whose they are, and why.

    `handoff` and `receiver` are of one row; `why` says in a sentence how it came to its outcome.
    """

    join: Callable[[QuerySet[Any]], QuerySet[Any]]
    handoff: Callable[[Any], Handoff]
    receiver: Callable[[Any], str]
    why: Callable[[Any, ZoneInfo], str]

    def row(self, found: Any, outcome: Outcome, zone: ZoneInfo) -> Row:
        handoff = self.handoff(found)
        return Row(
            handoff_id=handoff.pk,
            lead=handoff.lead.name,
            company=handoff.lead.company.name,
            submitter=str(handoff.submitted_by),
            receiver=self.receiver(found),
            dated_at=found.dated_at.astimezone(zone),
            outcome=outcome,
            why=self.why(found, zone),
        )


def day_and_time(local: datetime) -> str:
    """Always with its date, for rows are read long after their week; the page names the year."""
    return f"{local:%a} {local.day} {local:%b}, {local:%H:%M}"


def moment(at: datetime, zone: ZoneInfo) -> str:
    return day_and_time(at.astimezone(zone))


def with_last_receiver(rows: QuerySet[Any], handoff: str = "pk") -> QuerySet[Any]:
    """With the name of who has or had the handoff last."""
    last = Leg.objects.filter(handoff=OuterRef(handoff)).order_by("-pk")
    named: QuerySet[Any] = rows.annotate(
        receiver_name=Subquery(last.values("receiver__name")[:1]),
        receiver_email=Subquery(last.values("receiver__email")[:1]),
    )
    return named


def last_receiver(found: Any) -> str:
    return found.receiver_name or found.receiver_email or ""
