"""What a saved change to people, teams or the organisation tells."""

import pytest
from django.urls import reverse

from accounts.models import Organisation
from tests.factories.handoff import NOW, make_world
from worktime.rules.presets import ALWAYS, preset_calendars
from worktime.services import create_calendar

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(client, time_machine):
    time_machine.move_to(NOW, tick=False)
    world = make_world()
    client.force_login(world.admin)
    return world


def told(client, name, row, data):
    answer = client.post(reverse(f"admin:accounts_{name}_edit", args=[row.pk]), data, follow=True)
    return " ".join(str(message) for message in answer.context["messages"])


@pytest.fixture
def always():
    return create_calendar(name=ALWAYS, data=preset_calendars()[ALWAYS], by=None, now=NOW)


def test_team_tells_how_many_follow_its_hours(client, world, always):
    # The manager, the SDR and two AEs; one of them has hours of their own.
    world.ae.calendar = always
    world.ae.save()
    data = {"name": "DACH", "zone": "", "calendar": always.pk}
    words = told(client, "team", world.team, data)
    assert "From now on new clocks of 3 people without hours of their own count in 24x7" in words
    assert "clocks that run keep theirs" in words
    assert "Nobody's hours change by it" in told(client, "team", world.team, data)


def test_organisation_tells_who_follows_it_and_who_is_alerted(client, world, always):
    row = Organisation.objects.get()
    data = {
        "name": "Meridian",
        "zone": "Europe/Paris",
        "calendar": always.pk,
        "fallback_manager": world.manager.pk,
    }
    words = told(client, "organisation", row, data)
    assert "new clocks of 5 people without hours of their own count in 24x7" in words
    assert "Times are shown in Europe/Paris to 5 people from the next page on." in words
    assert "Helen Brandt is told from the next alert on" in words


def test_person_tells_hours_zone_and_roles_only_where_they_change(client, world, always):
    data = {"name": world.ae.name, "email": world.ae.email, "roles": ["ae"]}
    assert told(client, "user", world.ae, data) == f"{world.ae} is changed."
    words = told(client, "user", world.ae, data | {"calendar": always.pk, "roles": ["manager"]})
    assert "Deadlines of leads from now on count in 24x7" in words
    assert "From the next page on they work as Manager." in words
