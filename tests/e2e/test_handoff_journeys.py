"""A handoff from form to outcome in a real browser, on a desk and on a phone."""

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from handoff.choices import ClosedAs, Status
from handoff.models import Handoff
from tests.e2e.browsing import fits, on_both, press
from tests.factories.handoff import answers, make_world

pytestmark = [pytest.mark.django_db(transaction=True), on_both]

FILLED = [
    "company.name",
    "company.size",
    "company.country",
    "contact.last_name",
    "contact.title",
    "contact.email",
    "need",
    "authority",
    "next_step",
    "next_step_on",
]


@pytest.fixture
def world(live_server):
    """The first receiver gets everything."""
    world = make_world()
    world.pool.members.exclude(user=world.ae).update(is_active=False)
    return world


def fill(page):
    full = answers()
    for key in FILLED:
        page.locator(f"[name='{key}']").fill(str(full[key]))
    page.locator("[name='company.industry']").select_option("Manufacturing")
    page.locator("[name='pains']").fill("Paper job sheets\nTwo fines in October")


def submitted(world, **changes):
    return world.submitted(now=timezone.now(), **changes)


def test_submit_refused_fixed_and_accepted(world, visit):
    page = visit(world.sdr, "handoff:new")
    fill(page)
    page.locator("[name='budget']").fill("n/a")
    press(page, "Hand off")
    expect(page.get_by_text("Not handed off yet. The draft is kept.")).to_be_visible()
    expect(page.get_by_role("alert").get_by_text("Timeline is missing.")).to_be_visible()
    expect(page.locator("[name='budget']")).to_have_value("n/a")
    expect(page.locator("[name='pains']")).to_have_value("Paper job sheets\nTwo fines in October")
    fits(page)
    page.get_by_role("alert").get_by_role("link", name="Timeline is missing.").click()
    expect(page.locator("[name='timeline']")).to_be_in_viewport()
    page.locator("[name='timeline']").fill("Decision by March, before the audit")
    page.locator("[name='budget']").fill("40,000 EUR, named by the CFO")
    press(page, "Hand off")
    expect(page.get_by_role("heading", name=f"{world.ae.name} has this lead.")).to_be_visible()
    fits(page)
    row = Handoff.objects.get()
    assert row.status == Status.PENDING

    page = visit(world.ae, "handoff:queue")
    page.get_by_role("button", name="Accept").click()
    expect(page.get_by_text("is accepted.")).to_be_visible()
    fits(page)
    row.refresh_from_db()
    assert row.status == Status.ACCEPTED


def test_rejected_with_fields_fixed_and_accepted_by_the_same_receiver(world, visit):
    row = submitted(world)
    page = visit(world.ae, "handoff:detail", row.pk)
    press(page, "Reject")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("No budget").check()
    expect(dialog.get_by_text("Which fields?")).to_be_hidden()
    dialog.get_by_label("Missing information").check()
    dialog.get_by_role("button", name="Reject handoff").click()
    expect(dialog.get_by_text("Mark the fields that are missing").first).to_be_visible()
    expect(dialog.get_by_label("Missing information")).to_be_checked()
    dialog.locator("[value='timeline']").check()
    dialog.get_by_label("Note to").fill("Why March?")
    dialog.get_by_role("button", name="Reject handoff").click()
    expect(page.get_by_text("back, with your reason.")).to_be_visible()

    page = visit(world.sdr, "handoff:detail", row.pk)
    expect(page.get_by_text("Why March?").first).to_be_visible()
    press(page, "Fix")
    expect(page.get_by_role("heading", name="1 marked field")).to_be_visible()
    fits(page)
    page.locator("[name='timeline']").fill("15 January, the day after the board meets")
    press(page, "Hand off again")
    expect(page.get_by_role("heading", name=f"{world.ae.name} has this lead.")).to_be_visible()
    expect(page.get_by_text("This chain")).to_be_visible()

    again = Handoff.objects.get(previous=row)
    page = visit(world.ae, "handoff:detail", again.pk)
    press(page, "Accept")
    expect(page.get_by_text("is accepted.")).to_be_visible()
    row.refresh_from_db()
    again.refresh_from_db()
    assert (row.closed_as, again.status) == (ClosedAs.SUPERSEDED, Status.ACCEPTED)


def test_rejection_conceded(world, visit):
    row = submitted(world)
    page = visit(world.ae, "handoff:reject", row.pk)
    page.get_by_label("Wrong ICP").check()
    page.get_by_role("button", name="Reject handoff").click()
    expect(page.get_by_text("back, with your reason.")).to_be_visible()
    page = visit(world.sdr, "handoff:detail", row.pk)
    press(page, "Concede")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Back to nurture").check()
    dialog.get_by_role("button", name="Concede").click()
    expect(page.get_by_text("Closed: back to nurture")).to_be_visible()
    row.refresh_from_db()
    assert row.closed_as == ClosedAs.NURTURE


def test_pending_withdrawn(world, visit):
    row = submitted(world)
    page = visit(world.sdr, "handoff:detail", row.pk)
    press(page, "Withdraw")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text(f"{world.ae.name} is told")).to_be_visible()
    dialog.get_by_role("button", name="Withdraw handoff").click()
    expect(page.get_by_text("Closed: withdrawn")).to_be_visible()
    row.refresh_from_db()
    assert row.closed_as == ClosedAs.WITHDRAWN


def test_dialog_that_came_too_late_says_who_was_first(world, visit):
    from handoff.services import accept_handoff

    row = submitted(world)
    page = visit(world.ae, "handoff:detail", row.pk)
    press(page, "Reject")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Wrong ICP").check()
    accept_handoff(row, by=world.ae, now=timezone.now())
    dialog.get_by_role("button", name="Reject handoff").click()
    expect(dialog.get_by_text(f"{world.ae.name} accepted it at")).to_be_visible()
    expect(dialog.get_by_text("Nothing was changed.")).to_be_visible()
    row.refresh_from_db()
    assert row.status == Status.ACCEPTED
