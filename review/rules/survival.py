"""How long it takes when not all are done: those that still wait are counted for as long as they
have waited, instead of being left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

# Products of quotients miss one half by less than this.
_ROUNDING = 1e-9


def survival_median(done: Iterable[float], waiting: Iterable[float]) -> float | None:
    """The time by which half would be done (E. L. Kaplan and P. Meier, 1958); None: not reached.

    `waiting` has how long each has been seen undone. It is the first time at which the estimate
    of who is still undone is one half or less; who stops being seen at that time was undone then.
    """
    ends = Counter(done)
    unseen = Counter(waiting)
    left = ends.total() + unseen.total()
    undone = 1.0
    for time in sorted({*ends, *unseen}):
        if ends[time]:
            undone *= 1 - ends[time] / left
            if undone <= 0.5 + _ROUNDING:
                return time
        left -= ends[time] + unseen[time]
    return None
