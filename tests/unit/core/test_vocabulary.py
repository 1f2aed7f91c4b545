"""Labels by which values are chosen: each means one value, whatever the values are called."""

from hypothesis import given
from hypothesis import strategies as st

from core.vocabulary import told_apart


def test_labels_that_are_unlike_stay_as_they_are():
    assert told_apart([("hot", "Hot"), ("mql", "MQL")]) == {"hot": "Hot", "mql": "MQL"}


def test_labels_that_are_alike_say_how_each_is_stored():
    found = told_apart([("a", "Lead"), ("b", "lead"), ("c", "A")])
    assert found == {"a": "Lead (a)", "b": "lead (b)", "c": "A (c)"}


WORDS = st.sampled_from(["a", "A", "b", "a (a)", "a (b)", "b (a)", "A (A) (b)"])


@given(st.dictionaries(WORDS.map(str.lower), WORDS))
def test_no_label_is_of_two_values_or_the_name_of_another(values):
    found = told_apart(list(values.items()))
    labels = [label.casefold() for label in found.values()]
    assert len(set(labels)) == len(found) == len(values)
    for value, label in found.items():
        assert label == value or label.casefold() not in set(values) - {value}
