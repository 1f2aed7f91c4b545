"""Differences of rates, against the worked examples of R. G. Newcombe (1998)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.figures import Rate, gap

CASES = st.integers(1, 500).flatmap(lambda n: st.builds(Rate, st.integers(0, n), st.just(n)))


@pytest.mark.parametrize(
    ("first", "second", "low", "high"),
    [
        (Rate(56, 70), Rate(48, 80), 0.0524, 0.3339),
        (Rate(9, 10), Rate(3, 10), 0.1705, 0.8090),
    ],
)
def test_gap_is_that_of_the_published_examples(first, second, low, high):
    found = gap(first, second)
    assert (found.low, found.high) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


@given(CASES, CASES)
def test_gap_holds_the_difference_and_turns_with_the_sides(first, second):
    there, back = gap(first, second), gap(second, first)
    difference = float(first.share - second.share)
    assert there.low - 1e-12 <= difference <= there.high + 1e-12
    assert (there.low, there.high) == (pytest.approx(-back.high), pytest.approx(-back.low))


def test_gap_without_a_case_is_none():
    assert gap(Rate(0, 0), Rate(1, 2)) is None
    assert gap(Rate(1, 2), Rate(0, 0)) is None
