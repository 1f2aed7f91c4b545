"""Pools and members: who may change them, what is refused, what becomes of credits."""

import pytest

from accounts.choices import Role
from core.errors import NotPermitted
from routing.models import Load, Member, Pool
from routing.services import (
    InvalidPool,
    add_member,
    change_member,
    create_pool,
    set_capacity,
)
from tests.factories.accounts import NOW, make_team, make_user
from tests.factories.routing import make_pool, members, picks, take

pytestmark = pytest.mark.django_db


def refused(call, **arguments):
    """Field and code of each problem."""
    with pytest.raises(InvalidPool) as caught:
        call(by=None, now=NOW, **arguments)
    assert caught.value.message
    return [(problem.field, problem.code) for problem in caught.value.problems]


def credits_in(pool):
    return [member.credit for member in members(pool)]


def test_create_pool_keeps_name_manager_and_who_made_it():
    admin, manager = make_user(roles=[Role.ADMIN]), make_user(roles=[Role.MANAGER])
    pool = create_pool(name="  DACH ", manager=manager, by=admin, now=NOW)
    assert (pool.name, pool.manager, pool.sequence) == ("DACH", manager, 0)
    record = pool.history.get()
    assert (record.history_user, record.history_date) == (admin, NOW)


def test_create_pool_refuses_what_cannot_be_kept():
    manager, gone = make_user(), make_user()
    gone.is_active = False
    Pool.objects.create(name="DACH", manager=manager)
    assert refused(create_pool, name=" ", manager=manager) == [("name", "required")]
    assert refused(create_pool, name="DACH", manager=gone) == [
        ("name", "taken"),
        ("manager", "inactive"),
    ]


@pytest.mark.parametrize("role", [Role.SDR, Role.AE, Role.MANAGER])
def test_create_pool_by_anybody_but_an_admin_is_refused(role):
    user = make_user(roles=[role])
    with pytest.raises(NotPermitted):
        create_pool(name="DACH", manager=user, by=user, now=NOW)


def test_add_member_joins_with_credit_0_and_a_load_and_moves_nobody():
    pool = make_pool([1, 1, 1])
    picks(pool, 4)
    before = credits_in(pool)
    newcomer = make_user()
    member = add_member(pool=pool, user=newcomer, by=None, now=NOW)
    assert (member.weight, member.credit, member.is_active) == (1, 0, True)
    assert credits_in(pool) == [*before, 0]
    assert Load.objects.get(user=newcomer).capacity is None
    assert picks(pool, 8) == "bcdabcda"


def test_add_member_keeps_the_load_from_another_pool():
    user = make_user()
    set_capacity(user=user, capacity=3, by=None, now=NOW)
    add_member(pool=make_pool(), user=user, weight=1000, by=None, now=NOW)
    assert Load.objects.get(user=user).capacity == 3


def test_add_member_refuses_what_cannot_be_kept():
    pool = make_pool([1])
    there, gone = members(pool)[0].user, make_user()
    gone.is_active = False
    assert refused(add_member, pool=pool, user=there) == [("user", "taken")]
    assert refused(add_member, pool=pool, user=gone) == [("user", "inactive")]
    for weight in (-1, 1001):
        problems = refused(add_member, pool=pool, user=make_user(), weight=weight)
        assert problems == [("weight", "out_of_range")]


def test_members_are_changed_by_the_pools_manager_or_an_admin_only():
    pool = make_pool()
    member = members(pool)[0]
    ours, other = make_user(roles=[Role.MANAGER]), make_user(roles=[Role.MANAGER])
    Pool.objects.filter(pk=pool.pk).update(manager=ours)
    pool.refresh_from_db()
    member.refresh_from_db()
    for by in (ours, make_user(roles=[Role.ADMIN])):
        assert change_member(member=member, weight=2, by=by, now=NOW).weight == 2
        add_member(pool=pool, user=make_user(), by=by, now=NOW)
    for by in (other, make_user(roles=[Role.AE]), make_user(roles=[Role.SDR])):
        with pytest.raises(NotPermitted):
            change_member(member=member, weight=9, by=by, now=NOW)
        with pytest.raises(NotPermitted):
            add_member(pool=pool, user=make_user(), by=by, now=NOW)
    assert Member.objects.get(pk=member.pk).weight == 2


def test_change_member_keeps_the_credit_and_what_is_not_given():
    pool = make_pool([2, 1])
    take(pool)
    member = change_member(member=members(pool)[1], weight=3, by=None, now=NOW)
    assert (member.weight, member.is_active, member.credit) == (3, True, 1)
    member = change_member(member=member, is_active=False, by=None, now=NOW)
    assert (member.weight, member.is_active) == (3, False)


def test_change_member_refuses_a_weight_out_of_range():
    member = members(make_pool())[0]
    assert refused(change_member, member=member, weight=1001) == [("weight", "out_of_range")]


def test_change_member_clamps_credits_to_the_new_weight_of_the_pool():
    pool = make_pool([100, 1, 1])
    picks(pool, 30)
    assert credits_in(pool) == [-60, 30, 30]
    change_member(member=members(pool)[0], weight=1, by=None, now=NOW)
    assert credits_in(pool) == [-3, 3, 3]


def test_change_member_heavy_one_gone_leaves_no_run_of_leads_for_one_of_the_rest():
    pool = make_pool([100, 1, 1])
    picks(pool, 52)
    change_member(member=members(pool)[0], is_active=False, by=None, now=NOW)
    assert credits_in(pool)[1:] in ([-2, 2], [2, -2])
    following = picks(pool, 8)
    assert {following[n : n + 4].count("b") for n in (0, 4)} <= {1, 2, 3}
    assert set(following[:4]) == {"b", "c"}


def test_change_member_resting_one_keeps_the_credit_until_back():
    pool = make_pool([4, 1, 1])
    take(pool)
    resting = change_member(member=members(pool)[0], is_active=False, by=None, now=NOW)
    assert resting.credit == -2
    picks(pool, 2)
    assert change_member(member=resting, is_active=True, by=None, now=NOW).credit == -2


def test_change_member_weight_0_takes_the_member_out_of_the_rotation():
    pool = make_pool()
    change_member(member=members(pool)[0], weight=0, by=None, now=NOW)
    assert picks(pool, 4) == "bcbc"


def test_change_member_last_weight_gone_leaves_the_credits_alone():
    pool = make_pool([1, 1])
    take(pool)
    for member in members(pool):
        change_member(member=member, is_active=False, by=None, now=NOW)
    assert credits_in(pool) == [-1, 1]


def test_set_capacity_keeps_the_open_count_and_says_what_is_open():
    pool = make_pool([1])
    picks(pool, 3)
    user = members(pool)[0].user
    load = set_capacity(user=user, capacity=2, by=None, now=NOW)
    assert (load.capacity, load.open_count) == (2, 3)
    assert take(pool) is None
    assert set_capacity(user=user, capacity=None, by=None, now=NOW).capacity is None
    assert take(pool) is not None


def test_set_capacity_refuses_what_cannot_be_meant():
    for capacity in (-1, 1_000_001, 10**20):
        problems = refused(set_capacity, user=make_user(), capacity=capacity)
        assert problems == [("capacity", "out_of_range")]


def test_set_capacity_is_for_the_persons_manager_or_an_admin():
    ae, manager, other = make_user(), make_user(roles=[Role.MANAGER]), make_user()
    make_team(managers=[manager], people=[ae])
    for by in (manager, make_user(roles=[Role.ADMIN])):
        assert set_capacity(user=ae, capacity=4, by=by, now=NOW).history.count() > 0
    for by in (ae, other, make_user(roles=[Role.MANAGER])):
        with pytest.raises(NotPermitted):
            set_capacity(user=ae, capacity=9, by=by, now=NOW)
