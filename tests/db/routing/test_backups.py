"""Who stands in for whom, and turns that somebody is given by name."""

import pytest
from django.db import transaction

from accounts.choices import Role
from core.errors import NotPermitted
from routing.choices import TurnKind
from routing.models import Load, Member, Turn
from routing.services import (
    InvalidPool,
    add_member,
    create_pool,
    give_back,
    open_draw,
    set_backup,
    set_capacity,
    take_turn,
    take_turn_for,
)
from tests.factories.handoff import NOW, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(db):
    return make_world(receivers=3)


def member(world, n):
    return world.pool.members.get(user=world.aes[n])


def code(refused):
    return refused.value.problems[0].code


def by_name(world, user, *, costs_credit=False):
    with transaction.atomic():
        draw = open_draw(pool_id=world.pool.pk, now=NOW)
        return take_turn_for(
            draw, user_id=user.pk, kind=TurnKind.MANUAL, rule=None, costs_credit=costs_credit
        )


def credits_of(world):
    return dict(Member.objects.filter(pool=world.pool).values_list("user", "credit"))


def test_set_backup_by_the_member_the_manager_and_an_admin_is_kept(world):
    for by in (world.aes[0], world.manager, world.admin):
        set_backup(member=member(world, 0), backup=None, by=world.admin, now=NOW)
        set_backup(member=member(world, 0), backup=member(world, 1), by=by, now=NOW)
        assert member(world, 0).backup == member(world, 1)


def test_set_backup_by_a_colleague_is_not_permitted(world):
    with pytest.raises(NotPermitted):
        set_backup(member=member(world, 0), backup=member(world, 1), by=world.aes[1], now=NOW)


def test_set_backup_that_closes_a_circle_is_refused(world):
    set_backup(member=member(world, 0), backup=member(world, 1), by=None, now=NOW)
    set_backup(member=member(world, 1), backup=member(world, 2), by=None, now=NOW)
    with pytest.raises(InvalidPool) as refused:
        set_backup(member=member(world, 2), backup=member(world, 0), by=None, now=NOW)
    assert code(refused) == "circle"
    with pytest.raises(InvalidPool) as refused:
        set_backup(member=member(world, 0), backup=member(world, 0), by=None, now=NOW)
    assert code(refused) == "own_backup"


def test_set_backup_from_another_pool_or_at_rest_is_refused(world):
    other = create_pool(name="Other", manager=world.manager, by=world.admin, now=NOW)
    elsewhere = add_member(pool=other, user=world.aes[1], by=world.admin, now=NOW)
    with pytest.raises(InvalidPool) as refused:
        set_backup(member=member(world, 0), backup=elsewhere, by=None, now=NOW)
    assert code(refused) == "other_pool"
    Member.objects.filter(pk=member(world, 1).pk).update(is_active=False)
    with pytest.raises(InvalidPool) as refused:
        set_backup(member=member(world, 0), backup=member(world, 1), by=None, now=NOW)
    assert code(refused) == "inactive"


def test_take_turn_first_is_of_the_kind_asked_for(world):
    with transaction.atomic():
        draw = open_draw(pool_id=world.pool.pk, now=NOW)
        last = world.aes[2].pk
        firsts = ((0, TurnKind.OWNER), (last, TurnKind.BACKUP), (last, TurnKind.EARLIER))
        turn = take_turn(draw, kind=TurnKind.ROTATION, rule=None, firsts=firsts)
        other = take_turn(draw, kind=TurnKind.ROTATION, rule=None, firsts=firsts[:1])
    assert (turn.user_id, turn.kind) == (last, TurnKind.BACKUP)
    assert other.kind == TurnKind.ROTATION
    assert sum(credits_of(world).values()) == 0


def test_take_turn_for_an_outsider_has_no_member_and_costs_nobody(world):
    outsider = world.person("Out Sider", Role.AE)
    turn = by_name(world, outsider, costs_credit=True)
    assert (turn.member, turn.candidates, turn.credit_after) == (None, [], 0)
    assert Load.objects.get(user=outsider).open_count == 1
    assert set(credits_of(world).values()) == {0}
    assert give_back(turn=turn, reason="fixed", now=NOW).amount == 0


def test_take_turn_for_a_member_moves_the_rotation_only_where_it_costs(world):
    free = by_name(world, world.aes[1])
    assert set(credits_of(world).values()) == {0}
    paid = by_name(world, world.aes[1], costs_credit=True)
    assert credits_of(world) == {world.aes[0].pk: 1, world.aes[1].pk: -2, world.aes[2].pk: 1}
    assert [free.sequence, paid.sequence] == [1, 2]
    assert Turn.objects.count() == 2


def test_take_turn_for_who_is_full_exceeds_the_capacity(world):
    set_capacity(user=world.aes[0], capacity=0, by=world.admin, now=NOW)
    by_name(world, world.aes[0], costs_credit=True)
    assert Load.objects.get(user=world.aes[0]).open_count == 1
    assert sum(credits_of(world).values()) == 0


def test_take_turn_for_the_last_slot_leaves_the_draw_without_them(world):
    set_capacity(user=world.aes[0], capacity=1, by=world.admin, now=NOW)
    with transaction.atomic():
        draw = open_draw(pool_id=world.pool.pk, now=NOW)
        take_turn_for(
            draw, user_id=world.aes[0].pk, kind=TurnKind.MANUAL, rule=None, costs_credit=False
        )
        assert world.aes[0].pk not in {seat.user_id for seat in draw.seats}
