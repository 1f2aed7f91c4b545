"""The pages on which calendars are read, drawn and changed."""

from datetime import timedelta

import pytest
from django.urls import reverse

from accounts.models import Organisation
from config.selectors import wanting_attention
from core.findings import findings
from core.loops import registered_loops, tick
from core.models import Heartbeat
from sla.models import Clock
from sla.notices import ATTENTION
from sla.services import reconcile
from tests.factories.handoff import NOW, make_world
from worktime.models import Calendar, CalendarVersion
from worktime.services import publish_calendar_version

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


@pytest.mark.parametrize(
    ("typed", "field", "said"),
    [
        ({"wed": "09:00-25:00"}, "wed", "&#x27;25:00&#x27; is not a time"),
        ({"thu": "17:00-09:00"}, "thu", "Write 09:00–17:00"),
        ({"fri": "09:00-12:00, 11:00-13:00"}, "fri", "overlap"),
        ({"mon": "05:00-09:00", "sun": "22:00-06:00"}, "mon", "Sunday&#x27;s 22:00–06:00"),
        ({"holidays": "2026-12-24\n12-24\n12-24 x"}, "holidays", "Line 3: 12-24 of every year"),
        ({"breaks": "2026-12-24 Team day"}, "breaks", "Line 1: Write a date, its hours"),
        ({"shifts": "2026-12-24 9-10\n2026-12-24 10-11"}, "shifts", "has two shifts"),
        ({"holidays": "12-24\n" * 1001}, "holidays", "There are 1001 entries"),
        ({"holidays": "soon\n" * 1000}, "holidays", "995 more of its entries"),
        ({"holidays": "12-24 a\0b"}, "holidays", "Null characters"),
        ({"holidays": "12-24 " + "x" * 130_000}, "holidays", "Keep it to 1000 lines"),
        ({"mon": "9" * 400}, "mon", "at most 300 characters"),
        ({"zone": "Europe/Atlantis"}, "zone", "is unknown"),
        ({"country": "DE", "region": "CA"}, "region", "Germany has no region"),
        ({"country": "XX"}, "country", "Choose a country from the list"),
        ({"region": "SN"}, "country", "Choose the country that the region belongs to"),
    ],
)
def test_what_cannot_be_is_told_at_its_field_and_what_was_typed_stays(
    client, calendar, typed, field, said
):
    sent = WEEK | typed
    for extra, status in (({"look": "1"}, 200), ({}, 422)):
        answer = client.post(address("edit", calendar.pk), sent | extra)
        assert answer.status_code == status
        form = answer.context["form"]
        assert {name: form[name].value() for name in sent} == sent
        assert list(form.errors) == [field]
        page = answer.content.decode()
        beside = page.partition(f'id="wrong-{field}"')[2].partition("</div>")[0]
        assert said in beside
        assert said in page.partition('id="drawn-hours"')[2]
    assert calendar.versions.count() == 1


def test_calendar_that_never_opens_is_refused_above_the_form(client, calendar):
    answer = client.post(address("edit", calendar.pk), {"zone": "UTC", "since": "1"})
    assert answer.status_code == 400
    assert "no open time in the next two years" in answer.context["form"].non_field_errors()[0]
    assert calendar.versions.count() == 1


def test_a_thousand_closed_days_are_kept(client, calendar):
    days = "\n".join(
        f"20{20 + n // 300}-{n % 12 + 1:02}-{n // 12 % 25 + 1:02}" for n in range(1000)
    )
    answer = client.post(address("edit", calendar.pk), WEEK | {"holidays": days})
    assert answer.status_code == 302
    assert len(calendar.versions.get(n=2).data["holidays"]) == 1000


def test_looking_tells_what_comes_later_and_what_saving_changes(client, calendar):
    typed = {"country": "DE", "holidays": "12-24 Christmas Eve", "look": "1"}
    page = client.post(address("edit", calendar.pk), WEEK | typed).content.decode()
    later = page.partition("After these two weeks")[2].partition("What saving changes")[0]
    assert "closed: Christmas Eve" in later
    assert "closed: Christmas Day" in later
    changes = page.partition("What saving changes")[2]
    assert "Tuesday: 22:00-06:00 instead of 09:00-17:00" in changes
    assert "Closed day added: 12-24 Christmas Eve" in changes
    assert "Public holidays of: DE instead of none" in changes


def test_regions_of_the_country_that_is_chosen_are_offered(client, calendar):
    answer = client.post(address("edit", calendar.pk), WEEK | {"country": "DE", "look": "1"})
    assert '<option value="SN">Sachsen</option>' in answer.content.decode()
    answer = client.post(address("edit", calendar.pk), WEEK | {"country": "XX", "look": "1"})
    assert answer.context["regions"] == {}


def test_second_editor_sees_the_first_ones_version_before_replacing_it(client, calendar):
    page = client.get(address("edit", calendar.pk)).content.decode()
    assert 'name="since" value="1"' in page
    data = {**calendar.current_version.data, "zone": "UTC"}
    publish_calendar_version(calendar, data=data, by=None, now=NOW)
    answer = client.post(address("edit", calendar.pk), WEEK | {"since": "1"})
    assert answer.status_code == 409
    page = answer.content.decode()
    assert "Version 2 was saved while you typed" in page
    assert "Time zone: Europe/Berlin instead of UTC" in page
    assert 'name="since" value="2"' in page
    assert client.post(address("edit", calendar.pk), WEEK | {"since": "2"}).status_code == 302
    assert calendar.versions.count() == 3


def test_older_version_is_drawn_as_it_was(client, world, calendar):
    client.post(address("edit", calendar.pk), WEEK)
    page = client.get(address("change", calendar.pk)).content.decode()
    assert "Tuesday: 22:00-06:00 instead of 09:00-17:00" in page
    assert str(world.admin) in page.partition("<h2>Versions</h2>")[2]
    answer = client.get(address("change", calendar.pk), {"version": "1"})
    assert "This is version 1, as it was" in answer.content.decode()
    assert drawn(answer)["11-17"] == [("open", "09:00–17:00")]
    for odd in ("99", "0", "x", "9" * 30):
        assert drawn(client.get(address("change", calendar.pk), {"version": odd})) != drawn(answer)


def test_calendar_is_renamed_retired_and_offered_again(client, calendar):
    client.post(address("rename", calendar.pk), {"name": "Leipzig"})
    answer = client.post(address("retire", calendar.pk), follow=True)
    told = answer.content.decode()
    assert "Leipzig is offered no longer. Still kept by" in told
    assert address("edit", calendar.pk) not in told
    assert client.post(address("edit", calendar.pk), WEEK).status_code == 409
    client.post(address("offer", calendar.pk))
    assert client.post(address("edit", calendar.pk), WEEK).status_code == 302
    assert str(Calendar.objects.get(pk=calendar.pk)) == "Leipzig"


@pytest.fixture
def lost(calendar):
    """The organisation's zone, and its calendar's, are no longer among the zone data."""
    version = CalendarVersion.objects.create(
        calendar=calendar, n=2, zone="Europe/Atlantis", data=calendar.current_version.data
    )
    Calendar.objects.filter(pk=calendar.pk).update(current_version=version)
    Organisation.objects.update(zone="Europe/Atlantis")
    return calendar


def test_lost_zone_is_told_to_the_admin_and_counts_as_utc(client, world, lost):
    page = client.get(address("changelist")).content.decode()
    assert "Europe/Atlantis: unknown, read in UTC" in page
    query = {"starts": "2026-11-20T16:00", "amount": "1", "unit": "hours"}
    page = client.get(address("change", lost.pk), query).content.decode()
    assert "The time zone &#x27;Europe/Atlantis&#x27; is unknown." in page
    assert "Due Fri 20 Nov 2026, 17:00." in page
    answer = client.get(address("edit", lost.pk))
    assert "its hours are read in UTC" in answer.content.decode()
    sent = {**answer.context["form"].initial, "since": "2"}
    answer = client.post(address("edit", lost.pk), sent)
    assert list(answer.context["form"].errors) == ["zone"]
    assert client.post(address("edit", lost.pk), sent | {"zone": "UTC"}).status_code == 302


def test_health_names_what_was_chosen_and_is_gone(client, lost):
    page = client.get(reverse("health")).content.decode()
    mending = page.partition("Settings to mend")[2].partition("</section>")[0]
    assert "Office hours: The time zone" in mending
    assert "The time zone Europe/Atlantis is chosen" in mending
    reconcile(NOW)
    assert findings()[ATTENTION].data["settings"] == 2
    assert wanting_attention() == 2


def test_handoffs_go_on_with_a_lost_zone(client, world, lost, time_machine):
    handoff = world.submitted()
    clocks = Clock.objects.filter(handoff_clock__handoff=handoff)
    assert {clock.calendar_version.zone for clock in clocks} == {"Europe/Atlantis"}
    time_machine.move_to(NOW + timedelta(days=9), tick=False)
    for loop in registered_loops():
        tick(loop)
    assert not Heartbeat.objects.exclude(last_error="").exists()
    assert clocks.filter(breached_at__isnull=False).exists()
    addresses = [
        reverse("handoff:detail", args=[handoff.pk]),
        reverse("handoff:late"),
        reverse("handoff:new"),
        reverse("review:week"),
        reverse("accounts:hours", args=[world.ae.pk]),
        reverse("admin:accounts_user_change", args=[world.ae.pk]),
        reverse("admin:accounts_organisation_changelist"),
        reverse("health"),
    ]
    client.force_login(world.admin)
    for url in addresses:
        assert client.get(url).status_code == 200, url


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
