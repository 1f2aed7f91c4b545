"""The fairness receipt: what each person of a pool could expect of its turns, and what they got.

A turn counts when somebody was picked out of candidates and it was not given back. Each of its
candidates could expect their weight in it, divided by the weight of all of its candidates; one of
them received the whole. So both add up to the number of turns, and whoever was away, paused or
full, and was no candidate, expected nothing of it.

What was handed to somebody without candidates, as by a manager, stands outside the rotation, and a
turn that was given back is as if nobody had been picked.
"""

from __future__ import annotations

from bisect import bisect_right
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


class Tally:
    """Rounds as they add up. It holds sums by person, however many rounds there were.

    `turns` counts the rounds by how each counts for whoever got it.
    """

    def __init__(self) -> None:
        self.turns: Counter[Counts] = Counter()
        self._got: Counter[tuple[int, Counts]] = Counter()
        self._seats: Counter[int] = Counter()
        # Weights are added up as whole numbers for each total, so a full cycle comes out exactly.
        self._gained: dict[int, Counter[int]] = {}
        # The candidates are mostly those of the round before, so that a run is shared out at once.
        self._weights: Mapping[int, int] = {}
        self._run = 0

    def add(self, one: Round) -> None:
        self.turns[one.counts] += 1
        self._got[one.user_id, one.counts] += 1
        if not one.is_counted:
            return
        if one.weights != self._weights:
            self._share_out()
            self._weights = one.weights
        self._run += 1

    def shares(self) -> dict[int, Share]:
        """The share of each person who had a part in one of the rounds, by user id."""
        self._share_out()
        people = {user_id for user_id, _ in self._got} | set(self._gained)
        return {user_id: self._share(user_id) for user_id in people}

    def _share_out(self) -> None:
        total = sum(self._weights.values())
        for user_id, weight in self._weights.items():
            self._gained.setdefault(user_id, Counter())[total] += weight * self._run
            self._seats[user_id] += self._run
        self._run = 0

    def _share(self, user_id: int) -> Share:
        return Share(
            user_id=user_id,
            received=self._got[user_id, Counts.RECEIVED],
            expected=_leads(self._gained.get(user_id, {})),
            rounds=self._seats[user_id],
            given_back=self._got[user_id, Counts.GIVEN_BACK],
            outside=self._got[user_id, Counts.OUTSIDE],
        )


def _leads(gained: Mapping[int, int]) -> float:
    return fsum(weight / total for total, weight in gained.items())


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


class Steps:
    """What one person could expect and got before each of some instants, in their order."""

    def __init__(self, user_id: int, ends: Sequence[datetime]) -> None:
        self.user_id, self.ends = user_id, ends
        self._gained: list[Counter[int]] = [Counter() for _ in ends]
        self._received = [0 for _ in ends]

    def add(self, one: Round) -> None:
        place = bisect_right(self.ends, one.at)
        if place < len(self.ends) and one.is_counted and self.user_id in one.weights:
            self._gained[place][sum(one.weights.values())] += one.weights[self.user_id]
            self._received[place] += one.user_id == self.user_id

    def sums(self) -> list[Sum]:
        gained: Counter[int] = Counter()
        received, found = 0, []
        for more, got in zip(self._gained, self._received, strict=True):
            gained.update(more)
            received += got
            found.append(Sum(_leads(gained), received))
        return found
