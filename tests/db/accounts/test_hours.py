"""Working hours per person: who chooses them, how they are drawn, what saving tells."""

from datetime import UTC, datetime

import pytest
from django.urls import reverse

from accounts.models import User
from accounts.services import add_time_off, set_hours
from core.errors import NotPermitted
from tests.factories.handoff import NOW, make_world
from worktime.rules import preset_calendars
from worktime.rules.presets import OFFICE_HOURS
from worktime.services import create_calendar, retire_calendar

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(client, time_machine):
    time_machine.move_to(NOW, tick=False)
    return make_world()


@pytest.fixture
def late(world):
    data = preset_calendars("Europe/Berlin")[OFFICE_HOURS]
    windows = [{"day": "mon", "start": "12:00", "end": "20:00"}]
    return create_calendar(name="Late shift", data=data | {"windows": windows}, by=None, now=NOW)


def address(user):
    return reverse("accounts:hours", args=[user.pk])


def spans(answer, day):
    days = {one.day.isoformat(): one for one in answer.context["shown"].timetable.days}
    return [(span.kind, span.words) for span in days[day].spans]


def test_own_hours_are_drawn_with_time_off_taken_out(client, world):
    add_time_off(
        user=world.ae,
        starts_at=datetime(2026, 11, 18, 11, tzinfo=UTC),
        ends_at=datetime(2026, 11, 20, 23, tzinfo=UTC),
        note="Fair",
        by=world.ae,
        now=NOW,
    )
    client.force_login(world.ae)
    answer = client.get(address(world.ae))
    assert spans(answer, "2026-11-18") == [("open", "09:00–12:00"), ("away", "Time off: Fair")]
    assert spans(answer, "2026-11-19") == [("away", "Time off: Fair")]
    assert spans(answer, "2026-11-23") == [("open", "09:00–17:00")]


@pytest.mark.parametrize("who", ["ae", "manager", "admin"])
def test_hours_are_chosen_by_the_person_a_manager_and_an_admin(client, world, late, who):
    client.force_login(getattr(world, who))
    answer = client.post(address(world.ae), {"calendar": late.pk, "zone": ""}, follow=True)
    assert "Deadlines of leads from now on count in Late shift" in answer.content.decode()
    assert User.objects.get(pk=world.ae.pk).calendar == late


def test_looking_draws_the_chosen_hours_and_keeps_nothing(client, world, late):
    client.force_login(world.ae)
    answer = client.post(address(world.ae), {"calendar": late.pk, "zone": "", "look": "1"})
    assert spans(answer, "2026-11-16") == [("open", "12:00–20:00")]
    assert User.objects.get(pk=world.ae.pk).calendar is None


def test_hours_of_a_colleague_are_hidden_and_refused(client, world, late):
    client.force_login(world.ae)
    assert client.get(address(world.aes[1])).status_code == 404
    assert client.post(address(world.aes[1]), {"calendar": late.pk}).status_code == 404
    with pytest.raises(NotPermitted):
        set_hours(user=world.aes[1], calendar=late, zone="", by=world.ae, now=NOW)


@pytest.mark.parametrize(
    "sent",
    [
        {"zone": "Mars/Base"},
        {"calendar": "9" * 40},
        {"calendar": "x"},
        {"zone": "Europe/Berlin\0"},
    ],
)
def test_hours_that_cannot_be_are_refused_at_the_field(client, world, sent):
    client.force_login(world.ae)
    answer = client.post(address(world.ae), sent)
    assert answer.status_code == 422
    assert set(answer.context["form"].errors) == set(sent)


def test_retired_calendar_is_offered_only_to_whoever_has_it(client, world, late):
    set_hours(user=world.ae, calendar=late, zone="", by=None, now=NOW)
    retire_calendar(late, by=None, now=NOW)
    client.force_login(world.admin)
    assert client.post(address(world.ae), {"calendar": late.pk}).status_code == 302
    assert client.post(address(world.aes[1]), {"calendar": late.pk}).status_code == 422


def test_receiver_chooses_a_backup_and_comes_back_to_the_hours(client, world):
    member = world.pool.members.get(user=world.ae)
    other = world.pool.members.get(user=world.aes[1])
    client.force_login(world.ae)
    assert "No backup" in client.get(address(world.ae)).content.decode()
    target = reverse("handoff:backup", args=[member.pk])
    answer = client.post(target, {"backup": other.pk})
    assert answer.headers["Location"] == address(world.ae)
    assert f"Backup: {other.user}" in client.get(address(world.ae)).content.decode()
