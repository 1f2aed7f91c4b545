"""Where instants stand on the drawn time line of a handoff.

Open time takes its true length; each closed stretch is squeezed to a narrow band, or nights and
weekends would be all there is to see. Positions are percents of the width, 0 to 100.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

CLOSED_SHARE = 30.0
"""Percent of the width that all closed stretches together take at most."""
CLOSED_WIDTH = 6.0
"""Percent of the width that one closed stretch takes at most."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of aware instants, open or closed; ``note`` says why it is closed."""

    start: datetime
    end: datetime
    is_open: bool
    note: str = ""

    @property
    def seconds(self) -> float:
        return (self.end - self.start).total_seconds()


@dataclass(frozen=True, slots=True)
class Band:
    """A piece of a lane from ``x`` on, ``width`` percent wide; ``text`` is written into it."""

    x: float
    width: float
    kind: str
    title: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Axis:
    """Turns instants into positions. ``knots`` are (instant, position), both ascending."""

    knots: tuple[tuple[datetime, float], ...]

    def at(self, instant: datetime) -> float:
        """The position of the instant; what lies outside is drawn at the edge."""
        first, last = self.knots[0], self.knots[-1]
        if instant <= first[0]:
            return first[1]
        if instant >= last[0]:
            return last[1]
        after = bisect_right(self.knots, instant, key=lambda knot: knot[0])
        (left, low), (right, high) = self.knots[after - 1], self.knots[after]
        share = (instant - left) / (right - left)
        return round(low + (high - low) * share, 2)

    def band(self, start: datetime, end: datetime, kind: str, title: str = "") -> Band:
        x = self.at(start)
        return Band(x, round(max(self.at(end) - x, 0), 2), kind, title)


def axis_of(stretches: Sequence[Stretch]) -> Axis:
    """The axis over stretches that tile a span without a gap.

    Raises:
        ValueError: there is no stretch to draw.
    """
    if not stretches:
        raise ValueError("a time line needs a stretch of time")
    widths = _widths(stretches)
    knots = [(stretches[0].start, 0.0)]
    position = 0.0
    for stretch, width in zip(stretches, widths, strict=True):
        position += width
        knots.append((stretch.end, min(round(position, 4), 100.0)))
    knots[-1] = (knots[-1][0], 100.0)
    return Axis(tuple(knots))


def _widths(stretches: Sequence[Stretch]) -> list[float]:
    closed = [each for each in stretches if not each.is_open]
    total_open = sum(each.seconds for each in stretches if each.is_open)
    total = sum(each.seconds for each in stretches)
    if not total:
        return [100.0 / len(stretches)] * len(stretches)
    if not total_open:
        return [100.0 * each.seconds / total for each in stretches]
    each_closed = min(CLOSED_WIDTH, CLOSED_SHARE / len(closed)) if closed else 0.0
    # A closed stretch that is short anyway, such as a lunch break, keeps its true length.
    squeezed = [min(each_closed, 100.0 * each.seconds / total) for each in closed]
    left = 100.0 - sum(squeezed)
    widths = iter(squeezed)
    return [
        left * each.seconds / total_open if each.is_open else next(widths) for each in stretches
    ]


@dataclass(frozen=True, slots=True)
class Run:
    """What is known of one clock to draw it. Aware instants; ``stopped_at`` when it has ended."""

    started_at: datetime
    due_at: datetime
    stopped_at: datetime | None
    pauses: tuple[tuple[datetime, datetime], ...]


def bands_of(run: Run, axis: Axis, stretches: Iterable[Stretch], *, now: datetime) -> list[Band]:
    """The lane of a clock: what ran, was late, was skipped, is still ahead."""
    until = run.stopped_at or now
    bands = []
    for stretch in stretches:
        kind_of_closed = "skipped" if not stretch.is_open else ""
        pieces = (
            (run.started_at, min(until, run.due_at), "ran"),
            (run.due_at, until, "late"),
            (max(until, run.started_at), run.due_at, "ahead"),
        )
        for start, end, kind in pieces:
            if kind == "ahead" and run.stopped_at is not None:
                continue
            left, right = max(start, stretch.start), min(end, stretch.end)
            if left < right:
                bands.append(axis.band(left, right, kind_of_closed or kind, stretch.note))
    last = max(until, run.due_at)
    for start, end in run.pauses:
        left, right = max(start, run.started_at), min(end, last)
        if left < right:
            bands.append(axis.band(left, right, "paused", "Paused"))
    return bands
