"""The one pure pick: every strategy, who goes first, and who is at work."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.choices import Strategy
from routing.rules import Seat, choose, pick, seats_after
from routing.rules.choice import LEAST_LOADED
from tests.unit.routing.model import FewestOpen

ROUND_ROBIN = Strategy.WEIGHTED_ROUND_ROBIN.value
LETTERS = "abcdefgh"


def seats(*weights, **options):
    return [Seat(n, n, weight, **options) for n, weight in enumerate(weights)]


def letters(present, count, *, strategy=LEAST_LOADED):
    """The picks one after the other, nobody being done with a lead in between."""
    found = ""
    for n in range(1, count + 1):
        choice = choose(strategy, present)
        after = {seat.member_id: seat for seat in seats_after(choice, n)}
        present = [after.get(seat.member_id, seat) for seat in present]
        found += LETTERS[choice.seat.member_id]
    return found


def test_least_loaded_is_the_strategy_that_pools_are_stored_with():
    assert LEAST_LOADED == Strategy.LEAST_LOADED


@pytest.mark.parametrize("strategy", Strategy.values)
def test_choose_nobody_seated_is_nobody(strategy):
    assert choose(strategy, []) is None
    assert choose(strategy, [], [1]) is None


def test_choose_by_turns_is_the_rotation():
    present = seats(5, 1, 1)
    assert choose(ROUND_ROBIN, present) == pick(present)
    assert letters(present, 7, strategy=ROUND_ROBIN) == "aabacaa"


@pytest.mark.parametrize(
    ("weights", "expected"),
    [([1, 1, 1], "abcabc"), ([2, 1], "ababaa"), ([3, 1], "abaabaaa")],
)
def test_choose_fewest_open_fills_everybody_by_weight(weights, expected):
    assert letters(seats(*weights), len(expected)) == expected


def test_choose_fewest_open_goes_by_open_leads_then_the_wait_then_the_id():
    a, b, c = seats(1, 1, 1)
    busy = replace(a, open_count=3)
    assert choose(LEAST_LOADED, [busy, replace(b, open_count=2)]).seat.user_id == 1
    heavy = replace(a, weight=3, open_count=3)
    assert choose(LEAST_LOADED, [heavy, replace(b, open_count=2)]).seat.user_id == 0
    waited = [replace(a, last_picked=9), replace(b, last_picked=4), replace(c, last_picked=5)]
    assert choose(LEAST_LOADED, waited).seat.user_id == 1
    assert choose(LEAST_LOADED, [c, b]).seat.user_id == 1


def test_choose_fewest_open_leaves_every_credit_as_it_is():
    present = [replace(seat, credit=n, has_returned=True) for n, seat in enumerate(seats(1, 9, 2))]
    choice = choose(LEAST_LOADED, present)
    assert choice.credit_after == choice.seat.credit
    assert [seat.credit for seat in choice.candidates] == [0, 1, 2]
    assert [seat.credit for seat in seats_after(choice, 1)] == [0, 1, 2]


@pytest.mark.parametrize("strategy", Strategy.values)
def test_choose_first_who_is_seated_goes_before_the_others(strategy):
    present = seats(9, 1, 1)
    assert choose(strategy, present, [7, 2, 1]).seat.user_id == 2
    assert choose(strategy, present, [7]).seat.user_id == 0


@pytest.mark.parametrize("strategy", Strategy.values)
def test_choose_who_is_at_work_goes_before_who_is_not(strategy):
    away, here, there = seats(9, 1, 1)
    away = replace(away, is_at_work=False)
    choice = choose(strategy, [away, here, there])
    assert choice.seat.user_id == 1
    assert [seat.user_id for seat in choice.candidates] == [1, 2]
    # Whoever goes first is asked at night too, and takes part in that round.
    choice = choose(strategy, [away, here, there], [0])
    assert (choice.seat.user_id, len(choice.candidates)) == (0, 3)
    nobody = [replace(seat, is_at_work=False) for seat in (away, here, there)]
    assert len(choose(strategy, nobody).candidates) == 3


def test_choose_at_night_neither_gains_nor_pays():
    day, night = seats(1, 1)
    night = replace(night, is_at_work=False)
    present = [day, night]
    for n in range(1, 6):
        after = {seat.member_id: seat for seat in seats_after(choose(ROUND_ROBIN, present), n)}
        present = [after.get(seat.member_id, seat) for seat in present]
    assert [seat.credit for seat in present] == [0, 0]


@given(
    st.lists(st.integers(1, 9), min_size=4, max_size=4),
    st.lists(
        st.tuples(
            st.sets(st.integers(0, 3)),
            st.none() | st.integers(0, 4),
            st.sets(st.integers(0, 3), max_size=2),
        ),
        max_size=60,
    ),
)
def test_fewest_open_follows_the_model(weights, rounds):
    """Each round says who is eligible, who goes first, and who has been done with a lead."""
    table, model = dict(enumerate(seats(*weights))), FewestOpen(enumerate(weights))
    for n, (eligible, first, done) in enumerate(rounds, start=1):
        for one in done:
            model.open[one] = max(0, model.open[one] - 1)
            table[one] = replace(table[one], open_count=max(0, table[one].open_count - 1))
        choice = choose(LEAST_LOADED, [table[one] for one in sorted(eligible)], [first])
        expected = model.step(eligible, first=first)
        assert (choice and choice.seat.member_id) == expected
        if choice is not None:
            table |= {seat.member_id: seat for seat in seats_after(choice, n)}
            table[expected] = replace(table[expected], last_picked=model.last[expected])
    assert [table[n].open_count for n in range(4)] == [model.open[n] for n in range(4)]


@given(st.integers(1, 8), st.integers(1, 60))
def test_fewest_open_of_equals_is_within_one_at_every_prefix(size, count):
    counts = [0] * size
    for letter in letters(seats(*[1] * size), count):
        counts[LETTERS.index(letter)] += 1
        assert max(counts) - min(counts) <= 1


@given(
    st.lists(
        st.builds(
            Seat,
            member_id=st.integers(0, 9),
            user_id=st.integers(0, 9),
            weight=st.integers(1, 9),
            credit=st.integers(-9, 9),
            last_picked=st.integers(0, 3),
            open_count=st.integers(0, 3),
            is_at_work=st.booleans(),
        ),
        max_size=6,
        unique_by=lambda seat: seat.member_id,
    ),
    st.sampled_from(Strategy.values),
    st.lists(st.integers(0, 12), max_size=3),
)
def test_choose_does_not_depend_on_the_order_of_the_seats(present, strategy, firsts):
    once, again = choose(strategy, present, firsts), choose(strategy, present[::-1], firsts)
    if not firsts:
        assert (once and once.seat) == (again and again.seat)
    if once is not None:
        assert once.seat in once.candidates or once.seat.has_returned
        called = [user for user in firsts if user in {seat.user_id for seat in present}]
        if called:
            assert once.seat.user_id == called[0]
        elif any(seat.is_at_work for seat in present):
            assert once.seat.is_at_work
