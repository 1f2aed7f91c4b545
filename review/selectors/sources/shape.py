"""What a source is made of, and what several of them share."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import (
    Case,
    CharField,
    DateTimeField,
    Exists,
    Func,
    IntegerField,
    OuterRef,
    QuerySet,
    Value,
    When,
)

from accounts.models import User
from handoff.models import Handoff, Leg

Source = Callable[[User, datetime, datetime, datetime], QuerySet[Any]]
"""(user, start, end, now) to the rows dated from start up to, not at, end."""

Outcomes = Mapping[str, Callable[[], Any]]
"""By the key of a metric, what makes the expression that gives the outcome of a row; null: none of
its. Only those that are asked for are made.
"""


@dataclass(frozen=True, slots=True)
class Family:
    """Metrics that are counted of the same rows, all in one query.

    `rows` is as a source, without an outcome; `outcomes` takes the time. `partial` names the
    metrics that have none for some of the rows.
    """

    rows: Source
    outcomes: Callable[[datetime], Outcomes]
    partial: frozenset[str] = frozenset()

    def source(self, key: str) -> Source:
        """The rows of one metric, each with its outcome."""

        def found(user: User, start: datetime, end: datetime, now: datetime) -> QuerySet[Any]:
            rows: QuerySet[Any] = self.rows(user, start, end, now).annotate(
                outcome=self.outcomes(now)[key]()
            )
            # Only where it may be: it would be worked out once more for every row.
            return rows.filter(outcome__isnull=False) if key in self.partial else rows

        return found


class Elapsed(Func):
    """From one instant to another by the wall clock, in whole seconds: each is cut to its second,
    so that both databases and whoever counts again find the same.
    """

    output_field = IntegerField()
    arity = 2

    def as_sql(  # type: ignore[override]  # values of any kind, as Django's own have
        self, compiler: Any, connection: Any, **_: Any
    ) -> tuple[str, list[Any]]:
        (start, first), (end, last) = (compiler.compile(each) for each in self.source_expressions)
        if connection.vendor == "sqlite":
            # Its own functions: Django's would call back into Python for each row.
            sql = (
                f"CAST(ROUND((julianday(substr({end}, 1, 19))"
                f" - julianday(substr({start}, 1, 19))) * 86400) AS INTEGER)"
            )
        else:
            sql = f"(floor(extract(epoch from {end})) - floor(extract(epoch from {start})))::bigint"
        return sql, [*last, *first]


def instant(at: datetime) -> Value:
    return Value(at, output_field=DateTimeField())


def outcome_of(*cases: tuple[Any, str | None], otherwise: str | None) -> Case:
    """The outcome of the first case that holds; None: the row is none of the metric's."""
    whens = [When(condition, then=Value(key)) for condition, key in cases]
    return Case(*whens, default=Value(otherwise), output_field=CharField(null=True))


def on_both_sides() -> list[int]:
    """Who has ever submitted and received: few, so that only their legs need their handoff."""
    submitted = Handoff.objects.filter(submitted_by=OuterRef("pk"))
    received = Leg.objects.filter(receiver=OuterRef("pk"))
    both = User.objects.filter(Exists(submitted), Exists(received))
    return list(both.order_by().values_list("pk", flat=True))
