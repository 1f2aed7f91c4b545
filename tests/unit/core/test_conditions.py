"""Which facts conditions hold for, and which conditions are refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.conditions import (
    FIELDS,
    LONGEST_VALUE,
    MOST_MEMBERS,
    MOST_NESTED,
    MOST_NUMBER,
    MOST_VALUES,
    OPERATORS,
    OPERATORS_OF,
    WITHOUT_VALUE,
    Kind,
    compiled,
    folded,
    holds,
    problems,
)

FACTS = {
    "type": "qualified_lead",
    "country": "Germany",
    "size": 180,
    "industry": None,
    "segment": " ",
}


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
        ("country", "eq", " gerMANY ", True),
        ("country", "in", ["GERMANY"], True),
        ("country", "ne", "germany", False),
        ("country", "not_in", ["france", "germany"], False),
        ("country", "contains", "MAN", True),
        ("country", "contains", "men", False),
        ("country", "starts_with", "ger", True),
        ("country", "starts_with", "man", False),
        ("industry", "contains", "a", False),
        ("size", "contains", "1", False),
        ("size", "gt", 179, True),
        ("size", "gt", 180, False),
        ("size", "lt", 181, True),
        ("size", "lt", 180, False),
        ("size", "eq", 180.0, True),
        ("size", "eq", "180", False),
        ("source", "lt", 1, False),
        ("country", "known", None, True),
        ("industry", "known", None, False),
        ("source", "known", None, False),
        ("segment", "known", None, False),
        ("size", "unknown", None, False),
        ("industry", "unknown", None, True),
        ("source", "unknown", None, True),
        ("segment", "unknown", None, True),
        ("segment", "eq", "", True),
        ("segment", "ne", "SMB", True),
    ],
)
def test_holds_one_condition(field, op, value, expected):
    assert holds({"all": [ask(field, op, value)]}, FACTS) is expected


def test_holds_knows_a_letter_however_it_is_composed():
    assert holds({"all": [ask("country", "eq", "Co\u0302te")]}, {"country": "C\u00f4te"})


def test_holds_without_a_value_asks_whether_the_fact_is_known():
    assert holds({"all": [{"field": "size", "op": "known"}]}, FACTS)
    assert holds({"all": [{"field": "score", "op": "unknown"}]}, FACTS)


def test_compiled_takes_facts_that_were_folded_once():
    check = compiled({"any": [ask("country", "eq", "GERMANY"), ask("size", "gt", 500)]})
    assert [check(folded(facts)) for facts in (FACTS, {"size": 501}, {"size": 500}, {})] == [
        True,
        True,
        False,
        False,
    ]


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
        ({"all": [ask("size", "eq", [5])]}, "conditions.all[0].value", "value_not_number"),
        ({"all": [ask("source", "eq", [5])]}, "conditions.all[0].value", "value_not_plain"),
        ({"all": [ask("source", "eq", None)]}, "conditions.all[0].value", "value_not_plain"),
        ({"all": [ask("source", "in", ["a", None])]}, "conditions.all[0].value", "value_not_plain"),
        ({"all": [ask("source", "eq", 5)]}, "conditions.all[0].value", "value_not_text"),
        ({"all": [ask("type", "in", [5])]}, "conditions.all[0].value", "value_not_text"),
        ({"all": [ask("size", "in", [5, "6"])]}, "conditions.all[0].value", "value_not_number"),
        ({"all": [ask("size", "eq", "5")]}, "conditions.all[0].value", "value_not_number"),
        ({"all": [ask("size", "eq", 1e400)]}, "conditions.all[0].value", "value_not_number"),
        (
            {"all": [ask("size", "eq", float("nan"))]},
            "conditions.all[0].value",
            "value_not_number",
        ),
        (
            {"all": [ask("size", "eq", -MOST_NUMBER - 1)]},
            "conditions.all[0].value",
            "value_not_number",
        ),
        ({"all": [ask("source", "eq", " ")]}, "conditions.all[0].value", "value_blank"),
        ({"all": [ask("source", "ne", "a\x00")]}, "conditions.all[0].value", "invalid_characters"),
        ({"all": [ask("source", "ne", "\ud800")]}, "conditions.all[0].value", "invalid_characters"),
        (
            {"all": [ask("source", "eq", "a" * (LONGEST_VALUE + 1))]},
            "conditions.all[0].value",
            "value_too_long",
        ),
        (
            {"all": [ask("source", "in", ["a"] * (MOST_VALUES + 1))]},
            "conditions.all[0].value",
            "too_many",
        ),
        ({"all": [YES] * (MOST_MEMBERS + 1)}, "conditions", "too_many"),
        ({"all": [ask("size", "known", 5)]}, "conditions.all[0].value", "value_not_asked"),
        ({"all": [ask("country", "gte", 5)]}, "conditions.all[0].op", "op_unfit"),
        ({"all": [ask("size", "contains", "5")]}, "conditions.all[0].op", "op_unfit"),
        ({"all": [ask("temperature", "starts_with", "h")]}, "conditions.all[0].op", "op_unfit"),
        ({"all": [{"op": "known"}]}, "conditions.all[0]", "condition_shape"),
        ({"all": [{"any": [{"any": []}]}]}, "conditions.all[0].any[0]", "conditions_shape"),
        (nested(MOST_NESTED + 1), "conditions" + ".all[0]" * MOST_NESTED, "too_deep"),
    ],
)
def test_problems_name_the_place_and_the_code(conditions, place, code):
    assert [(found.field, found.code) for found in problems(conditions)] == [(place, code)]


def test_problems_of_a_wrong_operator_name_those_that_fit():
    (problem,) = problems({"all": [ask("size", "contains", "5")]})
    assert problem.message == (
        "contains cannot be asked of size. "
        "Choose one of: eq, ne, in, not_in, gte, lte, gt, lt, known, unknown."
    )


CHOICES = {"temperature": {"hot": "Hot", "cool": "Cool"}, "country": ["DE"]}


@pytest.mark.parametrize("value", ["hot", " Hot ", "COOL"])
def test_problems_of_a_value_that_there_is_are_none(value):
    assert not list(problems({"all": [ask("temperature", "eq", value)]}, choices=CHOICES))


@pytest.mark.parametrize(("op", "value"), [("eq", "tepid"), ("not_in", ["hot", "tepid"])])
def test_problems_of_a_value_that_there_is_not_name_those_that_there_are(op, value):
    (problem,) = problems({"any": [ask("temperature", op, value)]}, choices=CHOICES)
    assert (problem.field, problem.code) == ("conditions.any[0].value", "value_unknown")
    assert problem.message == "There is no 'tepid' here. Choose one of: hot, cool."


def test_problems_of_a_free_text_take_any_value_whatever_is_in_use():
    assert not list(problems({"all": [ask("country", "eq", "FR")]}, choices=CHOICES))


@pytest.mark.parametrize("kind", Kind)
def test_every_operator_of_a_kind_has_no_problem_with_its_value(kind):
    field = next(name for name, of in FIELDS.items() if of is kind)
    for op in OPERATORS_OF[kind]:
        value = 5 if kind is Kind.NUMBER else "x"
        test = ask(field, op, [value] if op in {"in", "not_in"} else value)
        if op in WITHOUT_VALUE:
            del test["value"]
        assert not list(problems({"all": [test]}))
        assert holds({"all": [test]}, {field: value}) in {True, False}


def test_every_operator_is_one_of_a_kind():
    assert {op for ops in OPERATORS_OF.values() for op in ops} == set(OPERATORS)


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
