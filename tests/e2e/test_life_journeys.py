"""What receivers and submitters live through, by pointer and by keys, on a desk and on a phone."""

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from handoff.choices import ClosedAs, Status
from handoff.models import Contest, Handoff, Touch
from handoff.services import accept_handoff
from tests.e2e.browsing import fits, on_both, press
from tests.factories.handoff import make_world

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world(live_server):
    """The first receiver gets everything."""
    world = make_world()
    world.pool.members.exclude(user=world.ae).update(is_active=False)
    return world


def now_of(row):
    return Handoff.objects.get(pk=row.pk)


@on_both
def test_accepted_touched_and_converted(world, visit, page):
    row = world.submitted(now=timezone.now())
    visit(world.ae, "handoff:queue")
    page.get_by_role("button", name="Accept").click()
    expect(page.get_by_text("is accepted.")).to_be_visible()
    fits(page)
    page.get_by_role("link", name="Log touch").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("E-mail sent", exact=True).click()
    dialog.get_by_label("Text of the mail").fill("Just checking in")
    expect(dialog.get_by_text("Does not count as contact: the mail has 3 words")).to_be_visible()
    assert not Touch.objects.exists()
    dialog.get_by_text("Call attempted", exact=True).click()
    expect(dialog.get_by_text("Counts as contact. It is the first contact.")).to_be_visible()
    fits(page)
    dialog.get_by_role("button", name="Log touch").click()
    expect(page.get_by_text("The touch is logged. Counts as contact.")).to_be_visible()
    assert now_of(row).first_contact_at is not None

    visit(world.ae, "handoff:detail", row.pk)
    press(page, "Convert")
    dialog.get_by_label("Value").fill("a lot")
    dialog.get_by_role("button", name="Convert").click()
    expect(dialog.get_by_text("Give the value as a number").first).to_be_visible()
    expect(dialog.get_by_label("Value")).to_have_value("a lot")
    dialog.get_by_label("Value").fill("40000")
    dialog.get_by_role("button", name="Convert").click()
    expect(page.get_by_text("is an opportunity now.")).to_be_visible()
    expect(page.get_by_text("40,000 EUR").first).to_be_visible()
    fits(page)
    assert now_of(row).closed_as == ClosedAs.CONVERTED


@on_both
def test_rejected_contested_and_overturned(world, visit, page):
    row = world.submitted(now=timezone.now())
    visit(world.ae, "handoff:queue")
    page.locator("[data-row] summary").first.click()
    page.locator("[data-row]").get_by_role("link", name="Reject").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Wrong ICP").check()
    dialog.get_by_role("button", name="Reject handoff").click()
    expect(page.get_by_text("back, with your reason.")).to_be_visible()
    expect(page.get_by_text("Nothing is waiting for you").first).to_be_visible()

    visit(world.sdr, "handoff:list")
    expect(page.get_by_text("Fix, concede or contest")).to_be_visible()
    page.get_by_role("link", name=row.lead.name).first.click()
    press(page, "Contest")
    dialog.get_by_role("button", name="Contest").click()
    expect(dialog.get_by_text("Say why the rejection is not fair").first).to_be_visible()
    dialog.get_by_label("Why is the rejection not fair?").fill("They have 180 people")
    dialog.get_by_role("button", name="Contest").click()
    expect(page.get_by_text("A manager rules on it.").first).to_be_visible()
    expect(page.get_by_role("button", name="Fix")).to_have_count(0)
    fits(page)
    assert now_of(row).status == Status.REJECTED
    assert Contest.objects.get().leg.handoff_id == row.pk

    visit(world.manager, "/")
    if not page.locator("#nav-sidebar").is_visible():
        page.get_by_role("button", name="Menu").click()
    page.get_by_role("link", name="Contests 1 to rule on").click()
    expect(page.get_by_text("They have 180 people")).to_be_visible()
    page.get_by_label("Note").fill("It is in the form")
    page.get_by_role("button", name="Overturn").click()
    expect(page.get_by_text("Overturned:")).to_be_visible()
    expect(page.get_by_text("No contest waits for a ruling")).to_be_visible()
    fits(page)
    assert (now_of(row).status, now_of(row).owner) == (Status.ACCEPTED, world.ae)

    visit(world.ae, "handoff:queue")
    expect(page.get_by_role("link", name=row.lead.name).first).to_be_visible()
    expect(page.get_by_role("link", name="Log touch")).to_be_visible()


def test_queue_is_worked_by_keys_alone(world, visit, page):
    first, second = (world.submitted(now=timezone.now()) for _ in range(2))
    visit(world.ae, "handoff:queue")
    page.keyboard.press("a")
    # No row had the focus yet: it only goes there.
    expect(page.locator(f"#row-{first.pk}")).to_be_focused()
    assert now_of(first).status == Status.PENDING
    page.keyboard.press("j")
    expect(page.locator(f"#row-{second.pk}")).to_be_focused()
    page.keyboard.press("k")
    page.keyboard.press("j")
    page.keyboard.press("a")
    expect(page.get_by_text("is accepted.")).to_be_visible()
    assert now_of(second).status == Status.ACCEPTED
    assert now_of(first).status == Status.PENDING

    page.locator(f"#row-{first.pk}").focus()
    page.keyboard.press("r")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("button", name="Reject handoff")).to_be_visible()
    dialog.get_by_label("Note to").fill("a t j")
    expect(dialog.get_by_label("Note to")).to_have_value("a t j")
    page.keyboard.press("Escape")
    expect(page.locator(f"#row-{first.pk}")).to_be_focused()
    page.keyboard.press("t")
    expect(dialog.get_by_role("button", name="Log touch")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(dialog.get_by_text("Next row")).to_be_visible()
    page.keyboard.press("Escape")
    page.locator(f"#row-{first.pk}").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=f"Handoff {first.pk}")).to_be_visible()


def test_touch_is_checked_and_logged_without_any_script(world, plain_context, live_server, sign_in):
    row = accept_handoff(world.submitted(now=timezone.now()), by=world.ae, now=timezone.now())
    sign_in(plain_context, world.ae)
    page = plain_context.new_page()
    page.goto(live_server.url + reverse("handoff:touch", args=[row.pk]))
    page.get_by_text("E-mail sent", exact=True).click()
    page.get_by_label("Text of the mail").fill("Just checking in")
    page.get_by_role("button", name="Does it count?").click()
    expect(page.get_by_text("the mail has 3 words")).to_be_visible()
    assert not Touch.objects.exists()
    page.get_by_text("Call attempted", exact=True).click()
    page.get_by_role("button", name="Log touch").click()
    expect(page.get_by_text("The touch is logged.")).to_be_visible()
