import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from review.rules.figures import (
    Interval,
    Mean,
    Rate,
    Spread,
    interval_words,
    median_ranks,
    p90_rank,
    percent_words,
    spread,
    wilson,
)


@pytest.mark.parametrize(
    ("hits", "n", "low", "high"),
    [
        # R. G. Newcombe, Statistics in Medicine 17 (1998), table I, method 3.
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
        # The other end mirrors it.
        (20, 20, 0.8389, 1.0000),
        (0, 10, 0.0000, 0.2775),
    ],
)
def test_wilson_agrees_with_published_examples(hits, n, low, high):
    found = wilson(hits, n)

    assert (round(found.low, 4), round(found.high, 4)) == (low, high)


@pytest.mark.parametrize(("hits", "n"), [(0, 0), (-1, 5), (6, 5)])
def test_wilson_of_what_is_no_share_is_refused(hits, n):
    with pytest.raises(ValueError, match="is not a share"):
        wilson(hits, n)


shares = st.integers(1, 2000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(shares)
def test_wilson_solves_the_score_equation_and_holds_the_share(share):
    hits, n = share
    found, p = wilson(hits, n), hits / n

    assert 0 <= found.low <= p <= found.high <= 1
    for end in (found.low, found.high):
        # The ends are where the share lies exactly 1.96 standard errors away.
        assert math.isclose(
            (p - end) ** 2, 1.959963984540054**2 * end * (1 - end) / n, abs_tol=1e-9
        )
    mirrored = wilson(n - hits, n)
    assert math.isclose(mirrored.low, 1 - found.high, abs_tol=1e-9)


@pytest.mark.parametrize(
    ("values", "median", "p90"),
    [
        ([7], 7, 7),
        ([1, 2], 1.5, 2),
        ([3, 1, 2], 2, 3),
        ([1, 2, 3, 4], 2.5, 4),
        (range(1, 11), 5.5, 9),
        (range(1, 12), 6, 10),
        (range(1, 101), 50.5, 90),
        ([0, 0, 0, 0, 100], 0, 100),
        # Hyndman and Fan's definition 1 for the percentile: the nearest rank, here the ninth.
        ([3, 6, 7, 8, 8, 10, 13, 15, 16, 20], 9, 16),
    ],
)
def test_spread_gives_the_middle_and_the_nearest_rank(values, median, p90):
    assert spread(values) == Spread(len(values), median, p90)


def test_spread_of_nothing_has_no_numbers():
    assert spread([]) == Spread(0, None, None)


@given(st.integers(1, 10_000))
def test_ranks_are_those_that_the_database_picks_by_multiplying(n):
    # The window query has no division: see review.selectors.spreads.
    middle = {rank for rank in range(n // 2, n // 2 + 3) if n <= 2 * rank <= n + 2 and rank}
    slowest = [rank for rank in range(1, n + 1) if 9 * n <= 10 * rank <= 9 * n + 9]

    assert middle == set(median_ranks(n))
    assert slowest == [p90_rank(n)]


@given(st.lists(st.integers(0, 10**6), min_size=1))
def test_p90_is_passed_by_at_most_a_tenth(values):
    found = spread(values)

    assert found.p90 in values
    assert sum(value > found.p90 for value in values) * 10 <= len(values)
    assert found.median <= found.p90


@pytest.mark.parametrize(
    ("hits", "n", "marks", "words"),
    [
        (3, 4, (), "75"),
        (2, 3, (), "67"),
        (1, 8, (), "13"),
        (70, 100, (70,), "70"),
        (139, 200, (70,), "69.5"),
        (1409, 2000, (70,), "70.5"),
        (1401, 2000, (70,), "70.1"),
        (14001, 20000, (70,), "70.1"),
        (13999, 20000, (70,), "69.9"),
        (249, 250, (), "99.6"),
        (9999, 10000, (), "99.9"),
        (1, 10000, (), "0.1"),
        (0, 7, (), "0"),
        (7, 7, (), "100"),
    ],
)
def test_percent_words_never_seem_to_reach_what_was_not_reached(hits, n, marks, words):
    assert percent_words(Fraction(hits, n), marks) == words


@given(shares, st.sampled_from([(), (70, 80, 90)]))
def test_percent_words_stay_within_half_a_point_and_on_their_side(share, marks):
    exact = Fraction(*share) * 100
    shown = Fraction(percent_words(Fraction(*share), marks))

    assert abs(shown - exact) <= Fraction(1, 2)
    for mark in (0, *marks, 100):
        assert (shown > mark) == (exact > mark)
        assert (shown < mark) == (exact < mark)


def test_interval_words_round_to_whole_percent():
    assert interval_words(wilson(34, 46)) == "95 % interval 60 to 84 %"
    assert interval_words(Interval(0.0, 1.0)) == "95 % interval 0 to 100 %"


def test_rate_below_five_cases_is_few():
    assert Rate(4, 4).is_few
    assert not Rate(4, 5).is_few
    assert Rate(0, 0).share is None
    assert Rate(0, 0).interval is None
    assert Spread(4, 1.0, 2.0).is_few


def test_mean_of_percentages_is_exact():
    assert Mean(170, 2).share == Fraction(85, 100)
    assert Mean(0, 0).share is None
    assert Mean(400, 4).is_few
    assert not Mean(500, 5).is_few
