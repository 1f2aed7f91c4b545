"""The values that a fact may have where conditions hold, as sets that can be cut and compared.

A domain is all that a test leaves of one fact. Numbers are whole numbers, as sizes and scores are;
texts are folded. None stands for a fact that is not known, and so does the empty text. The work of
cutting two grows as the sum of their weights.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil, floor, inf
from typing import Any

from core.conditions import is_number

Span = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Texts:
    """These texts, or all but these where it is `open`. None is a member like any text."""

    values: frozenset[Any]
    is_open: bool

    def __and__(self, other: Texts) -> Texts:
        if self.is_open and other.is_open:
            return Texts(self.values | other.values, is_open=True)
        if self.is_open:
            return Texts(other.values - self.values, is_open=False)
        if other.is_open:
            return Texts(self.values - other.values, is_open=False)
        return Texts(self.values & other.values, is_open=False)

    def __invert__(self) -> Texts:
        return Texts(self.values, is_open=not self.is_open)

    @property
    def is_empty(self) -> bool:
        return not self.is_open and not self.values

    @property
    def weight(self) -> int:
        # Sets are cut in C.
        return len(self.values) // 4


@dataclass(frozen=True, slots=True)
class Numbers:
    """The whole numbers in these spans, ends included, in order and apart; perhaps None too."""

    spans: tuple[Span, ...]
    has_none: bool

    def __and__(self, other: Numbers) -> Numbers:
        kept, mine, theirs = [], 0, 0
        while mine < len(self.spans) and theirs < len(other.spans):
            (low, high), (start, end) = self.spans[mine], other.spans[theirs]
            span = (max(low, start), min(high, end))
            if span[0] <= span[1]:
                kept.append(span)
            # What ends first meets nothing any more.
            if high < end:
                mine += 1
            else:
                theirs += 1
        return Numbers(tuple(kept), self.has_none and other.has_none)

    def __invert__(self) -> Numbers:
        gaps, low = [], -inf
        for start, end in self.spans:
            if low < start:
                gaps.append((low, start - 1))
            low = end + 1
        if low < inf:
            gaps.append((low, inf))
        return Numbers(tuple(gaps), not self.has_none)

    @property
    def is_empty(self) -> bool:
        return not self.spans and not self.has_none

    @property
    def weight(self) -> int:
        return len(self.spans)


Domain = Texts | Numbers
ANY_TEXT = Texts(frozenset(), is_open=True)
TOLD = Texts(frozenset({None, ""}), is_open=True)


def texts_of(op: str, value: Any) -> Texts:
    """What a test leaves of a text; `value` is folded, that of a list is a set."""
    if op == "known":
        return TOLD
    if op == "unknown":
        return ~TOLD
    if op in ("in", "not_in"):
        some = Texts(frozenset(value) - {None}, is_open=False)
        return some if op == "in" else ~some
    one = Texts(frozenset({value}), is_open=False)
    return one if op == "eq" else ~one


def numbers_of(op: str, value: Any) -> Numbers:
    """What a test leaves of a number."""
    if op in ("known", "unknown"):
        told = Numbers(((-inf, inf),), has_none=False)
        return told if op == "known" else ~told
    if op in ("eq", "ne", "in", "not_in"):
        some = _points(value if op in ("in", "not_in") else [value])
        return some if op in ("eq", "in") else ~some
    span = {
        "gte": (ceil(value), inf),
        "gt": (floor(value) + 1, inf),
        "lte": (-inf, floor(value)),
        "lt": (-inf, ceil(value) - 1),
    }[op]
    return Numbers((span,), has_none=False)


def _points(values: Iterable[Any]) -> Numbers:
    """These numbers, of which only the whole ones can be."""
    whole = sorted({int(value) for value in values if is_number(value) and value == int(value)})
    return Numbers(tuple((float(one), float(one)) for one in whole), has_none=False)
