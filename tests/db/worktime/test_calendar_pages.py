"""The pages on which calendars are read, drawn and changed."""

import pytest
from django.urls import reverse

from accounts.models import Organisation
from tests.factories.handoff import NOW, make_world
from worktime.models import CalendarVersion

pytestmark = pytest.mark.django_db

WEEK = {
    "zone": "Europe/Berlin",
    "mon": "09:00-12:30, 13:30-18:00",
    "tue": "22:00-06:00",
    "shifts": "2026-11-21 10:00-14:00 Trade fair",
    "breaks": "2026-11-23 14:00-18:00 Team day",
    "holidays": "2026-11-30 Founders' day",
}


@pytest.fixture
def world(client, time_machine):
    time_machine.move_to(NOW, tick=False)
    world = make_world()
    client.force_login(world.admin)
    return world


@pytest.fixture
def calendar(world):
    return Organisation.objects.get().calendar


def address(name, *args):
    return reverse(f"admin:worktime_calendar_{name}", args=args)


def drawn(answer):
    days = answer.context["timetable"].days
    return {f"{day.day:%m-%d}": [(span.kind, span.words) for span in day.spans] for day in days}


def test_looking_draws_the_hours_as_they_would_be_and_writes_nothing(client, calendar):
    answer = client.post(address("edit", calendar.pk), WEEK | {"look": "1"})
    assert answer.status_code == 200
    days = drawn(answer)
    assert days["11-16"] == [("open", "09:00–12:30"), ("open", "13:30–18:00")]
    assert days["11-18"] == [("open", "00:00–06:00")]
    assert days["11-21"] == [("shift", "10:00–14:00")]
    assert ("closed", "Team day") in days["11-23"]
    assert CalendarVersion.objects.filter(calendar=calendar).count() == 1


def test_looking_at_hours_that_cannot_be_names_the_field(client, calendar):
    answer = client.post(address("edit", calendar.pk), {"zone": "Europe/Berlin", "look": "1"})
    assert "no open time in the next two years" in answer.content.decode()
    assert answer.context["timetable"] is None
    answer = client.post(address("edit", calendar.pk), WEEK | {"zone": "Mars", "look": "1"})
    assert answer.context["form"].errors["zone"]


def test_saving_tells_whom_it_affects_and_which_clocks_keep_theirs(client, world, calendar):
    world.submitted()
    page = client.get(address("edit", calendar.pk)).content.decode()
    assert "Save as version 2" in page
    answer = client.post(address("edit", calendar.pk), WEEK, follow=True)
    told = answer.content.decode()
    assert "has version 2. From now on it holds for new clocks and reminders of" in told
    assert "5 people" in told
    assert "the organisation" in told
    assert "the version they started with" in told


def test_deadline_is_tried_and_drawn_in(client, calendar):
    query = {"since": "2026-11-19", "starts": "2026-11-20T16:00", "amount": "2", "unit": "hours"}
    answer = client.get(address("change", calendar.pk), query)
    # An hour on Friday until 17:00, then one on Monday.
    assert "Due Mon 23 Nov 2026, 10:00." in answer.content.decode()
    days = {f"{day.day:%m-%d}": day for day in answer.context["timetable"].days}
    assert len(days["11-20"].counted) == len(days["11-23"].counted) == 1
    assert days["11-23"].due_x is not None
    assert days["11-20"].due_x is None


@pytest.mark.parametrize(
    "query",
    [
        {"since": "0001-01-01"},
        {"since": "x"},
        {"since": "9999-12-31"},
        {"amount": "9" * 400, "starts": "2026-11-20T16:00", "unit": "hours"},
        {"amount": "2", "starts": "0001-01-01T00:00", "unit": "hours"},
        {"amount": "2", "starts": "2026-11-20T16:00+99:99", "unit": "days"},
        {"amount": "2000", "starts": "2099-12-20T16:00", "unit": "days"},
    ],
)
def test_odd_dates_are_answered(client, calendar, query):
    assert client.get(address("change", calendar.pk), query).status_code == 200


def test_only_admins_change_calendars(client, world, calendar):
    for user in (world.manager, world.sdr, world.ae):
        client.force_login(user)
        assert client.get(address("change", calendar.pk)).status_code == 200
        assert client.get(address("edit", calendar.pk)).status_code == 403
        assert client.post(address("edit", calendar.pk), WEEK).status_code == 403
