"""What leads add up to: once as they went, once as they would have gone."""

from __future__ import annotations

import heapq
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, NamedTuple

from routing.rules.receipt import ONE_TURN

MOST_MOVED = 200


class Post(NamedTuple):
    """One person in one pool."""

    pool_id: int
    user_id: int


@dataclass(slots=True)
class Side:
    """Sums by pool, by person and by both. Times are seconds since 1970.

    `even` counts the leads of a pool that are not shared out yet in `fair`, the weighted share:
    whoever was there, neither away nor switched off, has a part by weight in each lead that
    anybody got. `ends` is a heap of when the open leads of whom are free again.
    """

    routed: Counter[int] = field(default_factory=Counter)
    held: Counter[int] = field(default_factory=Counter)
    missed: Counter[int] = field(default_factory=Counter)
    late: Counter[int] = field(default_factory=Counter)
    got: Counter[Post] = field(default_factory=Counter)
    fair: dict[Post, float] = field(default_factory=dict)
    even: Counter[int] = field(default_factory=Counter)
    open: Counter[int] = field(default_factory=Counter)
    peak: Counter[int] = field(default_factory=Counter)
    carried: Counter[int] = field(default_factory=Counter)
    ends: list[tuple[float, int]] = field(default_factory=list)

    def route(self, pool_id: int, *, is_held: bool, is_missed: bool) -> None:
        """One more lead for the pool, which perhaps nobody could take."""
        self.routed[pool_id] += 1
        self.held[pool_id] += is_held
        self.missed[pool_id] += is_missed

    def give(self, post: Post, *, is_missed: bool) -> None:
        """Somebody of the pool gets a lead."""
        self.got[post] += 1
        self.even[post.pool_id] += 1
        self.late[post.user_id] += is_missed

    def carry(self, user_id: int, at: float, freed_at: float | None, *, until: float) -> None:
        """A slot is taken from `at`, within the weeks, until it is free or they are over."""
        self.open[user_id] += 1
        self.peak[user_id] = max(self.peak[user_id], self.open[user_id])
        end = until if freed_at is None else min(max(freed_at, at), until)
        self.carried[user_id] += round(end - at)
        if freed_at is not None and freed_at < until:
            heapq.heappush(self.ends, (end, user_id))

    def free(self, at: float) -> list[int]:
        """Let go of what ended by then; whose it was."""
        freed = []
        while self.ends and self.ends[0][0] <= at:
            _, user_id = heapq.heappop(self.ends)
            self.open[user_id] -= 1
            freed.append(user_id)
        return freed

    def share_out(self, pool_id: int, weights: Mapping[int, int]) -> None:
        """Share what was given since the last time among those who were there, by weight."""
        count, total = self.even.pop(pool_id, 0), sum(weights.values())
        if not count or not total:
            return
        for user_id, weight in weights.items():
            post = Post(pool_id, user_id)
            self.fair[post] = self.fair.get(post, 0.0) + count * weight / total

    def gap(self, pool_id: int) -> float:
        """The percent of the pool's leads by which people are more than one lead beyond their
        weighted share: within one, a rotation cannot do better.
        """
        got = {post: count for post, count in self.got.items() if post.pool_id == pool_id}
        beyond = sum(
            max(0.0, count - self.fair.get(post, 0.0) - ONE_TURN) for post, count in got.items()
        )
        given = sum(got.values())
        return 100 * beyond / given if given else 0.0

    def to_data(self) -> dict[str, Any]:
        """All of it as JSON, which `read_side` reads back to an equal side."""
        return {one.name: _listed(getattr(self, one.name)) for one in fields(self)}


def _listed(value: Any) -> list[Any]:
    if isinstance(value, list):
        return [list(entry) for entry in value]
    return [[*(key if isinstance(key, tuple) else (key,)), found] for key, found in value.items()]


def read_side(data: Mapping[str, Any]) -> Side:
    """Read what `to_data` wrote."""
    side = Side()
    for name in ("routed", "held", "missed", "late", "even", "open", "peak", "carried"):
        getattr(side, name).update(dict(data[name]))
    side.got.update({Post(pool, user): count for pool, user, count in data["got"]})
    side.fair = {Post(pool, user): share for pool, user, share in data["fair"]}
    side.ends = [(at, user) for at, user in data["ends"]]
    return side


class Moved(NamedTuple):
    """A lead that would be elsewhere; a person of None is nobody, for it waits in the pool."""

    handoff_id: int
    pool_before: int | None
    before: int | None
    pool_after: int | None
    after: int | None
    rule_id: int | None


@dataclass(slots=True)
class Found:
    """Counts of leads. `elsewhere` were moved to another pool or to nobody, `shifted` within one.

    Of both the newest are kept by name. `full` counts by person the leads of their pools that
    came while they could take no more.
    """

    leads: int = 0
    unmatched: int = 0
    elsewhere: int = 0
    shifted: int = 0
    full: Counter[int] = field(default_factory=Counter)
    moved: deque[Moved] = field(default_factory=lambda: deque(maxlen=MOST_MOVED))
    nearby: deque[Moved] = field(default_factory=lambda: deque(maxlen=MOST_MOVED))

    def to_data(self) -> dict[str, Any]:
        """All of it as JSON, which `read_found` reads back."""
        return {
            "numbers": [self.leads, self.unmatched, self.elsewhere, self.shifted],
            "full": [list(one) for one in self.full.items()],
            "moved": [list(one) for one in self.moved],
            "nearby": [list(one) for one in self.nearby],
        }


def read_found(data: Mapping[str, Any]) -> Found:
    """Read what `to_data` wrote."""
    leads, unmatched, elsewhere, shifted = data["numbers"]
    return Found(
        leads=leads,
        unmatched=unmatched,
        elsewhere=elsewhere,
        shifted=shifted,
        full=Counter(dict(data["full"])),
        moved=deque((Moved(*one) for one in data["moved"]), maxlen=MOST_MOVED),
        nearby=deque((Moved(*one) for one in data["nearby"]), maxlen=MOST_MOVED),
    )
