"""The order of picks: known sequences, and what holds for every pool."""

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.rules import Seat, clamped, pick, refund, seats_after
from tests.unit.routing.model import Rotation

LETTERS = "abcdefghijklmnopqrstuvwxyz"


class Table:
    """A pool kept in memory: seats by member id, counted from 0; members come and go."""

    def __init__(self, weights):
        self.seats = {n: Seat(n, n, weight) for n, weight in enumerate(weights)}
        self.there = set()
        self.turns = 0

    def step(self, eligible=None, *, first=None):
        wanted = self.seats if eligible is None else eligible
        choice = pick(
            [replace(self.seats[n], has_returned=n not in self.there) for n in wanted], first
        )
        if choice is None:
            return None
        self.turns += 1
        self.there = set(wanted)
        for seat in seats_after(choice, self.turns):
            self.seats[seat.member_id] = seat
        return choice.seat.member_id

    def steps(self, count, eligible=None):
        return [self.step(eligible) for _ in range(count)]

    def letters(self, count, eligible=None):
        return "".join(LETTERS[n] for n in self.steps(count, eligible))

    @property
    def credits(self):
        return [self.seats[n].credit for n in sorted(self.seats)]


def harmonic(n):
    return sum(Fraction(1, k) for k in range(1, n + 1))


@pytest.mark.parametrize(
    ("weights", "expected"),
    [
        ([5, 1, 1], "aabacaa"),
        ([1, 1, 1], "abc"),
        ([1], "a"),
        ([7], "aaaaaaa"),
        ([2, 1], "aba"),
        ([3, 1], "abaa"),
        ([4, 2, 1], "abacaba"),
        ([4, 3, 2], "abcabacba"),
        ([1, 2, 3], "cbacbc"),
        ([2, 2], "abab"),
        ([10, 10], "ab" * 10),
    ],
)
def test_pick_known_weights_give_the_known_cycle_again_and_again(weights, expected):
    table = Table(weights)
    assert table.letters(3 * len(expected)) == expected * 3
    assert table.credits == [0] * len(weights)


def test_pick_nobody_seated_is_nobody():
    assert pick([]) is None


def test_pick_seat_order_does_not_matter():
    seats = [Seat(3, 30, 2, 1), Seat(1, 10, 1, 2), Seat(2, 20, 2, 1)]
    assert pick(seats).seat == pick(reversed(seats)).seat


def test_pick_tie_goes_to_the_longest_wait_then_the_lower_id():
    waited = [Seat(1, 1, 1, last_picked=9), Seat(2, 2, 1, last_picked=4), Seat(3, 3, 1)]
    assert pick(waited).seat.member_id == 3
    assert pick(waited[:2]).seat.member_id == 2
    assert pick([Seat(2, 2, 1), Seat(1, 1, 1)]).seat.member_id == 1


def test_seat_of_weight_0_is_refused():
    with pytest.raises(ValueError, match="weight 0"):
        Seat(1, 1, 0)


def test_pick_member_added_on_the_way_waits_for_nobody_and_resets_nobody():
    table = Table([1, 1, 1])
    assert table.letters(4) == "abca"
    table.seats[3] = Seat(3, 3, 1)
    assert table.letters(8) == "bcdabcda"


def test_pick_member_removed_on_the_way_leaves_the_others_in_order():
    table = Table([1, 1, 1, 1])
    assert table.letters(5) == "abcda"
    del table.seats[0]
    assert table.letters(6) == "bcdbcd"


def test_pick_absent_member_comes_back_without_catching_up_more_than_one_turn():
    table = Table([1, 1, 1])
    assert table.letters(3) == "abc"
    assert table.letters(20, eligible=[0, 1]) == "ab" * 10
    assert sorted(table.letters(3)) == ["a", "b", "c"]


def test_pick_first_is_taken_out_of_turn_and_pays_for_it():
    table = Table([1, 1, 1])
    assert table.step(first=2) == 2
    assert table.credits == [1, 1, -2]
    assert table.letters(5) == "abcab"
    # Who is not seated cannot go first: the rotation goes on.
    assert table.step(first=9) == 2


WEIGHTS = st.lists(st.integers(1, 20), min_size=1, max_size=12)


@given(st.integers(1, 40), st.integers(1, 1000), st.integers(1, 120))
def test_equal_weights_are_within_one_at_every_prefix(size, weight, rounds):
    counts = [0] * size
    table = Table([weight] * size)
    for _ in range(rounds):
        counts[table.step()] += 1
        assert max(counts) - min(counts) <= 1


@given(st.lists(st.integers(1, 1000), min_size=1, max_size=12), st.integers(1, 400))
def test_any_weights_are_less_than_a_lead_ahead_and_h_n_less_one_behind(weights, rounds):
    check_deviation(weights, rounds, behind=harmonic(len(weights)) - 1)


@given(st.lists(st.integers(1, 3), min_size=1, max_size=12))
def test_weights_up_to_three_in_a_pool_of_twelve_stay_below_one_and_a_quarter(weights):
    check_deviation(weights, sum(weights), behind=Fraction(5, 4))


@settings(max_examples=5)
@given(st.lists(st.integers(1, 5), min_size=100, max_size=500))
def test_weights_up_to_five_in_a_pool_of_500_stay_below_two(weights):
    check_deviation(weights, sum(weights), behind=Fraction(2))


def test_extreme_weights_reach_more_than_one_and_a_quarter():
    """Why the bound is H(n) - 1: at the end of a run of light ones a heavy one is behind."""
    weights = [100] * 4 + [1] * 8
    table = Table(weights)
    furthest = max(max(table.credits) for _ in range(sum(weights)) if table.step() is not None)
    assert Fraction(furthest, sum(weights)) > Fraction(14, 10)


def check_deviation(weights, rounds, *, behind):
    """A credit over W is the fair share less the picks, in leads."""
    table = Table(weights)
    total = sum(weights)
    counts = [0] * len(weights)
    for n in range(1, rounds + 1):
        counts[table.step()] += 1
        assert -total < min(table.credits)
        assert max(table.credits) <= behind * total
        if n % total == 0:
            assert counts == [weight * n // total for weight in weights]
    assert table.credits == [
        rounds * weight - total * count for weight, count in zip(weights, counts, strict=True)
    ]


PRESENCE = st.lists(st.sets(st.integers(0, 5)), max_size=60)


@given(st.lists(st.integers(1, 9), min_size=6, max_size=6), PRESENCE)
def test_comings_and_goings_follow_the_model(weights, rounds):
    table, model = Table(weights), Rotation(enumerate(weights))
    for eligible in rounds:
        assert table.step(sorted(eligible)) == model.step(eligible)
    assert table.credits == [model.credit[n] for n in range(6)]


@given(st.lists(st.integers(1, 9), min_size=6, max_size=6), PRESENCE)
def test_same_log_gives_the_same_picks_whatever_the_order_of_the_seats(weights, rounds):
    once, again = Table(weights), Table(weights)
    for eligible in rounds:
        assert once.step(sorted(eligible)) == again.step(sorted(eligible, reverse=True))


@given(WEIGHTS, st.lists(st.booleans(), max_size=60))
def test_rounds_with_nobody_eligible_leave_no_trace(weights, is_anybody_there):
    table, dense = Table(weights), Table(weights)
    sparse = [table.step(None if there else []) for there in is_anybody_there]
    assert [one for one in sparse if one is not None] == dense.steps(sum(is_anybody_there))


@given(
    st.lists(st.integers(1, 9), min_size=2, max_size=4),
    st.lists(st.integers(1, 9), min_size=2, max_size=3),
    st.lists(st.booleans(), max_size=60),
)
def test_rounds_that_pass_a_group_over_leave_its_own_sequence(early, late, rounds):
    """Who is passed over neither gains nor pays, so the group goes on where it stopped.

    Groups of four at most: there no credit leaves [-W, W], so coming back changes none.
    """
    table = Table(early + late)
    first, second = range(len(early)), range(len(early), len(early) + len(late))
    mixed = [table.step(first if is_early else second) for is_early in rounds]
    assert [n for n in mixed if n in first] == Table(early).steps(sum(rounds))


@given(
    st.lists(st.integers(1, 20), min_size=2, max_size=6),
    st.lists(st.tuples(st.booleans(), st.integers(1, 60)), max_size=4),
)
def test_return_gets_the_fair_share_give_or_take_one(weights, spells):
    """While nobody else comes or goes. It counts for the next W picks."""
    table = Table(weights)
    others = list(range(1, len(weights)))
    for is_there, rounds in spells:
        table.steps(rounds, [0, *others] if is_there else others)
    table.steps(3, others)
    assert abs(table.steps(sum(weights)).count(0) - weights[0]) <= 1


@given(
    st.lists(st.integers(1, 20), min_size=6, max_size=6),
    st.lists(st.tuples(st.sets(st.integers(0, 5), min_size=1), st.integers(1, 60)), max_size=4),
    st.sets(st.integers(1, 5)),
)
def test_return_among_others_that_came_and_went_gets_what_the_others_owe_at_most(
    weights, spells, others
):
    """The rest may owe for what they got in a larger pool, and whoever returns gets that.

    Whoever is picked holds the mean of what all hold at least, S and the W of a round shared by n
    of them, and pays W. So after k picks the credit c0 + k0 W - k W of the one who returned, k0
    being the fair share, is at least (S + W) / n - W. Where nobody owes anything, S is 0, and that
    is one lead more than the share.
    """
    table = Table(weights)
    for present, rounds in spells:
        table.steps(rounds, present)
    table.steps(3 if others else 0, others)
    everybody = [0, *others]
    total = sum(weights[n] for n in everybody)
    held = {n: table.seats[n].credit for n in everybody}
    held |= {n: clamped(held[n], total) for n in everybody if n not in table.there}
    got = table.steps(total, everybody).count(0)
    least = Fraction(sum(held.values()) + total, len(everybody)) - total
    assert got == 0 or got <= weights[0] + (held[0] - least) / total


@given(WEIGHTS, st.integers(0, 300))
def test_unchanged_pool_picks_everybody_within_two_cycles(weights, start):
    table = Table(weights)
    table.steps(start)
    assert set(table.steps(2 * sum(weights))) == set(range(len(weights)))


@given(st.integers(-100, 100), st.integers(1, 30))
def test_clamped_keeps_at_most_one_lead_either_way(credit, total):
    assert clamped(credit, total) in {credit, total, -total}
    assert abs(clamped(credit, total)) <= total


def test_refund_gives_back_the_payment_up_to_one_lead_of_credit():
    assert refund(credit=-2, paid=3, total=3) == 3
    assert refund(credit=1, paid=3, total=3) == 2
    assert refund(credit=3, paid=3, total=3) == 0
    assert refund(credit=9, paid=3, total=3) == 0


@given(st.integers(1, 9), st.integers(0, 40), st.integers(1, 80))
def test_returned_turn_of_equals_counts_as_none(size, before, after):
    """One returned turn: what counts stays within one of each other ever after."""
    table = Table([1] * size)
    counts = [0] * size
    for n in table.steps(before):
        counts[n] += 1
    returned = table.seats[table.step()]
    back = refund(credit=returned.credit, paid=size, total=size)
    table.seats[returned.member_id] = replace(returned, credit=returned.credit + back)
    for _ in range(after):
        counts[table.step()] += 1
        assert max(counts) - min(counts) <= 1
