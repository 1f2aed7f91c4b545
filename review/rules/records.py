"""The review as a record: when it closes, its numbers as they are frozen, and what has moved."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any

from review.rules.figures import FEWEST, NUMBERS
from review.rules.weeks import Week
from worktime.rules import duration_words

TUESDAY = timedelta(days=8)
"""From a week's Monday to the Tuesday after it."""


def closing_time(week: Week, zone: tzinfo, opened_at: datetime) -> datetime:
    """When a review of the week closes by itself, in UTC.

    That is the Tuesday 00:00 after the week. A review that is begun later has the rest of its day
    and the day after.
    """
    tuesday = _day_start(week.monday + TUESDAY, zone)
    if opened_at < tuesday:
        return tuesday
    return _day_start(opened_at.astimezone(zone).date() + timedelta(days=2), zone)


def _day_start(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Number:
    """One number of a week with what it is made of.

    Of a rate ``numerator`` and ``denominator`` are there, of a mean the sum as ``numerator``, of
    lengths of time ``median`` and ``p90`` in seconds; ``n`` is how many count, ``outcomes`` what
    became of all rows.
    """

    key: str
    label: str
    unit: str
    dated_by: str
    target: str
    value: str
    of: str
    detail: str
    verdict: str
    tone: str
    n: int
    numerator: int | None = None
    denominator: int | None = None
    median: float | None = None
    p90: float | None = None
    outcomes: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def read(cls, stored: Mapping[str, Any]) -> Number:
        """A number as it was frozen, perhaps by another version of the product."""
        known = {name: stored[name] for name in cls.__dataclass_fields__ if name in stored}
        return cls(**{**_NOTHING, **known})

    def stored(self) -> dict[str, Any]:
        return {**asdict(self), "outcomes": dict(self.outcomes)}

    @property
    def figures(self) -> tuple[float | None, ...]:
        """What makes the number another one when it changes."""
        return (self.n, self.numerator, self.denominator, self.median, self.p90)

    @property
    def share(self) -> float | None:
        """The rate in percent, where there are enough cases for one."""
        if self.numerator is None or not self.denominator or self.denominator < FEWEST:
            return None
        return NUMBERS * self.numerator / self.denominator


_TEXTS = ("key", "label", "unit", "dated_by", "target", "value", "of", "detail", "verdict", "tone")
_NOTHING: dict[str, Any] = {**dict.fromkeys(_TEXTS, ""), "n": 0}


@dataclass(frozen=True, slots=True)
class Compared:
    """A frozen number beside what counting it anew gives; ``difference`` is empty where equal."""

    frozen: Number
    now: Number | None
    difference: str

    @property
    def is_revised(self) -> bool:
        return bool(self.difference)


def compare(frozen: Iterable[Number], counted: Iterable[Number]) -> tuple[Compared, ...]:
    """Each frozen number with its recount. Numbers that came later are not part of the record."""
    anew = {number.key: number for number in counted}
    return tuple(_compare(number, anew.get(number.key)) for number in frozen)


def _compare(frozen: Number, now: Number | None) -> Compared:
    if now is None or now.figures == frozen.figures:
        return Compared(frozen, now, "")
    return Compared(frozen, now, _difference(frozen, now))


def _difference(frozen: Number, now: Number) -> str:
    parts = []
    if frozen.share is not None and now.share is not None:
        parts.append(_moved(now.share - frozen.share, _points, "higher", "lower"))
    if frozen.median is not None and now.median is not None:
        parts.append(_moved(now.median - frozen.median, duration_words, "longer", "shorter"))
    if frozen.denominator is not None and now.denominator is not None:
        counts = f"{frozen.numerator} of {frozen.denominator}"
        parts.append(f"{counts} became {now.numerator} of {now.denominator}")
    elif now.n != frozen.n:
        parts.append(_moved(now.n - frozen.n, _cases, "more", "fewer"))
    elif frozen.numerator != now.numerator:
        parts.append(f"{frozen.value} became {now.value}")
    return ", ".join(filter(None, parts)) or "the slowest tenth moved"


def _moved(by: float, words: Any, up: str, down: str) -> str:
    if not by:
        return ""
    return f"{words(abs(by))} {up if by > 0 else down}"


def _points(by: float) -> str:
    shown = f"{by:.1f}".removesuffix(".0")
    return f"{shown} point{'' if shown == '1' else 's'}" if shown != "0" else "under 0.1 points"


def _cases(by: float) -> str:
    return f"{by:.0f}"
