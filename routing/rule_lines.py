"""Rule sets in words: for reading them, comparing them, and seeing what only the fallback takes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from core.errors import FieldProblem
from core.vocabulary import choices
from routing.choices import RuleSetState
from routing.models import Member, Pool, RuleSet
from routing.rules.conditions import Conditions, problems
from routing.rules.differences import Differences, RuleLine, differences
from routing.rules.reach import LeftOver, left_over
from routing.rules.rule_sets import Checked
from routing.rules.sentences import Labels, conditions_words, first_words
from routing.services.rule_sets import RuleSpec, specs_of
from routing.uses import recent_leads

EVERY_OTHER = "every other lead"
UNFINISHED = "not finished"
# Which leads the rules are tried on.
LOOKED_BACK = timedelta(weeks=4)
MOST_LEADS = 2_000
POOLS_TO_CHOOSE = 2
# Where a problem is: the rule, counted from 0, and the place within its conditions.
PLACE = re.compile(r"rules\[(\d+)\]\.?(?:conditions|name)?(.*)")
# What a program is told by the names of fields and operators, for people.
_PLAIN = {
    "field_unknown": "Choose a fact.",
    "op_unfit": "Choose a comparison that this fact can be asked.",
    "value_not_number": (
        "Write a number, such as 200; where several are listed, none with a comma in it."
    ),
    "value_not_text": "Write a word, not a number.",
    "value_not_list": "Write a value; part several by commas.",
    "value_blank": "Write a value, or choose \u201cis not known\u201d.",
}


def has_second_pool() -> bool:
    """Whether there is anything to route between: with one pool, rules say nothing."""
    return Pool.objects.order_by()[:POOLS_TO_CHOOSE].count() == POOLS_TO_CHOOSE


def draft_rules() -> RuleSet | None:
    drafts = RuleSet.objects.filter(state=RuleSetState.DRAFT)
    return drafts.select_related("based_on", "edited_by").first()


def said(conditions: Conditions, *, labels: Labels) -> str:
    """The conditions as a phrase; those of a draft may not say anything yet."""
    if any(problems(conditions, choices=labels)):
        return UNFINISHED
    return conditions_words(conditions, labels=labels)


def lines_of(specs: Sequence[RuleSpec], *, labels: Labels | None = None) -> list[RuleLine]:
    """The rules in words, in their order; the last one without conditions is the fallback."""
    known = choices() if labels is None else labels
    return [_line(spec, index == len(specs) - 1, known) for index, spec in enumerate(specs)]


def _line(spec: RuleSpec, is_last: bool, labels: Labels) -> RuleLine:
    is_fallback = is_last and spec["conditions"] == {}
    return RuleLine(
        name=spec["name"],
        conditions=EVERY_OTHER if is_fallback else said(spec["conditions"], labels=labels),
        pool_id=spec["pool"].pk,
        pool=spec["pool"].name,
        firsts=first_words(
            owner_first=spec.get("owner_first", False),
            earlier_first=spec.get("earlier_first", False),
        ),
        is_fallback=is_fallback,
    )


def compared(old: RuleSet | None, new: Sequence[RuleSpec]) -> Differences:
    """What `new` would change in the rules of `old`."""
    labels = choices()
    before = [] if old is None else lines_of(specs_of(old), labels=labels)
    return differences(before, lines_of(new, labels=labels))


def empty_pools(specs: Iterable[RuleSpec]) -> list[Pool]:
    """The pools of these rules in which nobody takes leads: what goes there waits in holding."""
    pools = {spec["pool"].pk: spec["pool"] for spec in specs}
    staffed = Member.objects.filter(
        pool__in=pools, is_active=True, weight__gt=0, user__is_active=True
    )
    served = set(staffed.order_by().values_list("pool", flat=True).distinct())
    return [pool for pk, pool in sorted(pools.items()) if pk not in served]


def problem_words(problem: FieldProblem) -> str:
    """What is wrong with one row, in words for whoever fills it in."""
    return _PLAIN.get(problem.code, problem.message)


def problem_lines(problems: Iterable[FieldProblem], count: int) -> list[str]:
    """The problems of `count` rules, the last of which is the fallback, each with its rule."""
    return [f"{_rule_of(one, count)}{problem_words(one)}" for one in problems]


def unproven_words(checked: Checked) -> str:
    """From which rule on it is not known whether each is reached; empty where it is of all."""
    if checked.unproven_from is None:
        return ""
    return (
        f"From rule {checked.unproven_from + 1} on this is not proven: the conditions are too many "
        "to compare with those of the rules before. Read these rules with care."
    )


def _rule_of(problem: FieldProblem, count: int) -> str:
    match = PLACE.fullmatch(problem.field)
    if match is None:
        return ""
    return "Every other lead: " if int(match[1]) == count - 1 else f"Rule {int(match[1]) + 1}: "


def left_to_fallback(specs: Sequence[RuleSpec], *, now: datetime) -> LeftOver:
    """Try the rules, which have no problems, on the leads of the last weeks."""
    leads = recent_leads(since=now - LOOKED_BACK, most=MOST_LEADS)
    return left_over(specs, [(lead, lead.facts) for lead in leads])
