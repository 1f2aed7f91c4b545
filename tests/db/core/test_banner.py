"""Every page says when the work behind the pages stands still."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from core import banner
from core.loops import registered_loops
from core.models import Heartbeat
from tests.factories.handoff import NOW, make_world

SAID = "Clocks and messages are running late."


def beat_all(age_seconds):
    at = timezone.now() - timedelta(seconds=age_seconds)
    for loop in registered_loops():
        Heartbeat.objects.update_or_create(loop=loop.name, defaults={"at": at, "worker": "w"})


@pytest.fixture
def world(time_machine):
    time_machine.move_to(NOW, tick=False)
    return make_world(receivers=1)


def read(client, user, name="notify:inbox"):
    client.force_login(user)
    answer = client.get(reverse(name))
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("who", ["sdr", "ae", "manager", "admin"])
def test_banner_is_read_by_everybody_while_a_loop_stands_still(world, client, who):
    beat_all(3_600)
    assert SAID in read(client, getattr(world, who))


@pytest.mark.django_db
def test_banner_leads_admins_and_nobody_else_to_health(world, client):
    beat_all(3_600)
    assert read(client, world.admin).count(reverse("health")) == 2  # the menu, and the banner
    assert reverse("health") not in read(client, world.manager)


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["notify:inbox", "admin:routing_pool_changelist", "handoff:list"])
def test_banner_is_on_lists_and_pages_and_gone_when_all_tick(world, client, name):
    beat_all(3_600)
    assert SAID in read(client, world.manager, name)
    beat_all(1)
    page = read(client, world.manager, name)
    assert SAID not in page
    # Nothing at all, or an empty box would take its place.
    assert '<div class="late-loops" id="late-loops"></div>' in page


@pytest.mark.django_db
def test_banner_of_a_new_installation_waits_for_its_first_tick(
    world, client, settings, monkeypatch
):
    settings.LOOP_GRACE_SECONDS = 3_600
    monkeypatch.setattr(banner, "_UP_SINCE", banner.time.monotonic() - 1_800)
    assert SAID not in read(client, world.sdr)
    monkeypatch.setattr(banner, "_UP_SINCE", banner.time.monotonic() - 3_601)
    assert SAID in read(client, world.sdr)


@pytest.mark.django_db
def test_banner_costs_a_page_one_query(world, client):
    beat_all(3_600)
    client.force_login(world.sdr)
    with CaptureQueriesContext(connection) as seen:
        client.get(reverse("notify:inbox"))
    asked = [one["sql"] for one in seen if "core_heartbeat" in one["sql"]]
    assert len(asked) == 1


@pytest.mark.django_db(transaction=True)
def test_pages_are_read_where_the_heartbeats_cannot_be(world, client, caplog):
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE core_heartbeat RENAME TO core_heartbeat_away")
    try:
        assert SAID not in read(client, world.sdr)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE core_heartbeat_away RENAME TO core_heartbeat")
    assert "heartbeats not read" in caplog.text
