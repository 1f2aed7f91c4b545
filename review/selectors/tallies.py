"""Counting and ranking in the database: one query for all weeks of a trend."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, F, Func, IntegerField, Q, QuerySet, Value, Window
from django.db.models.functions import RowNumber

from review.rules.figures import NOTHING, Spread, median_ranks, p90_rank
from review.rules.weeks import Week, WeekRow

Tally = Counter[str]


def tally(rows: QuerySet[Any], row: WeekRow) -> dict[Week, Tally]:
    """How many rows of each outcome each week has; the rows lie inside the weeks."""
    found: dict[Week, Tally] = {week: Counter() for week in row.weeks}
    counted = (
        rows.order_by()
        .annotate(bucket=_bucket(row))
        .values("bucket", "outcome")
        .annotate(rows=Count("*"))
    )
    for line in counted:
        found[row.weeks[line["bucket"]]][line["outcome"]] += line["rows"]
    return found


def tallies(
    rows: QuerySet[Any], outcomes: Mapping[str, Callable[[], Any]], row: WeekRow
) -> dict[str, dict[Week, Tally]]:
    """The same of several metrics of the same rows, by key, in one query.

    Rows are counted by all their outcomes together, and added up for each metric. Metrics with
    the very same outcomes share a column.
    """
    columns: dict[Callable[[], Any], str] = {}
    shared: dict[str, str] = {}
    for key, made in outcomes.items():
        shared[key] = columns.setdefault(made, f"outcome_{len(columns)}")
    named = {column: made() for made, column in columns.items()}
    found: dict[str, dict[Week, Tally]] = {
        key: {week: Counter() for week in row.weeks} for key in outcomes
    }
    counted = (
        rows.order_by()
        .annotate(bucket=_bucket(row), **named)
        .values("bucket", *named)
        .annotate(rows=Count("*"))
    )
    for line in counted:
        for key, column in shared.items():
            if line[column] is not None:
                found[key][row.weeks[line["bucket"]]][line[column]] += line["rows"]
    return found


def tally_by(rows: QuerySet[Any], column: str) -> dict[Any, Tally]:
    """How many rows of each outcome each value of a column has; rows without one are left out."""
    found: dict[Any, Tally] = {}
    counted = rows.order_by().values(column, "outcome").annotate(rows=Count("*"))
    for line in counted.exclude(**{column: None}):
        found.setdefault(line[column], Counter())[line["outcome"]] += line["rows"]
    return found


def spreads(rows: QuerySet[Any], value: Any, row: WeekRow) -> dict[Week, Spread]:
    """Median and 90th percentile of `value`, seconds or a duration, of each week's rows.

    Only the rows at the three ranks leave the database. Products instead of quotients keep the
    ranks whole: twice the rank of a middle value is n to n + 2, and ten times that of the
    nearest-rank percentile 9 n to 9 n + 9.
    """
    ranked = (
        rows.order_by()
        .annotate(bucket=_bucket(row), length=value)
        .annotate(
            rank=Window(RowNumber(), partition_by="bucket", order_by="length"),
            of=Window(Count("*"), partition_by="bucket"),
        )
        .annotate(twice=F("rank") * 2 - F("of"), tenfold=F("rank") * 10 - F("of") * 9)
        .filter(Q(twice__gte=0, twice__lte=2) | Q(tenfold__gte=0, tenfold__lte=9))
    )
    picked: dict[Week, dict[int, float]] = defaultdict(dict)
    sizes: dict[Week, int] = {}
    for bucket, rank, size, length in ranked.values_list("bucket", "rank", "of", "length"):
        week = row.weeks[bucket]
        picked[week][rank] = _seconds(length)
        sizes[week] = size
    return {week: _spread(sizes.get(week, 0), picked[week]) for week in row.weeks}


def _spread(n: int, at: dict[int, float]) -> Spread:
    if not n:
        return NOTHING
    low, high = median_ranks(n)
    return Spread(n, (at[low] + at[high]) / 2, at[p90_rank(n)])


class _Place(Func):
    """Before which of the instants, in their order, a row's own lies first, counted from 0.

    One expression instead of a case with a part for each: Django copies and resolves every part
    wherever the value is used, which cost more than the query.
    """

    output_field = IntegerField()

    def __init__(self, at: Any, ends: tuple[datetime, ...]) -> None:
        super().__init__(at)
        self.ends = ends

    def as_sql(  # type: ignore[override]  # values of any kind, as Django's own have
        self, compiler: Any, connection: Any, **_: Any
    ) -> tuple[str, list[Any]]:
        at, values = compiler.compile(self.source_expressions[0])
        whens = " ".join(f"WHEN {at} < %s THEN {place}" for place in range(len(self.ends)))
        stored = [connection.ops.adapt_datetimefield_value(end) for end in self.ends]
        return f"CASE {whens} END", [value for end in stored for value in (*values, end)]


def _bucket(row: WeekRow) -> _Place | Value:
    """The place of a row's week, by the instants between the weeks."""
    if len(row.weeks) == 1:
        return Value(0, output_field=IntegerField())
    return _Place(F("dated_at"), tuple(row.bounds[1:]))


def _seconds(length: float | timedelta) -> float:
    return length.total_seconds() if isinstance(length, timedelta) else length
