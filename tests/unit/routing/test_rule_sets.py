"""What a rule set must be like to be kept, and to be put in force."""

import pytest

from routing.rules.rule_sets import MOST_RULES, draft_problems, publish_problems

LAST = {"name": "Rest", "conditions": {}}


def country(name):
    return {"all": [{"field": "country", "op": "eq", "value": name}]}


def rule(name="A", conditions=None):
    return {"name": name, "conditions": country("DE") if conditions is None else conditions}


def said(problems):
    return [(problem.field, problem.code) for problem in problems]


def test_draft_may_be_unfinished():
    unfinished = {
        "all": [{"field": "size", "op": "gte", "value": "abc"}, {"field": "", "op": "eq"}]
    }
    rules = [rule("", unfinished), rule("", {}), LAST]
    assert draft_problems(rules) == []
    assert said(publish_problems(rules)) != []


def test_draft_without_fallback_is_refused():
    assert said(draft_problems([])) == [("rules", "required")]
    assert said(draft_problems([rule()])) == [("rules[0].conditions", "no_fallback")]


def nested(depth):
    conditions = country("DE")
    for _ in range(depth):
        conditions = {"all": [conditions]}
    return conditions


HOSTILE = {
    "nul": country("D\x00E"),
    "surrogate": country("\ud800"),
    "long": country("x" * 1_000_000),
    "deep": nested(10_000),
    "many": {"all": [country("DE")["all"][0]] * 100_000},
    "list": [1],
    "none": None,
    "text": "all",
    "nan": country(float("nan")),
    "huge": country(10**400),
    "bytes": country(b"DE"),
    "key": {"\ud800": []},
    "number as key": {1: []},
}


@pytest.mark.parametrize("conditions", HOSTILE.values(), ids=HOSTILE)
def test_conditions_that_no_database_should_get_are_refused(conditions):
    rules = [rule(), {"name": "B", "conditions": conditions}, LAST]
    due = [("rules[1].conditions", "conditions_unreadable")]
    assert said(draft_problems(rules)) == said(publish_problems(rules)) == due


@pytest.mark.parametrize("name", ["x" * 151, "a\x00", "\ud800", None, 5, ["a"]], ids=repr)
def test_name_that_no_database_should_get_is_refused(name):
    assert said(draft_problems([rule(name), LAST])) == [("rules[0].name", "name_unreadable")]


def test_more_rules_than_anybody_reads_are_refused():
    assert said(draft_problems([rule()] * MOST_RULES + [LAST])) == [("rules", "too_many")]


def test_rule_that_an_earlier_one_hides_is_not_published():
    found = publish_problems([rule("Germany"), rule("German"), LAST])
    assert said(found) == [("rules[1].conditions", "unreachable")]
    assert "Germany" in found[0].message


def test_value_that_is_none_of_the_choices_is_not_published():
    typed = {"all": [{"field": "type", "op": "eq", "value": "mqll"}]}
    rules = [rule("Type", typed), LAST]
    assert publish_problems(rules) == []
    assert said(publish_problems(rules, choices={"type": {"mql": "MQL"}})) == [
        ("rules[0].conditions.all[0].value", "value_unknown")
    ]
