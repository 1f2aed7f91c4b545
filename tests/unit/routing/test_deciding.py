"""Which conditions decided."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.rules.conditions import holds
from routing.rules.deciding import deciding

DE = {"field": "country", "op": "eq", "value": "DE"}
BIG = {"field": "size", "op": "gte", "value": 200}
HOT = {"field": "temperature", "op": "eq", "value": "hot"}
FACTS = {"country": "DE", "size": 180, "temperature": "hot"}


@pytest.mark.parametrize(
    ("conditions", "tests"),
    [
        ({}, ()),
        ({"all": [DE, HOT]}, (DE, HOT)),
        ({"all": [DE, BIG]}, (BIG,)),
        ({"any": [BIG, HOT, DE]}, (HOT,)),
        ({"any": [BIG]}, (BIG,)),
        ({"all": [DE, {"any": [BIG, HOT]}]}, (DE, HOT)),
        ({"any": [{"all": [DE, BIG]}, BIG]}, (BIG, BIG)),
    ],
)
def test_deciding_names_what_was_enough(conditions, tests):
    assert deciding(conditions, FACTS) == tests


TESTS = st.sampled_from([DE, BIG, HOT])
GROUPS = st.recursive(
    TESTS,
    lambda inner: st.tuples(st.sampled_from(["all", "any"]), st.lists(inner, min_size=1)).map(
        lambda pair: {pair[0]: pair[1]}
    ),
    max_leaves=8,
)


@given(GROUPS, st.fixed_dictionaries({"country": st.sampled_from(["DE", "AT"]), "size": st.none()}))
def test_deciding_tests_agree_with_the_whole(conditions, facts):
    found = deciding(conditions, facts)
    assert found
    assert {holds(test, facts) for test in found} == {holds(conditions, facts)}
