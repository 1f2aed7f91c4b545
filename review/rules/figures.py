"""The numbers of a metric: rates with their interval, medians and slowest tenths."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from core.figures import (
    FEWEST,
    NUMBERS,
    Z_95,
    Interval,
    Rate,
    interval_words,
    percent_words,
    wilson,
)

__all__ = [
    "FEWEST",
    "NOTHING",
    "NUMBERS",
    "Z_95",
    "Interval",
    "Mean",
    "Rate",
    "Spread",
    "interval_words",
    "median_ranks",
    "p90_rank",
    "percent_words",
    "spread",
    "spread_of_sorted",
    "wilson",
]


@dataclass(frozen=True, slots=True)
class Spread:
    """Median and 90th percentile of `n` lengths, in seconds; None without a case."""

    n: int
    median: float | None
    p90: float | None

    @property
    def is_few(self) -> bool:
        return self.n < FEWEST


NOTHING = Spread(0, None, None)


@dataclass(frozen=True, slots=True)
class Mean:
    """The mean of `n` whole percentages that add up to `total`."""

    total: int
    n: int

    @property
    def is_few(self) -> bool:
        return self.n < FEWEST

    @property
    def share(self) -> Fraction | None:
        """Exact, as a share of one; None without a case."""
        return Fraction(self.total, self.n * NUMBERS) if self.n else None


def median_ranks(n: int) -> tuple[int, int]:
    """The ranks, from 1, of the one or two middle values of `n` sorted ones."""
    return (n + 1) // 2, n // 2 + 1


def p90_rank(n: int) -> int:
    """The rank, from 1, of the smallest value that at least 90 % of `n` sorted ones do not pass."""
    return -(-9 * n // 10)


def spread(values: Iterable[float]) -> Spread:
    """The median is the middle value, or the mean of the two middle ones; the 90th percentile is
    the nearest-rank one, so it is always a length that occurred.
    """
    return spread_of_sorted(sorted(values))


def spread_of_sorted(values: Sequence[float]) -> Spread:
    n = len(values)
    if not n:
        return NOTHING
    low, high = median_ranks(n)
    return Spread(n, (values[low - 1] + values[high - 1]) / 2, values[p90_rank(n) - 1])
