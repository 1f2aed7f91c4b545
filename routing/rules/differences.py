"""How one rule set differs from another: which rules are new, gone, changed, or elsewhere.

A rule is known again by what it says, else by its name, else by its conditions.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


@dataclass(frozen=True, slots=True)
class RuleLine:
    """One rule of a set in words; `firsts` says who goes before the rotation, empty for nobody."""

    name: str
    conditions: str
    pool_id: int
    pool: str
    firsts: str = ""
    is_fallback: bool = False

    @property
    def sentence(self) -> str:
        """As in "country is DE: Enterprise DACH, whoever looks after the company first"."""
        return f"{self.conditions}: {', '.join(filter(None, (self.pool, self.firsts)))}"


class Change(StrEnum):
    SAME = "same"
    ADDED = "added"
    CHANGED = "changed"
    MOVED = "moved"


@dataclass(frozen=True, slots=True)
class Difference:
    """One rule of the new set: `old` is what it was, None for one that is new.

    Positions are counted from 1. A rule that is only elsewhere because others came or went has
    not moved.
    """

    position: int
    line: RuleLine
    change: Change
    old: RuleLine | None = None
    old_position: int = 0
    is_moved: bool = False

    @property
    def words(self) -> str:
        """What became of it in one sentence; empty where nothing did."""
        name = f"Rule {self.position}, {self.line.name or 'without a name'}"
        if self.old is None:
            return f"{name}, is new: {self.line.sentence}."
        said = []
        if self.is_moved:
            said.append(f"moves from place {self.old_position} to {self.position}")
        if self.old.name != self.line.name:
            said.append(f"was called {self.old.name or 'nothing'}")
        if self.old.sentence != self.line.sentence:
            said.append(f"now says {self.line.sentence}, before {self.old.sentence}")
        return f"{name}, {'; '.join(said)}." if said else ""


@dataclass(frozen=True, slots=True)
class Differences:
    """Every rule of the new set in its order, and those of the old one that are gone."""

    lines: tuple[Difference, ...]
    removed: tuple[tuple[int, RuleLine], ...]

    @property
    def words(self) -> list[str]:
        """All that differs, one sentence each; empty where the two sets say the same."""
        gone = [
            f"Rule {position}, {line.name or 'without a name'}, is gone: {line.sentence}."
            for position, line in self.removed
        ]
        return [one.words for one in self.lines if one.words] + gone


def differences(old: Sequence[RuleLine], new: Sequence[RuleLine]) -> Differences:
    """What became of the old rules in the new set."""
    pairs = _pairs(old, new)
    moved = _moved(pairs)
    lines = []
    for index, line in enumerate(new):
        was = pairs.get(index)
        if was is None:
            lines.append(Difference(index + 1, line, Change.ADDED))
            continue
        is_moved = index in moved
        change = Change.CHANGED if old[was] != line else Change.MOVED if is_moved else Change.SAME
        lines.append(Difference(index + 1, line, change, old[was], was + 1, is_moved))
    kept = set(pairs.values())
    gone = tuple((place + 1, line) for place, line in enumerate(old) if place not in kept)
    return Differences(tuple(lines), gone)


def _pairs(old: Sequence[RuleLine], new: Sequence[RuleLine]) -> dict[int, int]:
    """The place in the old set of each rule of the new one that is known again."""
    pairs: dict[int, int] = {}
    free = list(range(len(old)))
    keys: list[Callable[[RuleLine], Any]] = [
        lambda line: line,
        lambda line: line.is_fallback or None,
        lambda line: line.name or None,
        lambda line: line.conditions or None,
    ]
    for key in keys:
        by_key: dict[Hashable, list[int]] = {}
        for place in free:
            by_key.setdefault(key(old[place]), []).append(place)
        for index, line in enumerate(new):
            wanted = key(line)
            if index not in pairs and wanted is not None and by_key.get(wanted):
                pairs[index] = by_key[wanted].pop(0)
        free = [place for place in free if place not in set(pairs.values())]
    return pairs


def _moved(pairs: dict[int, int]) -> set[int]:
    """The fewest rules that must be taken elsewhere to get from the old order to the new one."""
    order = sorted(pairs)
    # The longest run of rules that keep their order stays; the others have moved.
    ends: list[int] = []
    end_indexes: list[int] = []
    before: dict[int, int | None] = {}
    for index in order:
        place = bisect_left(ends, pairs[index])
        before[index] = end_indexes[place - 1] if place else None
        ends[place:] = [pairs[index], *ends[place + 1 :]]
        end_indexes[place:] = [index, *end_indexes[place + 1 :]]
    staying: set[int] = set()
    walk: int | None = end_indexes[-1] if end_indexes else None
    while walk is not None:
        staying.add(walk)
        walk = before[walk]
    return set(order) - staying
