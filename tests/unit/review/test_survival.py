import pytest
from hypothesis import given
from hypothesis import strategies as st

from review.rules.figures import spread
from review.rules.survival import survival_median


@pytest.mark.parametrize(
    ("done", "waiting", "median"),
    [
        # E. J. Freireich and others, Blood 21 (1963): weeks of remission with 6-MP and without.
        (
            [6, 6, 6, 7, 10, 13, 16, 22, 23],
            [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35],
            23,
        ),
        ([1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23], [], 8),
        # Most still wait: half are not done yet, however long one looks.
        ([1, 2], [3, 3, 3], None),
        ([], [5, 6], None),
        ([], [], None),
        ([7], [], 7),
        ([1, 2, 3, 4], [], 2),
    ],
)
def test_survival_median_agrees_with_published_examples(done, waiting, median):
    assert survival_median(done, waiting) == median


def test_survival_median_takes_who_stops_being_seen_for_undone_at_that_time():
    assert survival_median([5], [5]) == 5
    assert survival_median([5], [4]) == 5
    assert survival_median([5], [6, 6]) is None


@given(st.lists(st.integers(1, 50), min_size=1, max_size=60))
def test_survival_median_of_all_done_is_the_lower_middle_value(values):
    found = survival_median(values, [])

    assert found in values
    assert found <= spread(values).median
    assert sum(value <= found for value in values) * 2 >= len(values)


@given(
    st.lists(st.integers(1, 50), min_size=1, max_size=40),
    st.lists(st.integers(1, 50), max_size=40),
)
def test_survival_median_is_never_sooner_for_those_who_wait(done, waiting):
    with_all, without = survival_median(done, waiting), survival_median(done, [])

    assert with_all is None or with_all >= without
