"""What a rule set must be like: to be kept as a draft, and to be put in force.

A rule is a mapping with its name and its conditions, in the order in which rules are tried.
Places are said as `rules[2].conditions.all[0].value`, counted from 0.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.errors import FieldProblem
from routing.rules import conditions
from routing.rules.reach import unreachable
from routing.rules.sentences import NO_LABELS, Labels

# More than anybody reads from top to bottom.
MOST_RULES = 60
LONGEST_NAME = 150
LONGEST_TEXT = 300
# Of one rule's conditions: everything that stands in them, and how deep.
MOST_PARTS = 10_000
DEEPEST = 2 * conditions.MOST_NESTED + 2
LARGEST_NUMBER = 10**15

RuleText = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Checked:
    """What keeps rules from being put in force; from `unproven_from` on there may be more of it.

    The rules from there on, counted from 0, may be ones that are never reached.
    """

    problems: list[FieldProblem]
    unproven_from: int | None = None


def draft_problems(rules: Sequence[RuleText]) -> list[FieldProblem]:
    """What keeps the rules from being kept: only what could not be read again, or no fallback."""
    if not rules:
        return [FieldProblem("rules", "required", "Add the fallback rule, for every lead.")]
    if len(rules) > MOST_RULES:
        message = f"Keep to {MOST_RULES} rules: with more nobody can tell who gets what."
        return [FieldProblem("rules", "too_many", message)]
    return [*_text_problems(rules)] or [*_fallback_problems(rules)]


def publish_problems(
    rules: Sequence[RuleText], *, choices: Labels = NO_LABELS
) -> list[FieldProblem]:
    """What keeps the rules from being put in force, each with the place and the fix."""
    return checked(rules, choices=choices).problems


def checked(rules: Sequence[RuleText], *, choices: Labels = NO_LABELS) -> Checked:
    """The same, and how far it was proven.

    `choices` are the only values that there are, by field, with the words for them; a field that
    is not in it takes any.
    """
    found = draft_problems(rules)
    if any(problem.code != "no_fallback" for problem in found):
        return Checked(found)
    last = len(rules) - 1
    wrong = []
    for index, rule in enumerate(rules):
        place = f"rules[{index}]"
        if not rule["name"].strip():
            wrong.append(FieldProblem(f"{place}.name", "required", "Give every rule a name."))
        wrong += conditions.problems(rule["conditions"], f"{place}.conditions", choices=choices)
        if rule["conditions"] == {} and index < last:
            message = "Give it a condition: those after a rule for every lead are never reached."
            wrong.append(FieldProblem(f"{place}.conditions", "unreachable", message))
    if wrong or found:
        return Checked([*wrong, *found])
    reach = unreachable(rules, choices=choices, labels=choices)
    return Checked([one.problem for one in reach.never], reach.unproven_from)


def _fallback_problems(rules: Sequence[RuleText]) -> Iterator[FieldProblem]:
    if rules[-1]["conditions"] != {}:
        message = "The last rule is the fallback: take its conditions away, or add one after it."
        yield FieldProblem(f"rules[{len(rules) - 1}].conditions", "no_fallback", message)


def _text_problems(rules: Sequence[RuleText]) -> Iterator[FieldProblem]:
    for index, rule in enumerate(rules):
        place = f"rules[{index}]"
        name = rule.get("name")
        if not isinstance(name, str) or not _is_text(name, LONGEST_NAME):
            message = f"Write the name in {LONGEST_NAME} letters at most, without control signs."
            yield FieldProblem(f"{place}.name", "name_unreadable", message)
        if not isinstance(rule.get("conditions"), dict) or not _is_storable(rule["conditions"]):
            message = (
                f"Write texts of {LONGEST_TEXT} letters at most, without control signs, and "
                "plain numbers."
            )
            yield FieldProblem(f"{place}.conditions", "conditions_unreadable", message)


def _is_storable(whole: Any) -> bool:
    """True for what a database keeps and gives back unchanged; walks, as nesting may be hostile."""
    waiting = [(whole, 1)]
    seen = 0
    while waiting:
        part, depth = waiting.pop()
        seen += 1
        if seen > MOST_PARTS or depth > DEEPEST:
            return False
        if isinstance(part, dict):
            if not all(isinstance(key, str) and _is_text(key, LONGEST_TEXT) for key in part):
                return False
            waiting += [(one, depth + 1) for one in part.values()]
        elif isinstance(part, list):
            waiting += [(one, depth + 1) for one in part[: MOST_PARTS + 1]]
        elif not _is_plain(part):
            return False
    return True


def _is_plain(part: Any) -> bool:
    if part is None or isinstance(part, str):
        return part is None or _is_text(part, LONGEST_TEXT)
    if isinstance(part, int | float):
        return abs(part) <= LARGEST_NUMBER and math.isfinite(part)
    return False


def _is_text(text: str, longest: int) -> bool:
    """Neither NUL, other control characters and lone surrogates, nor more than can be kept."""
    return len(text) <= longest and not any(
        sign < " " or sign == "\x7f" or "\ud800" <= sign <= "\udfff" for sign in text
    )
