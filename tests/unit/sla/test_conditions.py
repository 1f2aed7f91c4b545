import pytest

from sla.rules import conditions

FACTS = {"temperature": "hot", "size": 120, "country": "DE", "source": None}


def fits(field, op, value):
    return conditions.holds({"all": [{"field": field, "op": op, "value": value}]}, FACTS)


@pytest.mark.parametrize(
    ("field", "op", "value", "expected"),
    [
        ("temperature", "eq", "hot", True),
        ("temperature", "eq", "warm", False),
        ("temperature", "ne", "warm", True),
        ("country", "in", ["DE", "AT"], True),
        ("country", "in", ["FR"], False),
        ("country", "not_in", ["FR"], True),
        ("size", "gte", 120, True),
        ("size", "gte", 121, False),
        ("size", "lte", 120, True),
        ("size", "lte", 119, False),
        ("industry", "eq", "Retail", False),
        ("source", "gte", 1, False),
        ("source", "eq", None, False),
        ("source", "in", [None], False),
        ("source", "not_in", ["form"], True),
        ("industry", "ne", "Retail", True),
    ],
)
def test_holds_one_condition(field, op, value, expected):
    assert fits(field, op, value) is expected


def test_holds_needs_all_of_them():
    one = {"field": "temperature", "op": "eq", "value": "hot"}
    other = {"field": "country", "op": "eq", "value": "FR"}
    assert conditions.holds({"all": [one]}, FACTS)
    assert not conditions.holds({"all": [one, other]}, FACTS)


@pytest.mark.parametrize("empty", [{}, {"all": []}])
def test_holds_without_conditions_fits_everything(empty):
    assert conditions.holds(empty, FACTS)
    assert conditions.is_empty(empty)


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"any": []}, "conditions_shape"),
        ({"all": {}}, "conditions_shape"),
        ({"all": ["hot"]}, "condition_shape"),
        ({"all": [{"field": "name", "op": "eq", "value": 1}]}, "field_unknown"),
        ({"all": [{"field": "size", "op": "like", "value": 1}]}, "op_unknown"),
        ({"all": [{"field": "country", "op": "in", "value": "DE"}]}, "value_not_list"),
        ({"all": [{"field": "country", "op": "in", "value": []}]}, "value_not_list"),
        ({"all": [{"field": "size", "op": "gte", "value": "10"}]}, "value_not_number"),
        ({"all": [{"field": "size", "op": "gte", "value": True}]}, "value_not_number"),
    ],
)
def test_problems_name_what_is_wrong(wrong, code):
    assert [problem.code for problem in conditions.problems(wrong)] == [code]


def test_problems_of_sound_conditions_are_none():
    sound = {"all": [{"field": "country", "op": "in", "value": ["DE"]}]}
    assert list(conditions.problems(sound)) == []
