"""What decided that a rule holds for a lead, or that it does not."""

from __future__ import annotations

from routing.rules.conditions import Conditions, Facts, holds


def deciding(conditions: Conditions, facts: Facts) -> tuple[Conditions, ...]:
    """The tests, out of conditions without problems, that alone made them hold or fail.

    Where one of several is enough, the first: one that fails within `all`, one that holds within
    `any`. Where it took all of them, all. None for no conditions, which hold for every lead.
    """
    if not conditions:
        return ()
    if "field" in conditions:
        return (conditions,)
    ((group, members),) = conditions.items()
    is_held = holds(conditions, facts)
    if is_held == (group == "any"):
        members = [next(member for member in members if holds(member, facts) == is_held)]
    return tuple(test for member in members for test in deciding(member, facts))
