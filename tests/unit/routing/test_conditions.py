"""Which facts a rule's conditions hold for, and which conditions are refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.rules.conditions import FIELDS, MOST_NESTED, OPERATORS, holds, problems

FACTS = {"type": "qualified_lead", "country": "Germany", "size": 180, "industry": None}


def ask(field, op, value):
    return {"field": field, "op": op, "value": value}


@pytest.mark.parametrize(
    ("field", "op", "value", "expected"),
    [
        ("country", "eq", "Germany", True),
        ("country", "eq", "France", False),
        ("country", "ne", "France", True),
        ("country", "ne", "Germany", False),
        ("country", "in", ["Austria", "Germany"], True),
        ("country", "in", ["Austria"], False),
        ("country", "not_in", ["Austria"], True),
        ("country", "not_in", ["Germany"], False),
        ("size", "gte", 180, True),
        ("size", "gte", 181, False),
        ("size", "lte", 180, True),
        ("size", "lte", 179.5, False),
        ("industry", "eq", "Retail", False),
        ("industry", "ne", "Retail", True),
        ("industry", "not_in", ["Retail"], True),
        ("source", "eq", "demo", False),
        ("source", "in", ["demo"], False),
        ("source", "gte", 1, False),
        ("country", "gte", 1, False),
    ],
)
def test_holds_one_condition(field, op, value, expected):
    assert holds({"all": [ask(field, op, value)]}, FACTS) is expected


YES, NO = ask("country", "eq", "Germany"), ask("country", "eq", "France")


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ({}, True),
        ({"all": [YES, YES]}, True),
        ({"all": [YES, NO]}, False),
        ({"any": [NO, YES]}, True),
        ({"any": [NO, NO]}, False),
        ({"all": [YES, {"any": [NO, YES]}]}, True),
        ({"any": [NO, {"all": [YES, NO]}]}, False),
    ],
)
def test_holds_groups(conditions, expected):
    assert list(problems(conditions)) == []
    assert holds(conditions, FACTS) is expected


def nested(depth):
    return {"all": [YES if depth == 1 else nested(depth - 1)]}


@pytest.mark.parametrize(
    ("conditions", "place", "code"),
    [
        (None, "conditions", "conditions_shape"),
        ([], "conditions", "conditions_shape"),
        ("all", "conditions", "conditions_shape"),
        (YES, "conditions", "conditions_shape"),
        ({"all": []}, "conditions", "conditions_shape"),
        ({"all": YES}, "conditions", "conditions_shape"),
        ({"none": [YES]}, "conditions", "conditions_shape"),
        ({"all": [YES], "any": [NO]}, "conditions", "conditions_shape"),
        ({"all": [{}]}, "conditions.all[0]", "conditions_shape"),
        ({"all": ["country"]}, "conditions.all[0]", "condition_shape"),
        ({"all": [{"field": "country", "op": "eq"}]}, "conditions.all[0]", "condition_shape"),
        ({"all": [YES | {"more": 1}]}, "conditions.all[0]", "condition_shape"),
        ({"any": [ask("city", "eq", "x")]}, "conditions.any[0].field", "field_unknown"),
        ({"any": [ask(["city"], "eq", "x")]}, "conditions.any[0].field", "field_unknown"),
        ({"all": [ask("size", "like", 1)]}, "conditions.all[0].op", "op_unknown"),
        ({"all": [ask("size", {}, 1)]}, "conditions.all[0].op", "op_unknown"),
        ({"all": [ask("size", "in", 5)]}, "conditions.all[0].value", "value_not_list"),
        ({"all": [ask("size", "in", [])]}, "conditions.all[0].value", "value_not_list"),
        ({"all": [ask("size", "gte", "5")]}, "conditions.all[0].value", "value_not_number"),
        ({"all": [ask("size", "lte", True)]}, "conditions.all[0].value", "value_not_number"),
        ({"all": [ask("size", "eq", [5])]}, "conditions.all[0].value", "value_not_plain"),
        ({"all": [ask("size", "eq", None)]}, "conditions.all[0].value", "value_not_plain"),
        ({"all": [{"any": [{"any": []}]}]}, "conditions.all[0].any[0]", "conditions_shape"),
        (nested(MOST_NESTED + 1), "conditions" + ".all[0]" * MOST_NESTED, "too_deep"),
    ],
)
def test_problems_name_the_place_and_the_code(conditions, place, code):
    assert [(found.field, found.code) for found in problems(conditions)] == [(place, code)]


def test_problems_are_all_told_at_once():
    conditions = {"all": [ask("city", "like", 1), ask("size", "in", 5)]}
    assert len(list(problems(conditions))) == 3


def test_problems_of_the_deepest_allowed_group_are_none():
    assert list(problems(nested(MOST_NESTED))) == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["all", "any", "field", "op", "value", "x"]), inner, max_size=3
        )
    ),
)
TESTS = st.fixed_dictionaries(
    {
        "field": st.sampled_from([*sorted(FIELDS), "city"]),
        "op": st.sampled_from([*OPERATORS, "like"]),
        "value": JSON,
    }
)


@given(JSON | st.fixed_dictionaries({"all": st.lists(TESTS | JSON, max_size=3)}), st.data())
def test_anything_is_either_refused_or_can_be_asked_of_any_facts(conditions, data):
    if not list(problems(conditions)):
        facts = data.draw(st.dictionaries(st.sampled_from(sorted(FIELDS)), JSON))
        assert holds(conditions, facts) in {True, False}
