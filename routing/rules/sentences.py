"""Rules as sentences, such as "country is DE or AT and size is over 200: Enterprise DACH"."""

from core.conditions import Conditions
from core.sentences import NO_LABELS, OPERATOR_WORDS, Labels, conditions_words

__all__ = [
    "NO_LABELS",
    "OPERATOR_WORDS",
    "Labels",
    "conditions_words",
    "first_words",
    "rule_words",
]


def rule_words(
    conditions: Conditions,
    pool: str,
    *,
    owner_first: bool = False,
    earlier_first: bool = False,
    labels: Labels = NO_LABELS,
) -> str:
    """A whole rule: for which leads, which pool, and who goes before the rotation."""
    parts = [pool, first_words(owner_first=owner_first, earlier_first=earlier_first)]
    whither = ", ".join(part for part in parts if part)
    return f"{conditions_words(conditions, labels=labels)}: {whither}"


def first_words(*, owner_first: bool, earlier_first: bool) -> str:
    """Who goes first when eligible; empty where nobody does. The owner comes before the other."""
    owner = ["whoever looks after the company"] if owner_first else []
    earlier = ["whoever had the lead before"] if earlier_first else []
    return f"{', then '.join(owner + earlier)} first" if owner or earlier else ""
