"""Editing a policy and a calendar in a browser: rows are added and drawings follow at once."""

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from accounts.models import Organisation
from core.loops import database_now
from notify.models import Destination
from sla.models import Clock, PolicyVersion
from tests.e2e.browsing import problems
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


def test_step_in_minutes_is_written_by_keyboard_and_goes_to_its_place(visit, admin):
    channel = Destination.objects.create(channel="slack", secret="https://hooks.slack.com/s/x")
    version = PolicyVersion.objects.get(state="published")
    page = visit(admin, "admin:sla_policyversion_edit", version.pk)
    contact = page.locator("section", has=page.locator("#part-contact"))
    contact.get_by_role("button", name="Add a step").focus()
    page.keyboard.press("Enter")
    expect(contact.locator("[data-row]").last.get_by_label("When")).to_be_focused()
    # The new row has the focus: when, on which side of due, what happens.
    for typed in ("90", "min after", "Post"):
        page.keyboard.type(typed)
        page.keyboard.press("Tab")
    expect(contact.locator("svg")).to_contain_text("+ 1 h 30 min")
    row = contact.locator("[data-row]").last
    expect(row.get_by_text("all who read the team's channel")).to_be_visible()
    expect(row.get_by_label("Manager")).to_be_hidden()
    # It stays where it is until the focus leaves the list, and then stands before the return.
    expect(row.get_by_label("When")).to_have_value("90")
    page.get_by_label("Name").focus()
    expect(contact.locator("[data-row]").last.get_by_label("When")).to_have_value("100")
    page.get_by_role("button", name="Publish version 2").click()
    page.wait_for_url(f"**/policyversion/{version.pk}/")
    made = PolicyVersion.objects.get(state="published").targets.get(kind="contact")
    assert made.steps.get(offset_minutes=90).action == "notify_channel"
    channel.delete()


def test_ladder_is_edited_without_any_script(plain_context, live_server, sign_in, admin):
    version = PolicyVersion.objects.get(state="published")
    sign_in(plain_context, admin)
    page = plain_context.new_page()
    page.goto(live_server.url + reverse("admin:sla_policyversion_edit", args=[version.pk]))
    accept = page.locator("section", has=page.locator("#part-accept"))
    accept.get_by_role("button", name="Add a step").click()
    row = accept.locator("[data-row]").last
    expect(row.get_by_label("When")).to_be_focused()
    page.keyboard.type("30")
    row.get_by_label("Before or after due").select_option("min before due")
    row.get_by_label("What happens").select_option("Remind")
    row.get_by_label("Receiver", exact=True).check()
    # The first was the reminder at 75 %.
    accept.locator("[data-row]").first.get_by_label("Take out").check()
    page.get_by_role("button", name="Draw again").last.click()
    # Shown by when they come: first what is before due, whatever was written first.
    expect(accept.locator("svg")).to_contain_text("- 30 min")
    when = [accept.locator("[data-row]").nth(n).get_by_label("When") for n in range(2)]
    assert [one.input_value() for one in when] == ["25", "30"]
    page.get_by_role("button", name="Publish version 2").click()
    page.wait_for_url(f"**/policyversion/{version.pk}/")
    made = PolicyVersion.objects.get(state="published").targets.get(kind="accept")
    assert [step.offset_minutes for step in made.steps.filter(action="remind")] == [-30]


@pytest.mark.parametrize(
    "name", ["admin:sla_policyversion_edit", "admin:notify_destination_change"]
)
def test_ladder_and_channel_are_readable_in_both_themes_on_any_screen(visit, admin, name):
    channel = Destination.objects.create(channel="slack", secret="https://hooks.slack.com/s/x")
    rows = {"sla_policyversion": PolicyVersion.objects.get(state="published")}
    row = rows.get(name.removeprefix("admin:").removesuffix("_edit"), channel)
    page = visit(admin, name, row.pk)
    assert problems(page) == {}


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
