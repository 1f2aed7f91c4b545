"""What follows a turn: the slot comes free, the turn may be given back."""

import pytest

from routing.choices import TurnKind
from routing.models import CreditNote, Load, Member
from routing.services import change_member, give_back, release
from tests.factories.accounts import NOW
from tests.factories.routing import make_pool, members, order, picks, take

pytestmark = pytest.mark.django_db


def open_counts():
    return list(Load.objects.order_by("pk").values_list("open_count", flat=True))


def credits_in(pool):
    return [member.credit for member in members(pool)]


def test_release_frees_the_slot_for_the_next_pick():
    pool = make_pool([1, 1], capacity=1)
    first, _ = take(pool), take(pool)
    assert take(pool) is None
    release(turn=first, now=NOW)
    assert open_counts() == [0, 1]
    assert picks(pool, 2) == "a-"


def test_release_never_counts_below_0():
    pool = make_pool([1])
    turn = take(pool)
    release(turn=turn, now=NOW)
    release(turn=turn, now=NOW)
    assert open_counts() == [0]


def test_give_back_returns_the_payment_so_that_the_turn_counts_as_none():
    pool = make_pool([1, 1, 1])
    note = give_back(turn=take(pool), reason="fixed", now=NOW)
    assert (note.amount, note.reason, note.at) == (3, "fixed", NOW)
    assert credits_in(pool) == [1, 1, 1]
    # Everybody stands level, and who waited longest comes first.
    assert picks(pool, 6) == "bcabca"


def test_give_back_in_a_weighted_pool_leaves_the_full_share_still_to_come():
    pool = make_pool([5, 1, 1])
    give_back(turn=take(pool), reason="fixed", now=NOW)
    assert sorted(picks(pool, 7)) == list("aaaaabc")


def test_give_back_twice_adds_once():
    pool = make_pool([1, 1, 1])
    turn = take(pool)
    assert give_back(turn=turn, reason="fixed", now=NOW) is not None
    assert give_back(turn=turn, reason="conceded", now=NOW) is None
    assert credits_in(pool) == [1, 1, 1]
    assert CreditNote.objects.get().reason == "fixed"


def test_give_back_never_lifts_a_credit_above_one_lead():
    pool = make_pool([1, 1, 1])
    turn = take(pool)
    Member.objects.filter(pk=turn.member_id).update(credit=2)
    assert give_back(turn=turn, reason="fixed", now=NOW).amount == 1
    assert credits_in(pool)[0] == 3


def test_give_back_to_a_credit_above_one_lead_takes_nothing_away():
    pool = make_pool([1, 1, 1])
    turn = take(pool)
    Member.objects.filter(pk=turn.member_id).update(credit=7)
    assert give_back(turn=turn, reason="fixed", now=NOW).amount == 0
    assert credits_in(pool)[0] == 7


def test_give_back_measures_by_the_weight_of_today():
    pool = make_pool([1, 1, 1])
    turn = take(pool)
    for member in members(pool)[1:]:
        change_member(member=member, is_active=False, by=None, now=NOW)
    assert credits_in(pool)[0] == -1
    assert give_back(turn=turn, reason="fixed", now=NOW).amount == 2
    assert credits_in(pool)[0] == 1


def test_give_back_of_a_turn_out_of_order_lets_the_rotation_decide():
    pool = make_pool([1, 1, 1])
    c = members(pool)[2]
    turn = take(pool, firsts=((c.user_id, TurnKind.RETURNING),))
    give_back(turn=turn, reason="conflict", now=NOW)
    assert order(pool, [take(pool) for _ in range(3)]) == "abc"
