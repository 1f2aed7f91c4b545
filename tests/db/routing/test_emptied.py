"""The last one of a pool does not go in silence."""

from datetime import timedelta

import pytest
from django.urls import reverse

from accounts.choices import Role
from accounts.models import TimeOff, User
from accounts.services import add_time_off, pause_user, remove_time_off, resume_user
from handoff.services import offboard_user
from notify.models import Message
from notify.registry import refresh
from routing.models import Member, Pool
from routing.selectors.emptied import emptied_at, emptied_by
from routing.services import add_member, change_member, create_pool
from tests.factories.handoff import NOW, make_world

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def world(time_machine):
    time_machine.move_to(NOW, tick=False)
    return make_world(receivers=2)


def rest(world, user, *, by=None):
    member = Member.objects.get(pool=world.pool, user=user)
    return change_member(member=member, is_active=False, by=by or world.admin, now=NOW)


def told():
    return Message.objects.filter(kind="pool_emptied", channel="inbox").order_by("pk")


def words(now=NOW):
    return [refresh(message, now) for message in told()]


def text(response):
    return response.content.decode()


def post(client, by, name, user, **data):
    client.force_login(by)
    return client.post(reverse(f"accounts:{name}", args=[user.pk]), data)


def test_emptied_looks_at_who_takes_part_and_at_who_is_there(world):
    first, second = world.aes
    assert not emptied_by(first).exists()
    pause_user(user=second, until=NOW + HOUR, by=world.admin, now=NOW)
    assert not emptied_by(first).exists()
    assert list(emptied_at(first, NOW)) == [world.pool]
    assert not emptied_at(first, NOW + HOUR).exists()
    add_time_off(
        user=second,
        starts_at=NOW + 2 * HOUR,
        ends_at=NOW + 3 * HOUR,
        by=world.admin,
        now=NOW,
    )
    assert list(emptied_at(first, NOW + 2 * HOUR)) == [world.pool]
    assert not emptied_at(first, NOW + 3 * HOUR).exists()
    Member.objects.filter(user=second).update(weight=0)
    assert list(emptied_by(first)) == [world.pool]
    # Who takes no part leaves nobody alone.
    assert not emptied_by(second).exists()


def test_last_member_who_rests_is_told_to_the_manager(world):
    rest(world, world.aes[1])
    assert not told().exists()
    rest(world, world.aes[0])
    (message,) = told()
    assert message.recipient == world.manager
    (shown,) = words()
    assert shown.subject == f"{world.pool}: nobody takes leads"
    assert shown.body.startswith(f"{world.aes[0]} takes part no longer, and nobody else is there.")
    # Who rests already changes nothing by resting on.
    rest(world, world.aes[0])
    assert told().count() == 1


def test_manager_who_did_it_is_not_told(world):
    rest(world, world.aes[1])
    rest(world, world.aes[0], by=world.manager)
    assert not told().exists()


def test_message_is_dropped_once_somebody_takes_part_again(world):
    rest(world, world.aes[1])
    rest(world, world.aes[0])
    change_member(
        member=Member.objects.get(user=world.aes[0]), is_active=True, by=world.admin, now=NOW
    )
    assert words() == [None]


def test_last_one_who_leaves_is_told_to_each_pools_manager_of_then(world):
    gone = world.aes[0]
    rest(world, world.aes[1])
    other = create_pool(name="Enterprise", manager=gone, by=world.admin, now=NOW)
    add_member(pool=other, user=gone, by=world.admin, now=NOW)
    successor = world.person("Max After", Role.MANAGER)
    offboard_user(gone, successor=successor, by=world.admin, now=NOW, leaves_pools_empty=True)
    assert {(one.recipient, one.payload["pool"]) for one in told()} == {
        (world.manager, world.pool.pk),
        (successor, other.pk),
    }
    assert all(f"{gone} has left" in one.body for one in words())


def test_pause_of_the_last_one_there_is_told_once(world):
    first, second = world.aes
    pause_user(user=second, by=world.admin, now=NOW)
    assert not told().exists()
    pause_user(user=first, until=NOW + HOUR, by=first, now=NOW)
    pause_user(user=first, until=NOW + 2 * HOUR, by=first, now=NOW + timedelta(minutes=1))
    (shown,) = words()
    assert shown.body.startswith(f"{first} is paused, and nobody else is there.")
    resume_user(user=second, by=world.admin, now=NOW)
    assert words() == [None]


def test_time_off_to_come_of_the_last_one_there_is_told_at_once(world):
    first, second = world.aes
    rest(world, second)
    span = {"starts_at": NOW + 24 * HOUR, "ends_at": NOW + 48 * HOUR}
    kept = add_time_off(user=first, **span, by=first, now=NOW)
    (shown,) = words()
    assert shown.subject == f"{world.pool}: nobody takes leads from Wed 18 Nov, 11:00 on"
    assert told().get().key == f"pool_emptied:{world.pool.pk}:away:{kept.pk}:inbox"


def test_message_of_a_pause_is_dropped_once_the_last_one_is_back(world):
    rest(world, world.aes[1])
    pause_user(user=world.ae, until=NOW + HOUR, by=world.ae, now=NOW)
    assert words()[-1].body.startswith(f"{world.ae} is paused")
    assert words(NOW + HOUR) == [None]
    resume_user(user=world.ae, by=world.ae, now=NOW + timedelta(minutes=1))
    assert words(NOW + timedelta(minutes=1)) == [None]


def test_message_of_time_off_is_dropped_once_it_is_removed_or_over(world):
    rest(world, world.aes[1])
    span = {"starts_at": NOW + 24 * HOUR, "ends_at": NOW + 48 * HOUR}
    kept = add_time_off(user=world.ae, **span, by=world.ae, now=NOW)
    assert [one is None for one in words()] == [False]
    assert [one is None for one in words(NOW + 47 * HOUR)] == [False]
    assert words(NOW + 48 * HOUR) == [None]
    assert words(NOW + timedelta(days=10)) == [None]
    remove_time_off(time_off=kept, by=world.ae, now=NOW)
    assert words() == [None]


def test_manager_who_has_left_is_stood_in_for(world):
    rest(world, world.aes[1])
    User.objects.filter(pk=world.manager.pk).update(is_active=False)
    rest(world, world.aes[0], by=None)
    # The fallback manager is the admin, who did it here.
    assert not told().exists()
    Pool.objects.update(manager=world.manager)


# The pages


def test_pause_page_asks_the_last_one_to_be_sure(world, client):
    first, second = world.aes
    shown = post(client, first, "pause", first, until="")
    assert shown.status_code == 302
    shown = post(client, second, "pause", second, until="")
    assert shown.status_code == 422
    assert f"Nobody else takes leads in {world.pool} then." in text(shown)
    assert not User.objects.get(pk=second.pk).is_paused(NOW)
    shown = post(client, second, "pause", second, until="", is_sure="on")
    assert shown.status_code == 302
    assert User.objects.get(pk=second.pk).is_paused(NOW)
    assert told().get().recipient == world.manager


def test_pause_page_says_beforehand_that_nobody_is_left(world, client):
    rest(world, world.aes[1])
    client.force_login(world.aes[0])
    shown = text(client.get(reverse("accounts:pause", args=[world.aes[0].pk])))
    assert f"Nobody else takes leads in {world.pool} then." in shown
    assert 'type="checkbox" name="is_sure"' in shown
    change_member(
        member=Member.objects.get(user=world.aes[1]), is_active=True, by=world.admin, now=NOW
    )
    shown = text(client.get(reverse("accounts:pause", args=[world.aes[0].pk])))
    assert 'type="hidden" name="is_sure"' in shown


def test_time_off_page_asks_the_last_one_to_be_sure_and_keeps_what_was_typed(world, client):
    first, second = world.aes
    rest(world, second)
    data = {"starts_at": "2026-11-18T09:00", "ends_at": "2026-11-19T09:00", "note": "Dentist"}
    shown = post(client, first, "time_off_add", first, **data)
    assert shown.status_code == 422
    assert "owned by Helen Brandt, until somebody does." in text(shown)
    assert 'value="Dentist"' in text(shown)
    assert not TimeOff.objects.exists()
    shown = post(client, first, "time_off_add", first, **data, is_sure="on")
    assert shown.status_code == 302
    assert TimeOff.objects.get().note == "Dentist"
    # Whoever is the only one of no pool is asked nothing.
    assert post(client, world.sdr, "time_off_add", world.sdr, **data).status_code == 302


def test_time_off_page_with_bad_times_does_not_ask_about_the_pool(world, client):
    rest(world, world.aes[1])
    shown = post(client, world.ae, "time_off_add", world.ae, starts_at="x", ends_at="")
    assert shown.status_code == 422
    assert "Nobody else takes leads" not in text(shown)
