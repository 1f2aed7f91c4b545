"""What clocks are started for, told by the app above that starts them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sla.rules.retiming import Retiming, Scope

FactsByClock = Mapping[int, Mapping[str, Any]]
ReadFacts = Callable[[Collection[int]], FactsByClock]
Plan = Callable[[Collection[int], Scope, datetime], Sequence[Retiming]]
Apply = Callable[[Collection[int], Scope, Any, datetime], Sequence[Retiming]]

_facts: list[ReadFacts] = []
_retiming: list[tuple[Plan, Apply]] = []


def register_facts(read: ReadFacts) -> None:
    """`read` gives by clock what policies may ask about; in as many queries for many as for one."""
    _facts.append(read)


def facts_of_clocks(clock_ids: Collection[int]) -> dict[int, Mapping[str, Any]]:
    """The facts by the clock's id; a clock that nobody knows is left out."""
    return {pk: facts for read in _facts for pk, facts in read(clock_ids).items()}


def register_retiming(plan: Plan, apply: Apply) -> None:
    """`plan` tells what re-timing these clocks would do, and `apply(ids, scope, by, now)` does it.

    Both leave out the clocks that the scope does not cover or that follow the present versions.
    """
    _retiming.append((plan, apply))


def plan_retiming(clock_ids: Collection[int], scope: Scope, now: datetime) -> list[Retiming]:
    return [line for plan, _ in _retiming for line in plan(clock_ids, scope, now)]


def retime(clock_ids: Collection[int], scope: Scope, by: Any, now: datetime) -> list[Retiming]:
    return [line for _, apply in _retiming for line in apply(clock_ids, scope, by, now)]
