"""Expected and received shares: what holds for every pool, whoever comes and goes."""

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.rules import Seat, pick, seats_after
from routing.rules.receipt import Counts, Round, Share, Spread, Steps, Tally, spread_of_others

START = datetime(2026, 11, 2, tzinfo=UTC)
PEOPLE = range(1, 7)


def a_round(user_id, weights=None, *, n=0, is_given_back=False):
    return Round(START + timedelta(hours=n), user_id, weights or {}, is_given_back)


@st.composite
def a_history(draw, most=40):
    """Turns with changing candidates and weights; some given back, some outside the rotation."""
    found = []
    for n in range(draw(st.integers(0, most))):
        weights = draw(st.dictionaries(st.sampled_from(PEOPLE), st.integers(1, 1000), max_size=6))
        user_id = draw(st.sampled_from(sorted(weights) or list(PEOPLE)))
        found.append(a_round(user_id, weights, n=n, is_given_back=draw(st.booleans())))
    return found


def added(sums, rounds):
    for one in rounds:
        sums.add(one)
    return sums


def shares(rounds):
    return added(Tally(), rounds).shares()


def added_up(rounds, user_id, ends):
    return added(Steps(user_id, ends), rounds).sums()


def slowly(rounds, user_id):
    """The same by fractions, one turn after the other."""
    kept = [one for one in rounds if one.weights and not one.is_given_back]
    expected = sum(
        Fraction(one.weights[user_id], sum(one.weights.values()))
        for one in kept
        if user_id in one.weights
    )
    return sum(one.user_id == user_id for one in kept), expected


@given(a_history())
def test_shares_add_up_to_the_counted_turns_of_the_pool(rounds):
    found = shares(rounds)

    counted = sum(one.is_counted for one in rounds)
    assert sum(one.received for one in found.values()) == counted
    assert math.isclose(sum(one.expected for one in found.values()), counted, abs_tol=1e-9)


@given(a_history())
def test_shares_of_each_person_are_what_a_slow_count_gives(rounds):
    found = shares(rounds)

    for user_id in PEOPLE:
        received, expected = slowly(rounds, user_id)
        share = found.get(user_id)
        assert (share.received if share else 0) == received
        assert math.isclose(share.expected if share else 0, expected, abs_tol=1e-9)


@given(a_history())
def test_shares_say_of_each_turn_once_who_got_it(rounds):
    found = shares(rounds).values()

    got = sum(one.received + one.given_back + one.outside for one in found)
    assert got == len(rounds)
    assert all(one.received <= one.rounds for one in found)


@given(
    st.lists(st.integers(1, 9), min_size=1, max_size=6),
    st.integers(1, 4),
)
def test_full_cycles_of_an_unchanged_pool_give_exactly_what_was_expected(weights, cycles):
    seats = [Seat(n, n, weight) for n, weight in enumerate(weights, 1)]
    rounds = []
    for n in range(sum(weights) * cycles):
        choice = pick(seats)
        rounds.append(a_round(choice.seat.user_id, dict(enumerate(weights, 1)), n=n))
        seats = seats_after(choice, n + 1)

    for user_id, weight in enumerate(weights, 1):
        share = shares(rounds)[user_id]
        assert share.expected == share.received == weight * cycles
        assert share.difference == 0


@given(
    a_history(),
    st.sampled_from(PEOPLE),
    st.lists(st.integers(0, 39), max_size=10).map(set),
)
def test_absence_of_a_person_expects_nothing_of_them(rounds, user_id, away):
    there = [
        replace(one, weights={k: w for k, w in one.weights.items() if k != user_id})
        if n in away and one.user_id != user_id
        else one
        for n, one in enumerate(rounds)
    ]

    share = shares(there).get(user_id)

    assert (share.expected if share else 0) == pytest.approx(float(slowly(there, user_id)[1]))
    before = shares(rounds).get(user_id)
    assert (share.expected if share else 0) <= (before.expected if before else 0) + 1e-9


def test_turn_that_was_given_back_counts_for_nobody():
    found = shares([a_round(1, {1: 1, 2: 1}, is_given_back=True)])

    assert found == {1: Share(1, received=0, expected=0, rounds=0, given_back=1, outside=0)}


def test_turn_without_candidates_stands_outside():
    found = shares([a_round(3), a_round(1, {1: 1, 2: 3})])

    assert found[3] == Share(3, received=0, expected=0, rounds=0, given_back=0, outside=1)
    assert found[1] == Share(1, received=1, expected=0.25, rounds=1, given_back=0, outside=0)
    assert found[2].difference == -0.75


def test_no_turns_give_no_shares():
    assert shares([]) == {}


@pytest.mark.parametrize(
    ("one", "counts"),
    [
        (a_round(1, {1: 1}), Counts.RECEIVED),
        (a_round(1), Counts.OUTSIDE),
        (a_round(1, {1: 1}, is_given_back=True), Counts.GIVEN_BACK),
        (a_round(1, is_given_back=True), Counts.GIVEN_BACK),
    ],
)
def test_counts_of_a_turn_for_whoever_got_it(one, counts):
    assert one.counts is counts
    assert one.is_counted is (counts is Counts.RECEIVED)


@pytest.mark.parametrize(
    ("received", "is_within"), [(11, True), (9, True), (12, False), (8, False)]
)
def test_share_is_within_one_turn_at_exactly_one(received, is_within):
    share = Share(1, received=received, expected=10.0, rounds=20, given_back=0, outside=0)

    assert share.is_within_one is is_within


def test_spread_of_the_others_tells_on_no_single_person():
    found = shares([a_round(1, {1: 1, 2: 1}), a_round(1, {1: 1, 2: 1})])

    assert spread_of_others(found.values(), 1) is None


def test_spread_of_the_others_leaves_out_oneself_and_who_was_never_there():
    found = shares([a_round(1, {1: 2, 2: 1, 3: 1}), a_round(4), a_round(2, {2: 1})])

    assert spread_of_others(found.values(), 1) == Spread(-0.25, -0.25)


@given(a_history(), st.sampled_from(PEOPLE))
def test_added_up_ends_with_the_share(rounds, user_id):
    ends = [START + timedelta(hours=hours) for hours in (0, 7, 20, 41)]

    found = added_up(rounds, user_id, ends)

    share = shares(rounds).get(user_id)
    assert found[0].expected == found[0].received == 0
    assert found[-1].received == (share.received if share else 0)
    assert math.isclose(found[-1].expected, share.expected if share else 0, abs_tol=1e-9)
    assert [one.received for one in found] == sorted(one.received for one in found)


def test_added_up_counts_a_turn_at_an_instant_after_it():
    rounds = [a_round(1, {1: 1}, n=5)]

    found = added_up(rounds, 1, [START + timedelta(hours=5), START + timedelta(hours=6)])

    assert [one.received for one in found] == [0, 1]


def test_tally_of_runs_of_the_same_candidates_shares_out_each():
    tally = Tally()
    for n in range(40):
        one = a_round(1 + n % 2, {1: 1, 2: 1, 3 + n // 20: 1}, n=n)
        tally.add(one)
    assert tally.turns == {Counts.RECEIVED: 40}
    assert tally.shares()[1] == Share(1, 20, expected=40 / 3, rounds=40, given_back=0, outside=0)
    assert tally.shares()[4].rounds == 20
