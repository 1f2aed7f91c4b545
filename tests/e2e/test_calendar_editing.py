"""A calendar made in a browser: drawn, and refused at its fields, while it is typed."""

import pytest
from playwright.sync_api import expect

from tests.e2e.browsing import on_both, problems
from tests.factories.handoff import make_world
from worktime.models import Calendar

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def admin(live_server):
    return make_world().admin


@on_both
def test_calendar_is_drawn_and_refused_while_it_is_typed(visit, admin, size):
    page = visit(admin, "admin:worktime_calendar_new")
    drawn = page.locator("#drawn-hours")
    page.get_by_label("Name").fill("Leipzig office")
    page.get_by_label("Time zone").fill("Europe/Berlin")
    page.get_by_label("Tuesday").fill("22:00-06:00")
    expect(drawn).to_contain_text("22:00–24:00")
    # The night before reaches into it: told beside the field, and nothing typed is lost.
    page.get_by_label("Wednesday").fill("05:00-12:30, 13:30-18:00")
    wrong = page.locator("#wrong-wed")
    expect(wrong).to_contain_text("Tuesday's 22:00–06:00 and Wednesday's 05:00–12:30 overlap")
    expect(page.get_by_label("Wednesday")).to_have_value("05:00-12:30, 13:30-18:00")
    assert problems(page, [size]) == {}
    page.get_by_label("Wednesday").fill("07:00-12:30, 13:30-18:00")
    expect(wrong).to_have_text("")
    page.get_by_label("Public holidays of").select_option(label="Germany")
    expect(page.locator("#regions option[value=SN]")).to_be_attached()
    page.get_by_label("Region").fill("Sachsen")
    page.get_by_label("Own closed days").fill("01-02 Stocktaking\n02-30 Never")
    expect(page.locator("#wrong-holidays")).to_contain_text("Line 2: '02-30' is not a day")
    page.get_by_label("Own closed days").fill("01-02 Stocktaking")
    expect(drawn.locator("svg").first).to_be_attached()
    assert problems(page, [size]) == {}
    assert not Calendar.objects.filter(name="Leipzig office").exists()
    page.get_by_role("button", name="Add the calendar").click()
    expect(page.get_by_text("Leipzig office is added.")).to_be_visible()
    version = Calendar.objects.get(name="Leipzig office").current_version
    assert (version.holiday_region, version.data["holidays"]) == (
        "SN",
        [{"yearly": "01-02", "name": "Stocktaking"}],
    )


def test_calendar_is_changed_without_any_script(live_server, plain_context, sign_in, admin):
    calendar = Calendar.objects.first()
    sign_in(plain_context, admin)
    page = plain_context.new_page()
    page.goto(f"{live_server.url}/admin/worktime/calendar/{calendar.pk}/edit/")
    page.get_by_label("Friday").fill("17:00-09:00")
    page.get_by_role("button", name="Draw again").last.click()
    expect(page.locator("#wrong-fri")).to_contain_text("Write 09:00–17:00")
    page.get_by_label("Friday").fill("09:00-12:00")
    page.get_by_role("button", name="Draw again").last.click()
    expect(page.locator("#drawn-hours")).to_contain_text("Friday: 09:00-12:00 instead of")
    page.get_by_role("button", name="Save as version 2").click()
    expect(page.get_by_text("has version 2. From now on it holds for new clocks")).to_be_visible()
    assert calendar.versions.count() == 2
