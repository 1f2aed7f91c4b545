"""The rows of a rule: what is typed reads as it was meant, and what is stored opens as it is."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from routing.rule_rows import ConditionForm, text_of

LABELS = {"type": {"a": "First", "b": "Second, third", "c": 'The "best"'}}


def read(fact, op, text):
    form = ConditionForm({"fact": fact, "op": op, "value": text}, labels=LABELS)
    assert form.is_valid(), form.errors
    return form.test().get("value")


def again(fact, op, value):
    return read(fact, op, text_of(fact, value, LABELS.get(fact, {})))


SIGNS = st.sampled_from("aB \"',;0.\u00e9\u00a0") | st.characters(exclude_categories=["C"])
TEXTS = st.text(SIGNS, min_size=1, max_size=12).map(str.strip).filter(bool)


@given(st.lists(TEXTS, max_size=6))
@example(['Foo "B", Ltd'])
@example(['"Acme" GmbH', '"', '""', ",", "a, b"])
def test_opened_list_of_texts_is_read_as_it_was(values):
    assert again("country", "in", values) == values


@given(st.lists(st.sampled_from([*LABELS["type"], "unknown"]), max_size=5))
def test_opened_list_of_choices_is_read_as_it_was(values):
    assert again("type", "not_in", values) == values
    assert [again("type", "eq", one) for one in values] == values


WHOLE = st.integers(-(10**12), 10**12)
DECIMALS = st.builds(
    lambda n, places: n / 10**places, st.integers(-(10**6), 10**6), st.integers(0, 4)
)


@given(st.lists(WHOLE | DECIMALS.filter(lambda one: not 0 < abs(one) < 0.001), max_size=6))
@example([1.125, 0.125, 1.0, 1000.5])
def test_opened_numbers_are_read_as_they_were(values):
    assert again("size", "in", values) == values
    assert [again("score", "gte", one) for one in values] == values


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("200", 200),
        ("1,000", 1000),
        ("1 000", 1000),
        ("-12,345,678", -12_345_678),
        ("1,000.5", 1000.5),
        ("2.5", 2.5),
        ("0.125", 0.125),
    ],
)
def test_number_is_read_with_its_thousands_parted(text, value):
    assert read("size", "gte", text) == value


@pytest.mark.parametrize(
    "text", ["1,5", "1.000", "12.345", "1,00", "1,0000", "1 5", "1,000 000", "1.000,5", "1.000.000"]
)
def test_number_that_is_not_certain_stays_as_it_was_typed(text):
    assert read("size", "gte", text) == text
    assert again("size", "gte", text) == text


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("1, 2, 3", [1, 2, 3]),
        ("1,2,3", [1, 2, 3]),
        ("1 ,2 , 300,", [1, 2, 300]),
        ("1,000, 2,000", [1000, 2000]),
        ("1,000,000, 5", [1_000_000, 5]),
        ("5,10,200", [5, 10, 200]),
        ("100,200", ["100,200"]),
        ("7, 1,500", [7, "1,500"]),
        ("7, many", [7, "many"]),
    ],
)
def test_numbers_of_a_list_are_read_where_they_are_certain(text, values):
    assert read("size", "in", text) == values
    assert again("size", "in", values) == values
