"""Editing a policy and a calendar in a browser: rows are added and drawings follow at once."""

import pytest
from playwright.sync_api import expect

from accounts.models import Organisation
from core.loops import database_now
from sla.models import Clock, PolicyVersion
from tests.factories.handoff import make_world

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def admin(live_server):
    return make_world().admin


def test_step_is_added_drawn_and_published(visit, admin):
    version = PolicyVersion.objects.get(state="published")
    page = visit(admin, "admin:sla_policyversion_edit", version.pk)
    accept = page.locator("section", has=page.locator("#part-accept"))
    count = accept.locator("[data-row]").count()
    accept.get_by_role("button", name="Add a step").click()
    row = accept.locator("[data-row]").nth(count)
    row.get_by_label("When").fill("10")
    row.get_by_label("What happens").select_option("remind")
    row.get_by_label("Owner").check()
    # 10 % before due: drawn without a click, and nothing is written yet.
    expect(accept.locator("svg")).to_contain_text("90 %")
    assert PolicyVersion.objects.count() == 1
    page.get_by_role("button", name="Publish version 2").click()
    expect(page.get_by_role("status").first).to_be_attached()
    page.wait_for_url(f"**/policyversion/{version.pk}/")
    made = PolicyVersion.objects.get(state="published")
    assert made.n == 2
    assert made.targets.get(kind="accept").steps.filter(offset_percent=-10).exists()


def test_draft_is_judged_published_and_its_open_clocks_re_timed(visit, live_server):
    world = make_world()
    world.submitted(now=database_now())
    version = PolicyVersion.objects.get(state="published")
    page = visit(world.admin, "admin:sla_policyversion_edit", version.pk)
    accept = page.locator("section", has=page.locator("#part-accept"))
    accept.get_by_label("Within").fill("30")
    accept.get_by_label("Unit").select_option("minutes")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.locator("#drawn-weeks")).to_contain_text("2 clocks that started")
    page.get_by_role("button", name="Save draft").click()
    page.get_by_role("link", name="look at it").click()
    expect(page.get_by_role("heading", name="The last 4 weeks")).to_be_visible()
    page.get_by_role("link", name="Publish").click()
    page.get_by_role("button", name="Publish").click()
    page.wait_for_url("**/policyversion/?state__exact=published")
    assert PolicyVersion.objects.get(state="published").n == 2
    page.get_by_role("link", name="Re-time open clocks").click()
    page.get_by_role("button", name="Re-time 2 clocks").click()
    expect(page.get_by_text("2 clocks re-timed")).to_be_visible()
    assert {clock.target.version.n for clock in Clock.objects.live()} == {2}


def test_hours_are_drawn_while_they_are_typed(visit, admin):
    calendar = Organisation.objects.get().calendar
    page = visit(admin, "admin:worktime_calendar_edit", calendar.pk)
    page.get_by_label("Monday").fill("07:00-15:00")
    expect(page.locator("#drawn-hours")).to_contain_text("07:00–15:00")
    page.get_by_label("Monday").fill("07:00-")
    expect(page.locator("#drawn-hours")).to_contain_text("Drawn again once")
