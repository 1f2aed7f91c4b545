"""The rules in force."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet

from routing.choices import RuleSetState
from routing.models import Rule
from routing.rules.conditions import holds


def published_rules() -> list[Rule]:
    """The rules in force, in their order."""
    return list(_in_force().select_related("pool", "ruleset"))


def _in_force() -> QuerySet[Rule]:
    return Rule.objects.filter(ruleset__state=RuleSetState.PUBLISHED).order_by("position")


def match_rule(facts: Mapping[str, Any]) -> Rule | None:
    """The first rule in force that holds for the facts; None only where none was published."""
    return next((rule for rule in _in_force() if holds(rule.conditions, facts)), None)
