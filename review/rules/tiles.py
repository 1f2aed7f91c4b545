"""A metric's week in words: the number, its count, its verdict and its last weeks."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from review.rules.figures import (
    NOTHING,
    NUMBERS,
    Mean,
    Rate,
    Spread,
    interval_words,
    percent_words,
)
from review.rules.metrics import Counts, Metric, Tone, Unit, Verdict
from review.rules.weeks import Week
from worktime.rules import duration_words

HOUR, DAY = 3600, 86_400
# The axis of a rate begins at a round number below all intervals, and below every target.
_AXIS_STEP, _HIGHEST_START = 20, 60
# Fewer weeks are a table and no line.
_FEWEST_POINTS = 3
TOO_FEW = Verdict(Tone.NONE, "Too few for a rate")
SILENT = Verdict(Tone.NONE, "")


@dataclass(frozen=True, slots=True)
class Shown:
    """A figure as people read it; `value` is a count where there are too few for more."""

    value: str
    of: str
    detail: str
    verdict: Verdict
    words: str


@dataclass(frozen=True, slots=True)
class TrendPoint:
    week: Week
    words: str


@dataclass(frozen=True, slots=True)
class Tile:
    """One metric of one week, ready for the page. `chart` is what the line is drawn from."""

    metric: Metric
    shown: Shown
    notes: tuple[str, ...]
    trend: tuple[TrendPoint, ...]
    chart: Mapping[str, Any] | None

    @property
    def chart_id(self) -> str:
        return f"chart-{self.metric.key}"


@dataclass(frozen=True, slots=True)
class Line:
    """One metric of one week in a table; the notes stand below its label."""

    metric: Metric
    shown: Shown
    notes: tuple[str, ...] = ()


def rate_of(metric: Metric, tally: Mapping[str, int]) -> Rate:
    """Hits of hits and misses; what is counted apart is in neither."""
    hits = sum(tally.get(key, 0) for key in metric.keys(Counts.HIT))
    return Rate(hits, hits + sum(tally.get(key, 0) for key in metric.keys(Counts.AGAINST)))


def counted_words(metric: Metric, tally: Mapping[str, int], counts: Counts) -> str:
    """As in "13 rejected, 3 conflicts declared"; empty where there is nothing of the kind."""
    return ", ".join(
        metric.outcomes[key].words(tally[key]) for key in metric.keys(counts) if tally.get(key)
    )


def show(
    metric: Metric,
    tally: Mapping[str, int],
    *,
    spread: Spread = NOTHING,
    mean: Mean | None = None,
) -> Shown:
    """The metric's figure of one week, whatever its unit; lengths and a mean come beside."""
    if metric.unit is Unit.PERCENT:
        return show_rate(metric, rate_of(metric, tally))
    if metric.unit is Unit.COUNT:
        return show_count(metric, tally)
    if metric.unit is Unit.MEAN:
        return show_mean(metric, mean or Mean(0, 0))
    return show_spread(metric, spread)


def show_rate(metric: Metric, rate: Rate) -> Shown:
    of = f"{rate.hits} of {rate.n} {metric.cases}"
    if rate.share is None or rate.interval is None:
        return Shown("none", f"no {metric.cases}", "", SILENT, "none")
    if rate.is_few:
        return Shown(f"{rate.hits} of {rate.n}", metric.cases, "", TOO_FEW, f"{of}, too few")
    value = f"{percent_words(rate.share, metric.marks)} %"
    verdict = metric.judge(rate.share)
    return Shown(value, of, interval_words(rate.interval), verdict, f"{value}, {of}")


def show_spread(metric: Metric, spread: Spread) -> Shown:
    if spread.median is None or spread.p90 is None:
        return Shown("none", f"none {metric.measured}", "", SILENT, "none")
    if spread.is_few:
        measured = f"{spread.n} {metric.measured}"
        few = Verdict(Tone.NONE, "Too few for a median")
        return Shown(str(spread.n), metric.measured, "", few, f"{measured}, too few")
    value = length_words(metric, spread.median)
    of = f"median of {spread.n} {metric.cases}"
    slowest = f"slowest tenth over {length_words(metric, spread.p90)}"
    return Shown(value, of, slowest, metric.judge(spread.median), f"{value}, {of}, {slowest}")


def show_count(metric: Metric, tally: Mapping[str, int]) -> Shown:
    """How many there were and of which kinds; judged by those that count against it."""
    rate = rate_of(metric, tally)
    against = rate.n - rate.hits
    kinds = ", ".join(
        words
        for counts in (Counts.HIT, Counts.AGAINST)
        if (words := counted_words(metric, tally, counts))
    )
    verdict = metric.judge(against) if rate.n else SILENT
    return Shown(str(rate.n), metric.cases, kinds, verdict, f"{rate.n} {metric.cases}")


def show_mean(metric: Metric, mean: Mean) -> Shown:
    if mean.share is None:
        return Shown("none", f"no {metric.cases}", "", SILENT, "none")
    if mean.is_few:
        few = Verdict(Tone.NONE, "Too few for a mean")
        return Shown(str(mean.n), metric.cases, "", few, f"{mean.n} {metric.cases}, too few")
    value = f"{percent_words(mean.share, metric.marks)} %"
    of = f"mean of {mean.n} {metric.cases}"
    return Shown(value, of, "", metric.judge(mean.share), f"{value}, {of}")


def length_words(metric: Metric, seconds: float) -> str:
    """As in "2 h 10 min", or in days of 24 hours as in "9.5 days"."""
    if metric.unit is Unit.DAYS:
        tenths = math.floor(Fraction(seconds) * 10 / DAY + Fraction(1, 2))
        return f"{tenths // 10}.{tenths % 10} days"
    return duration_words(seconds)


def rate_tile(metric: Metric, rates: Mapping[Week, Rate], notes: Iterable[str], week: Week) -> Tile:
    """`rates` has the weeks of the trend in order, `week` among them."""
    points = tuple(TrendPoint(each, show_rate(metric, rate).words) for each, rate in rates.items())
    return Tile(
        metric, show_rate(metric, rates[week]), _kept(notes), points, rate_chart(metric, rates)
    )


def spread_tile(
    metric: Metric, found: Mapping[Week, Spread], notes: Iterable[str], week: Week
) -> Tile:
    """`found` has the weeks of the trend in order, `week` among them."""
    points = tuple(
        TrendPoint(each, show_spread(metric, spread).words) for each, spread in found.items()
    )
    return Tile(
        metric, show_spread(metric, found[week]), _kept(notes), points, spread_chart(metric, found)
    )


def rate_chart(metric: Metric, rates: Mapping[Week, Rate]) -> dict[str, Any] | None:
    """Percent and their intervals; too few are a gap. None for two weeks, or gaps only."""
    if len(rates) < _FEWEST_POINTS:
        return None
    known = [None if rate.is_few else rate for rate in rates.values()]
    spans = [None if rate is None else rate.interval for rate in known]
    if not any(known):
        return None
    lowest = min(span.low for span in spans if span)
    return {
        **_chart(metric, rates, "%"),
        "values": [None if rate is None else _percent(rate.hits / rate.n) for rate in known],
        "low": [None if span is None else _percent(span.low) for span in spans],
        "high": [None if span is None else _percent(span.high) for span in spans],
        "target": metric.target,
        "min": min(_AXIS_STEP * int(lowest * NUMBERS // _AXIS_STEP), _HIGHEST_START),
        "max": NUMBERS,
    }


def spread_chart(metric: Metric, found: Mapping[Week, Spread]) -> dict[str, Any] | None:
    """Medians in hours or days; too few are a gap. None for two weeks, or gaps only."""
    if len(found) < _FEWEST_POINTS:
        return None
    part, unit = (DAY, " d") if metric.unit is Unit.DAYS else (HOUR, " h")
    values = [
        None if spread.is_few or spread.median is None else round(spread.median / part, 2)
        for spread in found.values()
    ]
    if all(value is None for value in values):
        return None
    target = None if metric.target is None else metric.target / part
    return {**_chart(metric, found, unit), "values": values, "target": target, "min": 0}


def _chart(metric: Metric, weeks: Iterable[Week], unit: str) -> dict[str, Any]:
    return {
        "labels": [f"W{week.number}" for week in weeks],
        "target_label": f"target {metric.target_words}",
        "unit": unit,
    }


def _percent(share: float) -> float:
    return round(share * NUMBERS, 1)


def _kept(notes: Iterable[str]) -> tuple[str, ...]:
    return tuple(note for note in notes if note)


def sentence(start: str, words: str, end: str = ".") -> str:
    """The words as a sentence; empty where there are none."""
    return f"{start}{words}{end}" if words else ""
