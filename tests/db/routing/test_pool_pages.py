"""The pages on which pools, members and capacities are changed, and what they tell."""

import pytest
from django.urls import reverse

from routing.models import Load, Member, Pool
from tests.factories.handoff import NOW, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(client, time_machine):
    time_machine.move_to(NOW, tick=False)
    world = make_world()
    client.force_login(world.admin)
    return world


def address(name, member):
    return reverse(f"admin:routing_member_{name}", args=[member.pk])


def seats(world):
    return list(Member.objects.order_by("pk"))


def told(answer):
    return " ".join(str(message) for message in answer.context["messages"])


def test_member_change_tells_from_when_and_what_stays(client, world):
    handoff = world.submitted()
    member = Member.objects.get(user=world.receiver_of(handoff))
    data = {"weight": "3", "is_active": "on"}
    answer = client.post(address("edit", member), data, follow=True)
    assert "with weight 3, from the next lead on" in told(answer)
    assert "1 open lead stays where it is." in told(answer)


def test_last_active_member_rests_only_after_a_second_word(client, world):
    first, last = seats(world)
    assert client.post(address("edit", first), {"weight": "1"}).status_code == 302
    page = client.get(address("edit", last)).content.decode()
    assert "New leads would wait in holding" in page
    for change in ({"weight": "1"}, {"weight": "0", "is_active": "on"}):
        assert client.post(address("edit", last), change).status_code == 422
    last.refresh_from_db()
    assert (last.is_active, last.weight) == (True, 1)
    answer = client.post(address("edit", last), {"weight": "1", "is_sure": "on"}, follow=True)
    assert "they wait in holding with Helen Brandt" in told(answer)
    last.refresh_from_db()
    assert not last.is_active


def test_member_who_is_not_the_last_is_not_asked_twice(client, world):
    assert "is_sure" not in client.get(address("edit", seats(world)[0])).content.decode()


def test_backup_is_chosen_among_the_other_members(client, world):
    one, other = seats(world)
    answer = client.post(address("backup", one), {"backup": other.pk}, follow=True)
    assert f"{other.user} takes over from {one.user}" in told(answer)
    one.refresh_from_db()
    assert one.backup == other
    assert client.post(address("backup", one), {"backup": one.pk}).status_code == 422
    # A circle is refused by the service, at the field.
    answer = client.post(address("backup", other), {"backup": one.pk})
    assert answer.status_code == 400
    assert answer.context["form"].errors["backup"]


def test_capacity_below_the_load_takes_nothing_away_and_says_so(client, world):
    handoff = world.submitted()
    member = Member.objects.get(user=world.receiver_of(handoff))
    answer = client.post(address("capacity", member), {"capacity": "1"}, follow=True)
    assert "1 open lead stays where it is." in told(answer)
    assert "No new one comes before there is room." in told(answer)
    assert Load.objects.get(user=member.user).open_count == 1


def test_pool_change_keeps_what_it_holds_and_says_what_hand_given_leads_cost(client, world):
    data = {"name": "Mid-market", "manager": world.manager.pk, "manual_costs_turn": "on"}
    target = reverse("admin:routing_pool_edit", args=[world.pool.pk])
    answer = client.post(target, data, follow=True)
    assert "counts as a turn from the next one on" in told(answer)
    assert Pool.objects.get(pk=world.pool.pk).manual_costs_turn
    assert "count as a turn" in answer.content.decode()
