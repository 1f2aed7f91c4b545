"""A metric's week in words: the number, its count, its verdict and its last weeks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from review.rules.figures import (
    NUMBERS,
    Rate,
    Spread,
    interval_words,
    percent_words,
)
from review.rules.metrics import Counts, Metric, Tone, Verdict
from review.rules.weeks import Week
from worktime.rules import duration_words

HOUR = 3600
# The axis of a rate begins at a round number below all intervals, and below every target.
_AXIS_STEP, _HIGHEST_START = 20, 60
TOO_FEW = Verdict(Tone.NONE, "Too few for a rate")


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


def rate_of(metric: Metric, tally: Mapping[str, int]) -> Rate:
    """Hits of hits and misses; what is counted apart is in neither."""
    hits = sum(tally.get(key, 0) for key in metric.keys(Counts.HIT))
    return Rate(hits, hits + sum(tally.get(key, 0) for key in metric.keys(Counts.AGAINST)))


def counted_words(metric: Metric, tally: Mapping[str, int], counts: Counts) -> str:
    """As in "13 rejected, 3 conflicts declared"; empty where there is nothing of the kind."""
    return ", ".join(
        metric.outcomes[key].words(tally[key]) for key in metric.keys(counts) if tally.get(key)
    )


def show_rate(metric: Metric, rate: Rate) -> Shown:
    of = f"{rate.hits} of {rate.n} {metric.cases}"
    if rate.share is None or rate.interval is None:
        return Shown("none", f"no {metric.cases}", "", Verdict(Tone.NONE, ""), "none")
    if rate.is_few:
        return Shown(f"{rate.hits} of {rate.n}", metric.cases, "", TOO_FEW, f"{of}, too few")
    value = f"{percent_words(rate.share, metric.marks)} %"
    verdict = metric.judge(rate.share)
    return Shown(value, of, interval_words(rate.interval), verdict, f"{value}, {of}")


def show_spread(metric: Metric, spread: Spread) -> Shown:
    if spread.median is None or spread.p90 is None:
        return Shown("none", "none accepted", "", Verdict(Tone.NONE, ""), "none")
    if spread.is_few:
        accepted = f"{spread.n} accepted"
        few = Verdict(Tone.NONE, "Too few for a median")
        return Shown(str(spread.n), "accepted", "", few, f"{accepted}, too few")
    value = duration_words(spread.median)
    of = f"median of {spread.n} {metric.cases}"
    slowest = f"slowest tenth over {duration_words(spread.p90)}"
    return Shown(value, of, slowest, metric.judge(spread.median), f"{value}, {of}, {slowest}")


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
    """Percent and their intervals; a week with too few is a gap. None when all are gaps."""
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
    """Medians in hours; a week with too few is a gap. None when all are gaps."""
    values = [
        None if spread.is_few or spread.median is None else round(spread.median / HOUR, 2)
        for spread in found.values()
    ]
    if all(value is None for value in values):
        return None
    target = metric.target / HOUR
    return {**_chart(metric, found, " h"), "values": values, "target": target, "min": 0}


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
