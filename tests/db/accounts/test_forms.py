"""A calendar that was retired stays with whoever has it, whatever else is changed."""

import pytest
from django.urls import reverse

from accounts.models import Organisation, Team, User
from tests.factories.accounts import NOW
from tests.factories.handoff import make_world
from worktime.rules import preset_calendars
from worktime.rules.presets import ALWAYS
from worktime.services import create_calendar, retire_calendar

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(client, time_machine):
    time_machine.move_to(NOW, tick=False)
    world = make_world()
    client.force_login(world.admin)
    return world


@pytest.fixture
def retired(world):
    """Chosen by everybody who can choose, then retired."""
    hours = create_calendar(name="A", data=preset_calendars()[ALWAYS], by=None, now=NOW)
    for rows in (User.objects, Team.objects, Organisation.objects):
        rows.update(calendar=hours)
    return retire_calendar(hours, by=None, now=NOW)


@pytest.mark.parametrize(
    ("model", "change"),
    [
        (User, {"name": "Renamed", "email": "renamed@handoff.example"}),
        (Team, {"name": "Renamed"}),
        (Organisation, {"name": "Renamed"}),
    ],
)
def test_changing_something_else_keeps_a_retired_calendar(client, retired, model, change):
    row = model.objects.order_by("pk").last()
    url = reverse(f"admin:accounts_{model._meta.model_name}_edit", args=[row.pk])
    form = client.get(url).context["form"]
    shown = {name: form[name].value() for name in form.fields}
    sent = {name: getattr(value, "pk", value) for name, value in shown.items() if value}
    assert client.post(url, sent | change).status_code == 302
    row.refresh_from_db()
    assert (row.name, row.calendar) == ("Renamed", retired)


def test_retired_calendar_is_not_offered_to_others(client, world, retired):
    Team.objects.update(calendar=None)
    url = reverse("admin:accounts_team_edit", args=[world.team.pk])
    answer = client.post(url, {"name": "DACH", "calendar": retired.pk})
    assert list(answer.context["form"].errors) == ["calendar"]
