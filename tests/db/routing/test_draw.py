"""Picks on the database: order, eligibility, capacity, and what a turn records."""

from datetime import UTC, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import TimeOff, User
from routing.choices import TurnKind
from routing.models import Load, Member, Pool, Turn
from routing.rules import Period
from routing.services import StaleDraw, open_draw, take_turn
from tests.factories.accounts import NOW
from tests.factories.routing import make_people, make_pool, members, order, picks, take
from tests.unit.routing.model import Rotation

HOUR = timedelta(hours=1)

pytestmark = pytest.mark.django_db


def change(member, **fields):
    User.objects.filter(pk=member.user_id).update(**fields)


def first(member, kind=TurnKind.RETURNING):
    return ((member.user_id, kind),)


def away(member, starts_at, ends_at):
    TimeOff.objects.create(user_id=member.user_id, starts_at=starts_at, ends_at=ends_at)


@pytest.mark.parametrize(
    ("weights", "expected"),
    [([5, 1, 1], "aabacaa" * 2), ([1, 1, 1], "abcabc"), ([2, 1], "abaaba"), ([1, 0, 1], "acac")],
)
def test_take_turn_weights_give_the_known_order(weights, expected):
    assert picks(make_pool(weights), len(expected)) == expected


def test_take_turn_numbers_the_ledger_without_gap():
    pool = make_pool()
    picks(pool, 7)
    assert list(Turn.objects.order_by("pk").values_list("sequence", flat=True)) == [*range(1, 8)]
    pool.refresh_from_db()
    assert pool.sequence == 7


def test_take_turn_records_who_why_out_of_whom():
    pool = make_pool([3, 1, 1, 1])
    a, b, c, d = members(pool)
    away(c, NOW - HOUR, NOW + HOUR)
    Load.objects.filter(user=d.user_id).update(open_count=12, capacity=12)
    turn = take(pool)
    turn.refresh_from_db()
    assert (turn.user_id, turn.member_id, turn.kind, turn.rule) == (
        a.user_id,
        a.pk,
        "rotation",
        None,
    )
    assert (turn.sequence, turn.at) == (1, NOW)
    assert turn.candidates == [[a.user_id, 3, 0], [b.user_id, 1, 0]]
    assert turn.exclusions == [
        {"user": c.user_id, "code": "time_off", "until": (NOW + HOUR).isoformat()},
        {"user": d.user_id, "code": "at_capacity", "open": 12, "capacity": 12},
    ]
    assert (turn.credit_before, turn.credit_after) == (0, -1)
    assert [member.credit for member in members(pool)] == [-1, 1, 0, 0]
    assert Load.objects.get(user=a.user_id).open_count == 1


@pytest.mark.parametrize(
    ("reason", "fields"),
    [
        ("inactive", {"is_active": False}),
        ("paused", {"paused_at": NOW}),
        ("paused", {"paused_at": NOW - HOUR, "paused_until": NOW + HOUR}),
    ],
)
def test_take_turn_passes_over_a_person_who_is_out(reason, fields):
    pool = make_pool()
    change(members(pool)[1], **fields)
    assert picks(pool, 4) == "acac"
    assert {entry["code"] for turn in Turn.objects.all() for entry in turn.exclusions} == {reason}


def test_take_turn_passes_over_a_member_who_rests():
    pool = make_pool()
    Member.objects.filter(pk=members(pool)[0].pk).update(is_active=False)
    assert picks(pool, 4) == "bcbc"


def test_take_turn_time_off_holds_from_its_start_up_to_its_end():
    pool = make_pool([1, 1])
    away(members(pool)[0], NOW, NOW + HOUR)
    late = NOW + HOUR - timedelta(microseconds=1)
    early = NOW - timedelta(microseconds=1)
    instants = (early, NOW, late, NOW + HOUR, NOW + HOUR)
    assert order(pool, [take(pool, now=now) for now in instants]) == "abbba"


def test_take_turn_overlapping_time_off_ends_with_the_later_one():
    pool = make_pool([1, 1])
    away(members(pool)[0], NOW - HOUR, NOW + HOUR)
    away(members(pool)[0], NOW, NOW + 2 * HOUR)
    assert take(pool).exclusions[0]["until"] == (NOW + 2 * HOUR).isoformat()


def test_take_turn_nobody_eligible_is_none_and_leaves_no_trace():
    pool = make_pool([1, 1])
    User.objects.update(is_active=False)
    assert take(pool) is None
    pool.refresh_from_db()
    assert pool.sequence == 0
    assert not Turn.objects.exists()
    assert {member.credit for member in members(pool)} == {0}


def test_take_turn_empty_pool_is_none():
    assert take(make_pool([])) is None


def test_take_turn_fills_everybody_to_capacity_and_no_further():
    pool = make_pool([1, 1, 1], capacity=2)
    assert picks(pool, 8) == "abcabc--"
    assert set(Load.objects.values_list("open_count", flat=True)) == {2}


def test_take_turn_capacity_counts_over_all_pools():
    people = make_people(2)
    first, second = make_pool([1, 1], people=people, capacity=1), make_pool([1, 1], people=people)
    assert picks(first, 1) == "a"
    assert picks(second, 2) == "b-"


def test_take_turn_person_without_a_load_gets_one():
    pool = make_pool([1, 1])
    Load.objects.all().delete()
    assert picks(pool, 3) == "aba"
    assert sorted(Load.objects.values_list("open_count", flat=True)) == [1, 2]


def test_take_turn_slot_lost_after_the_draw_goes_to_the_next_and_costs_the_loser_nothing():
    pool = make_pool([1, 1, 1], capacity=1)
    a, b, c = members(pool)
    with transaction.atomic():
        draw = open_draw(pool_id=pool.pk, now=NOW)
        # What another pool does between the draw's reading and the pick.
        Load.objects.filter(user=a.user_id).update(open_count=1)
        turn = take_turn(draw, kind=TurnKind.ROTATION, rule=None)
    assert turn.user_id == b.user_id
    assert turn.exclusions == [{"user": a.user_id, "code": "at_capacity", "open": 1, "capacity": 1}]
    assert [member.credit for member in members(pool)] == [0, -1, 1]
    assert Load.objects.get(user=a.user_id).open_count == 1
    assert [seat.user_id for seat in draw.seats] == [c.user_id]


def test_take_turn_barred_user_is_passed_over_keeps_the_credit_and_is_recorded():
    pool = make_pool()
    a, _, _ = members(pool)
    turn = take(pool, barred={a.user_id: "conflict"})
    assert order(pool, [turn]) == "b"
    assert turn.exclusions == [{"user": a.user_id, "code": "conflict"}]
    assert members(pool)[0].credit == 0


def test_take_turn_everybody_barred_is_none():
    pool = make_pool()
    assert take(pool, barred=dict.fromkeys([m.user_id for m in members(pool)], "timed_out")) is None


def test_take_turn_first_goes_before_the_rotation_and_pays():
    pool = make_pool()
    c = members(pool)[2]
    turn = take(pool, firsts=first(c))
    assert (turn.user_id, turn.kind) == (c.user_id, TurnKind.RETURNING)
    assert [member.credit for member in members(pool)] == [1, 1, -2]
    assert picks(pool, 5) == "abcab"


def test_take_turn_first_who_is_away_leaves_a_turn_of_rotation():
    pool = make_pool()
    c = members(pool)[2]
    away(c, NOW, NOW + HOUR)
    turn = take(pool, firsts=first(c))
    assert (order(pool, [turn]), turn.kind) == ("a", TurnKind.ROTATION)


def test_take_turn_first_who_is_barred_is_passed_over():
    pool = make_pool()
    a = members(pool)[0]
    assert order(pool, [take(pool, firsts=first(a), barred={a.user_id: "conflict"})]) == "b"


def test_take_turn_from_holding_keeps_its_kind():
    assert take(make_pool(), kind=TurnKind.DRAINED).kind == TurnKind.DRAINED


def test_take_turn_return_from_leave_comes_in_with_at_most_one_lead_owed():
    pool = make_pool([1, 1, 1])
    a, _, _ = members(pool)
    picks(pool, 1)
    away(a, NOW, NOW + HOUR)
    picks(pool, 4)
    Member.objects.filter(pk=a.pk).update(credit=50)
    turn = take(pool, now=NOW + HOUR)
    assert (turn.user_id, turn.credit_before, turn.credit_after) == (a.user_id, 3, 1)
    assert members(pool)[0].credit == 1


def test_take_turn_being_full_or_barred_is_no_leave_and_forgives_no_debt():
    pool = make_pool([1, 1], capacity=20)
    a, _ = members(pool)
    for _ in range(4):
        take(pool, firsts=first(a))
    Load.objects.filter(user=a.user_id).update(capacity=0)
    take(pool)
    Load.objects.filter(user=a.user_id).update(capacity=20)
    take(pool, barred={a.user_id: "conflict"})
    assert members(pool)[0].credit == -4
    assert picks(pool, 3) == "bbb"


def test_take_turn_several_from_one_draw_equal_as_many_single_ones():
    singles, bulk = make_pool([3, 2, 1], capacity=4), make_pool([3, 2, 1], capacity=4)
    one_by_one = [take(singles) for _ in range(15)]
    with transaction.atomic():
        draw = open_draw(pool_id=bulk.pk, now=NOW)
        together = [take_turn(draw, kind=TurnKind.ROTATION, rule=None) for _ in range(15)]
    assert order(singles, one_by_one) == order(bulk, together)
    assert [m.credit for m in members(singles)] == [m.credit for m in members(bulk)]
    for single, other in zip(one_by_one[:12], together[:12], strict=True):
        assert [row[1:] for row in single.candidates] == [row[1:] for row in other.candidates]
        assert [row["code"] for row in single.exclusions] == [r["code"] for r in other.exclusions]


def test_open_draw_shows_who_is_eligible_and_why_others_are_not():
    pool = make_pool([2, 0, 1])
    a, b, c = members(pool)
    change(c, paused_at=NOW)
    with transaction.atomic():
        draw = open_draw(pool_id=pool.pk, now=NOW)
    assert (draw.pool, draw.now) == (pool, NOW)
    assert [(seat.user_id, seat.weight) for seat in draw.seats] == [(a.user_id, 2)]
    codes = {user: excluded.code for user, excluded in draw.exclusions.items()}
    assert codes == {b.user_id: "no_weight", c.user_id: "paused"}


def test_open_draw_of_no_pool_says_so():
    with pytest.raises(Pool.DoesNotExist):
        open_draw(pool_id=0, now=NOW)


@pytest.mark.django_db(transaction=True)
def test_open_draw_outside_a_transaction_is_refused():
    pool = make_pool()
    with pytest.raises(transaction.TransactionManagementError, match="pool's lock"):
        open_draw(pool_id=pool.pk, now=NOW)
    with transaction.atomic():
        draw = open_draw(pool_id=pool.pk, now=NOW)
    with pytest.raises(transaction.TransactionManagementError, match="pool's lock"):
        take_turn(draw, kind=TurnKind.ROTATION, rule=None)


def test_take_turn_from_a_draw_that_is_over_is_refused():
    pool = make_pool()
    with transaction.atomic():
        old = open_draw(pool_id=pool.pk, now=NOW)
    take(pool)
    with pytest.raises(StaleDraw), transaction.atomic():
        take_turn(old, kind=TurnKind.ROTATION, rule=None)
    assert Load.objects.filter(open_count=1).count() == 1


def count_queries(pool, **options):
    with CaptureQueriesContext(connection) as queries:
        take(pool, **options)
    return len(queries)


def test_take_turn_costs_as_many_queries_for_three_members_as_for_sixty():
    small, large = make_pool([1] * 3), make_pool([1] * 60)
    barred = [{members(pool)[1].user_id: "conflict"} for pool in (small, large)]
    for pool in (small, large):
        away(members(pool)[-1], NOW, NOW + HOUR)
        take(pool)
    # The first lead of somebody's day costs a statement more, whatever the pool's size.
    today = Period.at(NOW, UTC)
    Load.objects.update(day=today.day, week=today.week)
    assert count_queries(small) == count_queries(large) <= 10
    assert count_queries(small, barred=barred[0]) == count_queries(large, barred=barred[1])


def test_turn_cannot_be_changed_or_removed():
    turn = take(make_pool())
    with pytest.raises(IntegrityError), transaction.atomic():
        Turn.objects.filter(pk=turn.pk).update(sequence=9)
    with pytest.raises(IntegrityError), transaction.atomic():
        Turn.objects.filter(pk=turn.pk).delete()


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.integers(0, 6), min_size=5, max_size=5),
    st.lists(
        st.tuples(
            st.sets(st.integers(0, 4), max_size=3),
            st.sets(st.integers(0, 4), max_size=1),
            st.sets(st.integers(0, 4), max_size=1),
        ),
        max_size=20,
    ),
)
def test_picks_follow_the_model_through_weights_leave_and_full_people(weights, rounds):
    """Each round says who is away, who is full, and who is barred from this lead."""
    pool = make_pool(weights)
    users = [member.user_id for member in members(pool)]
    model = Rotation(enumerate(weights))
    for gone, full, barred in rounds:
        User.objects.filter(pk__in=users).update(paused_at=None)
        User.objects.filter(pk__in=[users[n] for n in gone]).update(paused_at=NOW)
        Load.objects.filter(user__in=users).update(capacity=None)
        Load.objects.filter(user__in=[users[n] for n in full]).update(capacity=0)
        turn = take(pool, barred={users[n]: "conflict" for n in barred})
        present = {n for n in range(5) if weights[n] and n not in gone}
        expected = model.step(present - full - barred, busy=(full | barred) & present)
        assert (turn and users.index(turn.user_id)) == expected
    assert [member.credit for member in members(pool)] == [model.credit[n] for n in range(5)]
