"""The fairness receipt: what each person of a pool could expect of its turns, and what they got.

A turn counts when somebody was picked out of candidates and it was not given back. Each of its
candidates could expect their weight in it, divided by the weight of all of its candidates; one of
them received the whole. So both add up to the number of turns, and whoever was away, paused or
full, and was no candidate, expected nothing of it.

What was handed to somebody without candidates, as by a manager, stands outside the rotation, and a
turn that was given back is as if nobody had been picked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from math import fsum

ONE_TURN = 1.0
"""Within this many leads of what was expected a pool has done what a rotation can."""


class Counts(StrEnum):
    """How one turn counts for whoever had a part in it."""

    RECEIVED = "received"
    OTHERS = "others"
    """They were a candidate and somebody else was picked."""
    SKIPPED = "skipped"
    OUTSIDE = "outside"
    """They got it outside the rotation."""
    GIVEN_BACK = "given_back"
    """They were picked, and the turn was given back."""


@dataclass(frozen=True, slots=True)
class Round:
    """One turn as it is counted: when, who got it, out of which users by weight."""

    at: datetime
    user_id: int
    weights: Mapping[int, int]
    is_given_back: bool

    @property
    def is_counted(self) -> bool:
        return bool(self.weights) and not self.is_given_back

    @property
    def counts(self) -> Counts:
        """How it counts for whoever got it."""
        if self.is_given_back:
            return Counts.GIVEN_BACK
        return Counts.RECEIVED if self.weights else Counts.OUTSIDE


@dataclass(frozen=True, slots=True)
class Share:
    """What one person got of a pool's turns, and what they could expect.

    `expected` is in leads. `rounds` are the counted turns in which they were a candidate.
    `given_back` and `outside` stand apart from `received`.
    """

    user_id: int
    received: int
    expected: float
    rounds: int
    given_back: int
    outside: int

    @property
    def difference(self) -> float:
        """In leads; above 0 for more than expected."""
        return self.received - self.expected

    @property
    def is_within_one(self) -> bool:
        return abs(self.difference) <= ONE_TURN


def shares(rounds: Iterable[Round]) -> dict[int, Share]:
    """The share of each person who had a part in one of the rounds, by user id."""
    tally: Counter[tuple[int, Counts]] = Counter()
    # Weights are added up as whole numbers for each total, so that a full cycle comes out exactly.
    gained: dict[int, Counter[int]] = {}
    for one in rounds:
        tally[one.user_id, one.counts] += 1
        if not one.is_counted:
            continue
        total = sum(one.weights.values())
        for user_id, weight in one.weights.items():
            gained.setdefault(user_id, Counter())[total] += weight
            tally[user_id, Counts.OTHERS] += user_id != one.user_id
    people = {user_id for user_id, _ in tally} | set(gained)
    return {user_id: _share(user_id, tally, gained.get(user_id, {})) for user_id in people}


def _share(
    user_id: int, tally: Mapping[tuple[int, Counts], int], gained: Mapping[int, int]
) -> Share:
    received = tally.get((user_id, Counts.RECEIVED), 0)
    return Share(
        user_id=user_id,
        received=received,
        expected=fsum(weight / total for total, weight in gained.items()),
        rounds=received + tally.get((user_id, Counts.OTHERS), 0),
        given_back=tally.get((user_id, Counts.GIVEN_BACK), 0),
        outside=tally.get((user_id, Counts.OUTSIDE), 0),
    )


@dataclass(frozen=True, slots=True)
class Spread:
    """From the one who is furthest behind to the one who is furthest ahead, in leads."""

    low: float
    high: float


def spread_of_others(found: Iterable[Share], user_id: int) -> Spread | None:
    """How the others of the pool fared; None for fewer than two, which would tell on one person."""
    others = [one.difference for one in found if one.user_id != user_id and one.rounds]
    return Spread(min(others), max(others)) if len(others) > 1 else None


@dataclass(frozen=True, slots=True)
class Sum:
    """What somebody could expect up to an instant, and what they got."""

    expected: float
    received: int


def added_up(rounds: Iterable[Round], user_id: int, ends: Sequence[datetime]) -> list[Sum]:
    """The person's sums before each of the instants; both go in the order of time."""
    left = iter(sorted(rounds, key=lambda one: one.at))
    coming = next(left, None)
    gained: Counter[int] = Counter()
    received, found = 0, []
    for end in ends:
        while coming is not None and coming.at < end:
            if coming.is_counted and user_id in coming.weights:
                gained[sum(coming.weights.values())] += coming.weights[user_id]
                received += coming.user_id == user_id
            coming = next(left, None)
        found.append(Sum(fsum(weight / total for total, weight in gained.items()), received))
    return found
