"""Rule sets: one version after the other, exactly one in force."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypedDict

from django.db import IntegrityError, transaction
from django.db.models import Max

from accounts.models import User
from accounts.rules.policy import Action, allows
from core.errors import Conflict, FieldProblem, NotPermitted, Refused
from routing.choices import RuleSetState
from routing.models import Pool, Rule, RuleSet
from routing.rules import conditions


class InvalidRules(Refused):
    """The rules cannot be published; `problems` names every place and the fix."""

    code = "invalid_rules"
    title = "These rules cannot be published yet"


class RulesChanged(Conflict):
    """Somebody else published at the same moment."""

    code = "rules_changed"
    title = "Other rules were published at the same moment"


class RuleSpec(TypedDict):
    """One line of a rule set; without conditions it is the fallback, which comes last."""

    name: str
    conditions: Mapping[str, Any]
    pool: Pool


def publish_rule_set(*, rules: Sequence[RuleSpec], by: User | None, now: datetime) -> RuleSet:
    """Put these rules, in this order, in force in the place of the present ones.

    Raises NotPermitted, InvalidRules, or RulesChanged where another set came first.
    """
    if by is not None and not allows(by.roles, Action.CONFIG_EDIT, frozenset()):
        raise NotPermitted("Only a RevOps admin can publish rules.")
    found = _problems(rules)
    if found:
        raise InvalidRules(" ".join(problem.message for problem in found), problems=found)
    try:
        return _replace(rules, by=by, now=now)
    except IntegrityError as error:
        raise RulesChanged("Look at the rules now in force, then publish yours again.") from error


@transaction.atomic
def _replace(rules: Sequence[RuleSpec], *, by: User | None, now: datetime) -> RuleSet:
    last = RuleSet.objects.aggregate(last=Max("n"))["last"] or 0
    RuleSet.objects.filter(state=RuleSetState.PUBLISHED).update(state=RuleSetState.RETIRED)
    made = RuleSet.objects.create(
        n=last + 1, state=RuleSetState.PUBLISHED, published_at=now, published_by=by
    )
    Rule.objects.bulk_create(
        Rule(
            ruleset=made,
            position=position,
            name=rule["name"].strip(),
            conditions=rule["conditions"],
            pool=rule["pool"],
        )
        for position, rule in enumerate(rules, start=1)
    )
    return made


def _problems(rules: Sequence[RuleSpec]) -> list[FieldProblem]:
    if not rules:
        return [FieldProblem("rules", "required", "Add the fallback rule, for every lead.")]
    found = []
    for index, rule in enumerate(rules):
        place = f"rules[{index}]"
        if not rule["name"].strip():
            found.append(FieldProblem(f"{place}.name", "required", "Give every rule a name."))
        found += conditions.problems(rule["conditions"], f"{place}.conditions")
        if rule["conditions"] == {} and index < len(rules) - 1:
            message = "A rule for every lead comes last: those after it would never be reached."
            found.append(FieldProblem(f"{place}.conditions", "unreachable", message))
    if rules[-1]["conditions"] != {}:
        message = "The last rule is the fallback: take its conditions away, or add one after it."
        found.append(FieldProblem(f"rules[{len(rules) - 1}].conditions", "no_fallback", message))
    return found
