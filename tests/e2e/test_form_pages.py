"""Writing a handoff while it saves itself, and editing its form, in a real browser."""

import re

import pytest
from playwright.sync_api import expect

from handoff.choices import Status
from handoff.models import Handoff, HandoffType
from tests.e2e.browsing import fits, on_both, problems
from tests.factories.handoff import make_world

pytestmark = pytest.mark.django_db(transaction=True)

# The browser's clock is moved past the pause in typing after which a draft is saved.
PAUSE_MS = 3_000


@pytest.fixture
def world(live_server):
    world = make_world()
    world.pool.members.exclude(user=world.ae).update(is_active=False)
    return world


@pytest.fixture
def page(page):
    page.clock.install()
    return page


def field(page, key):
    return page.locator(f"[name='{key}']")


def pause(page):
    page.clock.fast_forward(PAUSE_MS)


def saved(page):
    pause(page)
    expect(page.locator("[data-saved]")).to_contain_text(re.compile(r"Saved \d\d:\d\d"))


def still(page):
    return page.locator("[data-still]")


@on_both
def test_new_form_saves_itself_and_survives_being_loaded_again(world, visit):
    page = visit(world.sdr, "handoff:new")
    field(page, "need").fill("Proof within the hour")
    pause(page)
    expect(page.locator("[data-saved]")).to_contain_text("as soon as company and contact are named")
    assert not Handoff.objects.exists()
    field(page, "company.name").fill("Baltic Freight")
    field(page, "contact.last_name").fill("Dvořák")
    saved(page)
    draft = Handoff.objects.get()
    expect(page).to_have_url(re.compile(rf"/handoffs/{draft.pk}/edit/$"))
    field(page, "need").fill("Proof within the hour, and the minute")
    page.keyboard.press("Control+s")
    page.get_by_role("button", name="Save draft").click()
    expect(page.get_by_text("Draft saved.")).to_be_visible()
    page.reload()
    expect(field(page, "need")).to_have_value("Proof within the hour, and the minute")
    assert Handoff.objects.count() == 1
    field(page, "budget").fill("40,000 EUR, named by the CFO")
    saved(page)
    assert Handoff.objects.get().answers["budget"] == "40,000 EUR, named by the CFO"
    fits(page)


@on_both
def test_what_is_missing_is_said_at_once_and_placeholders_after_saving(world, visit):
    draft = world.draft(budget=None, timeline=None)
    page = visit(world.sdr, "handoff:edit", draft.pk)
    expect(still(page)).to_have_text("Still missing: budget, timeline.")
    field(page, "budget").fill("40,000 EUR")
    expect(still(page)).to_have_text("Still missing: timeline.")
    page.get_by_text("Only the quarter is known").click()
    expect(still(page)).to_have_text("Ready to hand off.")
    field(page, "need").fill("n/a")
    saved(page)
    expect(still(page)).to_have_text("Still missing: need.")
    expect(page.locator("[data-missing] li")).to_contain_text("“n/a” does not count for Need.")
    field(page, "need").fill("Speed")
    expect(still(page)).to_have_text("Ready to hand off.")


@on_both
def test_second_tab_is_told_and_either_side_can_be_kept(world, visit):
    draft = world.draft()
    first = visit(world.sdr, "handoff:edit", draft.pk)
    second = first.context.new_page()
    second.set_viewport_size(first.viewport_size)
    second.goto(first.url)
    field(first, "need").fill("From the first tab")
    saved(first)
    field(second, "need").fill("From the second tab")
    pause(second)
    note = second.get_by_role("alert").filter(has_text="changed in another window")
    expect(note).to_be_visible()
    expect(field(second, "need")).to_have_value("From the second tab")
    assert Handoff.objects.get().answers["need"] == "From the first tab"
    fits(second)
    note.get_by_role("button", name="Keep mine").click()
    saved(second)
    assert Handoff.objects.get().answers["need"] == "From the second tab"
    field(first, "need").fill("Once more")
    pause(first)
    expect(first.get_by_text("changed in another window")).to_be_visible()
    first.get_by_role("link", name="Load what is stored").click()
    expect(field(first, "need")).to_have_value("From the second tab")


@on_both
def test_control_enter_hands_off_even_while_it_saves(world, visit):
    draft = world.draft()
    page = visit(world.sdr, "handoff:edit", draft.pk)
    field(page, "need").fill("Proof of delivery at once")
    page.keyboard.press("Control+s")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("heading", name=f"{world.ae.name} has this lead.")).to_be_visible()
    row = Handoff.objects.get()
    assert (row.status, row.answers["need"]) == (Status.PENDING, "Proof of delivery at once")


@on_both
def test_question_appears_where_another_answer_asks_for_it(world, visit):
    HandoffType.objects.update(is_active=True)
    page = visit(world.sdr, "handoff:new", query="?type=meeting_set")
    link = field(page, "meeting_link")
    expect(link).to_be_hidden()
    field(page, "meeting_type").select_option("Online")
    expect(link).to_be_visible()
    expect(page.locator("[data-missing]")).to_contain_text("Link to the meeting")
    field(page, "meeting_type").select_option("Phone")
    expect(link).to_be_hidden()
    expect(page.locator("[data-missing]")).not_to_contain_text("Link to the meeting")


@on_both
def test_form_is_edited_previewed_and_published(world, visit):
    page = visit(world.admin, "handoff:form_edit", world.type.pk)
    page.get_by_role("button", name="Move Employees up").click()
    expect(page.locator("[data-row]").nth(1)).to_contain_text("Employees")
    page.get_by_role("button", name="Move Employees up").click()
    expect(page.locator("[data-row]").nth(1)).to_contain_text("Employees")
    page.get_by_label("Minimum of Employees").fill("50")
    page.locator("#new-field").select_option("champion")
    page.get_by_role("button", name="Add field").click()
    expect(page.locator("[data-row]").last).to_contain_text("Champion")
    fits(page)
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_text("nothing you type here is kept")).to_be_visible()
    expect(still(page)).to_contain_text("Still missing: employees, company name")
    fits(page)
    page.get_by_role("button", name="Back to editing").click()
    expect(page.get_by_label("Minimum of Employees")).to_have_value("50")
    page.get_by_role("button", name="Review and publish").click()
    expect(
        page.get_by_text("New handoffs use form 2 from the moment you publish it.")
    ).to_be_visible()
    fits(page)
    page.get_by_role("button", name="Publish form 2").click()
    expect(page.get_by_text("Form 2 is in use for new handoffs.")).to_be_visible()
    assert world.type.forms.count() == 2


def test_form_pages_are_accessible_and_fit_a_phone(world, visit):
    draft = world.draft(budget=None, timeline=None)
    failures = {}
    for user, name, args in (
        (world.sdr, "handoff:new", ()),
        (world.sdr, "handoff:edit", (draft.pk,)),
        (world.admin, "handoff:form_edit", (world.type.pk,)),
    ):
        found = problems(visit(user, name, *args))
        if found:
            failures[name] = found
    assert failures == {}
