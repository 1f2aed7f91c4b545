"""Which policy applies: conditions over the facts of a handoff.

They are those of `core.conditions`, in one group: `{"all": [...]}`, without groups in it. All of
them must hold; no conditions at all hold for everything.
"""

from collections.abc import Iterator

from core.conditions import Conditions, holds, problems_of_test
from core.errors import FieldProblem

__all__ = ["Conditions", "holds", "is_empty", "problems"]


def is_empty(conditions: Conditions) -> bool:
    return not conditions.get("all")


def problems(conditions: Conditions) -> Iterator[FieldProblem]:
    """What keeps the conditions from being published, each with the place and the fix."""
    if set(conditions) - {"all"} or not isinstance(conditions.get("all", []), list):
        yield FieldProblem(
            "conditions", "conditions_shape", 'Write the conditions as {"all": [...]}.'
        )
        return
    for index, test in enumerate(conditions.get("all", [])):
        yield from problems_of_test(test, f"conditions.all[{index}]")
