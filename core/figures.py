"""Rates with their interval, in the way all pages show them."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

FEWEST = 5
"""Below this many cases pages show counts and no rate, median or verdict."""

Z_95 = 1.959963984540054
"""The 97.5 % point of the standard normal distribution."""

NUMBERS = 100


@dataclass(frozen=True, slots=True)
class Interval:
    """From `low` to `high`, as shares of one."""

    low: float
    high: float


def wilson(hits: int, n: int) -> Interval:
    """The 95 % score interval of a share (E. B. Wilson, 1927), without continuity correction.

    Raises:
        ValueError: `n` is not positive, or `hits` not from 0 to `n`.
    """
    if n < 1 or not 0 <= hits <= n:
        raise ValueError(f"{hits} of {n} is not a share")
    square = Z_95 * Z_95
    centre = hits + square / 2
    half = Z_95 * math.sqrt(hits * (n - hits) / n + square / 4)
    # At the ends the formula gives the end itself, but for rounding.
    low = 0.0 if hits == 0 else (centre - half) / (n + square)
    high = 1.0 if hits == n else (centre + half) / (n + square)
    return Interval(low, high)


@dataclass(frozen=True, slots=True)
class Rate:
    """`hits` of `n` cases."""

    hits: int
    n: int

    @property
    def is_few(self) -> bool:
        return self.n < FEWEST

    @property
    def share(self) -> Fraction | None:
        """Exact; None without a case."""
        return Fraction(self.hits, self.n) if self.n else None

    @property
    def interval(self) -> Interval | None:
        return wilson(self.hits, self.n) if self.n else None


def gap(first: Rate, second: Rate) -> Interval | None:
    """The 95 % interval of how far the first rate lies above the second; None without cases.

    From the score interval of each (R. G. Newcombe, 1998, method 10), so that few cases on either
    side make it wide.
    """
    one, other = first.interval, second.interval
    if one is None or other is None or first.share is None or second.share is None:
        return None
    p, q = float(first.share), float(second.share)
    return Interval(
        p - q - math.hypot(p - one.low, other.high - q),
        p - q + math.hypot(one.high - p, q - other.low),
    )


def percent_words(share: Fraction, marks: Iterable[int] = ()) -> str:
    """Whole percent; one decimal where rounding would land on 0, 100 or one of the `marks`
    without the share being there, so that no figure seems to be on the other side of its target.
    """
    exact = share * NUMBERS
    whole = _half_up(exact)
    if whole == exact or whole not in {0, NUMBERS, *marks}:
        return str(whole)
    tenths = _half_up(exact * 10)
    if tenths == whole * 10:
        tenths += 1 if exact > whole else -1
    return f"{tenths // 10}.{tenths % 10}"


def interval_words(interval: Interval) -> str:
    low, high = (_half_up(Fraction(end) * NUMBERS) for end in (interval.low, interval.high))
    return f"95 % interval {low} to {high} %"


def _half_up(number: Fraction) -> int:
    return math.floor(number + Fraction(1, 2))
