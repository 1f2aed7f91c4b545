"""The weekly review in a browser: at a desk, on a phone, in the dark and on paper."""

import csv
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from review.rules.weeks import Week
from tests.e2e.browsing import fits_soon, problems
from tests.factories.review import HOUR, make_scene

pytestmark = pytest.mark.django_db(transaction=True)

BERLIN = ZoneInfo("Europe/Berlin")
DRAWN = "[...document.querySelectorAll('canvas[data-chart]')].every(one => Chart.getChart(one))"


@pytest.fixture
def scene():
    return make_scene()


@pytest.fixture
def last_week(scene):
    """The week that is over, with six decisions."""
    week = Week.containing(timezone.now(), BERLIN).shifted(-1)
    decide(scene, [week])
    return week


@pytest.fixture
def twelve_weeks(scene, last_week):
    """The same with the weeks before it, all alike; the last of them."""
    decide(scene, last_week.up_to_here()[:-1])
    return last_week


def decide(scene, weeks):
    for each in weeks:
        tuesday = each.starts_at(BERLIN) + timedelta(days=1, hours=11)
        for how in ("accepted", "accepted", "accepted", "accepted", "accepted", "rejected"):
            handoff = scene.handoff(tuesday, accepted_after=2)
            leg = scene.leg(tuesday + HOUR, how=how, handoff=handoff)
            scene.clock(tuesday + HOUR, state="met", met_at=tuesday + HOUR, leg=leg)


@pytest.fixture
def reader(visit, scene):
    """The manager, who goes to an address; charts are drawn when it is there."""

    def go(address):
        page = visit(scene.manager, address)
        page.wait_for_function(DRAWN)
        return page

    return go


def chart_is_drawn(page, name):
    """Whether anything but the empty canvas is there."""
    return page.evaluate(
        """name => {
            const canvas = document.querySelector(`canvas[data-chart="${name}"]`);
            const drawn = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
            return drawn.data.some((value) => value !== 0);
        }""",
        name,
    )


def test_manager_goes_from_the_running_week_to_the_rows_of_the_last(reader, twelve_weeks):
    page = reader("/review/")
    page.get_by_text("Running week, not final").wait_for()

    page.get_by_role("link", name=f"Week {twelve_weeks.number}").first.click()
    page.get_by_role("heading", name=twelve_weeks.title).wait_for()
    expect(page.get_by_text("5 of 6 decisions").first).to_be_visible()
    page.wait_for_function(DRAWN)
    for key in ("acceptance", "attainment", "time-to-accept"):
        assert chart_is_drawn(page, f"chart-{key}")

    page.get_by_role("link", name="Rows behind acceptance rate").click()
    page.get_by_text("n = 6: 5 accepted, 1 rejected.").wait_for()
    page.get_by_role("link", name="Rejected 1").click()
    page.get_by_text("No budget.").wait_for()
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    with Path(download.value.path()).open(encoding="utf-8-sig", newline="") as file:
        (line,) = csv.DictReader(file)
    assert line["counted_as"] == "Rejected"


def test_picker_leads_to_the_chosen_week(reader, last_week):
    page = reader("/review/")
    chosen = last_week.shifted(-3)

    page.get_by_label("Week, as in 2026-W47").fill(chosen.label)
    page.get_by_role("button", name="Show week").click()

    page.wait_for_url(f"**/review/{chosen.label}/")
    expect(page.get_by_role("heading", name=chosen.title)).to_be_visible()


def test_pages_are_accessible_and_fit_a_phone(reader, twelve_weeks):
    week = f"/review/{twelve_weeks.label}/"
    narrow = {"width": 320, "height": 844}
    found = {}
    for address in (week, f"{week}rows/attainment/", "/review/"):
        page = reader(address)
        found[address] = problems(page)
        page.set_viewport_size(narrow)
        assert fits_soon(page), address
    assert not any(found.values()), found


def test_details_say_how_each_number_is_counted(reader, last_week):
    page = reader(f"/review/{last_week.label}/")
    tile = page.locator("section", has=page.get_by_role("heading", name="Acceptance rate"))

    tile.get_by_text("How this is counted").click()
    expect(tile.get_by_text("A declared conflict is a rejection")).to_be_visible()
    tile.get_by_text("12 weeks as a table").click()
    expect(tile.get_by_role("row")).to_have_count(13)


def test_paper_is_light_and_has_no_side_bar(reader, last_week):
    page = reader(f"/review/{last_week.label}/")
    page.evaluate("localStorage.setItem('adminTheme', JSON.stringify('dark'))")
    page = reader(f"/review/{last_week.label}/")
    ground = "getComputedStyle(document.querySelector('.tile')).backgroundColor"
    assert page.evaluate(ground) != "rgb(255, 255, 255)"

    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    assert page.evaluate(ground) == "rgb(255, 255, 255)"
    assert not page.locator("#nav-sidebar").is_visible()
    assert not page.get_by_role("button", name="Print").is_visible()

    page.emulate_media(media="screen")
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert page.evaluate(ground) != "rgb(255, 255, 255)"
