"""Half-open intervals [start, end) of whole numbers, as sorted, disjoint tuples."""

from collections.abc import Iterable, Sequence

Interval = tuple[int, int]
Intervals = tuple[Interval, ...]


def merged(spans: Iterable[Interval]) -> Intervals:
    """The union; touching spans become one, and empty or reversed ones vanish."""
    union: list[Interval] = []
    for start, end in sorted(span for span in spans if span[0] < span[1]):
        if union and start <= union[-1][1]:
            union[-1] = (union[-1][0], max(end, union[-1][1]))
        else:
            union.append((start, end))
    return tuple(union)


def without(spans: Sequence[Interval], holes: Sequence[Interval]) -> Intervals:
    """`spans` less `holes`; both sorted and disjoint."""
    if not holes:
        return tuple(spans)
    left: list[Interval] = []
    for start, end in spans:
        cursor = start
        for hole_start, hole_end in holes:
            if hole_end <= cursor or hole_start >= end:
                continue
            if hole_start > cursor:
                left.append((cursor, hole_start))
            cursor = hole_end
        if cursor < end:
            left.append((cursor, end))
    return tuple(left)


def common(spans: Sequence[Interval], others: Sequence[Interval]) -> Intervals:
    """What lies in both; both sorted and disjoint."""
    return without(spans, without(spans, others))


def clipped(spans: Iterable[Interval], start: int, end: int) -> Intervals:
    """The part of `spans` inside [start, end)."""
    return tuple(
        (max(span[0], start), min(span[1], end))
        for span in spans
        if span[0] < end and span[1] > start and max(span[0], start) < min(span[1], end)
    )


def shifted(spans: Iterable[Interval], by: int) -> Intervals:
    return tuple((start + by, end + by) for start, end in spans)


def length(spans: Iterable[Interval]) -> int:
    return sum(end - start for start, end in spans)
