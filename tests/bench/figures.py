"""What a benchmark measures, and how it is shown."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Context:
    """Where the benchmarks run: a migrated PostgreSQL database of their own."""

    environment: dict[str, str]
    say: Callable[[str], None]


@dataclass(frozen=True)
class Figure:
    """One measured number, nearly always a ratio of two things timed side by side.

    `must` and `reach` are the bars, None where the number is only told; `at_most` turns them
    round. `note` gives the absolute numbers, which belong to this machine.
    """

    name: str
    value: float
    must: float | None = None
    reach: float | None = None
    at_most: bool = False
    note: str = ""

    def meets(self, bar: float | None) -> bool:
        if bar is None:
            return True
        return self.value <= bar if self.at_most else self.value >= bar

    @property
    def verdict(self) -> str:
        if self.must is None:
            return ""
        if not self.meets(self.must):
            return "MISSED"
        return "reached" if self.meets(self.reach) else "ok"


def table(figures: Sequence[Figure]) -> str:
    rows = [("figure", "measured", "must", "reach", "", "in this run")]
    for figure in figures:
        sign = "<=" if figure.at_most else ">="
        rows.append(
            (
                figure.name,
                shown(figure.value),
                "" if figure.must is None else f"{sign} {shown(figure.must)}",
                "" if figure.reach is None else f"{sign} {shown(figure.reach)}",
                figure.verdict,
                figure.note,
            )
        )
    widths = [max(len(row[column]) for row in rows) for column in range(6)]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:]])


def shown(value: float) -> str:
    return f"{value:.4g}"


def seconds(function: Callable[[], object]) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def quietest(values: Iterable[float]) -> float:
    """The value that a tenth stays below: what it costs while the machine does nothing else."""
    return statistics.quantiles(values, n=10)[0]
