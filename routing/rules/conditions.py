"""Which rule a lead falls under: the conditions of `core.conditions`, of any shape that has.

A rule without conditions holds for every lead: it is the fallback.
"""

from core.conditions import (
    FIELD_LABELS,
    FIELDS,
    MOST_NESTED,
    NO_CHOICES,
    OPERATORS,
    OPERATORS_OF,
    WITHOUT_VALUE,
    Check,
    Conditions,
    Facts,
    Kind,
    compiled,
    folded,
    holds,
    problems,
)

__all__ = [
    "FIELDS",
    "FIELD_LABELS",
    "MOST_NESTED",
    "NO_CHOICES",
    "OPERATORS",
    "OPERATORS_OF",
    "WITHOUT_VALUE",
    "Check",
    "Conditions",
    "Facts",
    "Kind",
    "compiled",
    "folded",
    "holds",
    "problems",
]
