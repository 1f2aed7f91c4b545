"""A meeting is booked, moved and held; an introduction comes before the handoff."""

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from handoff.models import Handoff
from handoff.services import accept_handoff
from tests.e2e.browsing import fits, on_both, problems
from tests.factories.handoff import NOW, make_world

pytestmark = [pytest.mark.django_db(transaction=True), on_both]

DAY = timedelta(days=1)
TYPED = "%Y-%m-%dT%H:%M"


@pytest.fixture
def world(live_server, time_machine):
    time_machine.move_to(NOW, tick=True)
    return make_world(receivers=3, preset="temperatures")


def local(moment):
    """As a browser in Berlin writes it: the organisation's zone is everybody's."""
    return (moment + timedelta(hours=1)).strftime(TYPED)


def test_meeting_is_booked_moved_and_held(world, visit, page, time_machine, sign_in):
    row = world.submitted()
    receiver = world.receiver_of(row)
    accept_handoff(row, by=receiver, now=NOW)
    visit(receiver, "handoff:detail", row.pk)
    page.get_by_role("link", name="Book one").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("radio", name="Meeting booked")).to_be_checked()
    dialog.get_by_role("button", name="Log touch").click()
    expect(dialog.get_by_text("Not saved yet.")).to_be_visible()
    expect(dialog.get_by_text("Enter the day and time of the meeting.").first).to_be_visible()
    dialog.get_by_label("When is the meeting?").fill(local(NOW + DAY))
    dialog.get_by_role("button", name="Log touch").click()
    meetings = page.get_by_role("region", name="Meetings")
    expect(meetings.get_by_text("Booked", exact=True)).to_be_visible()

    meetings.get_by_role("link", name="Update").click()
    dialog.get_by_text("It is moved").click()
    dialog.get_by_label("New day and time").fill(local(NOW + 2 * DAY))
    dialog.get_by_role("button", name="Keep it").click()
    expect(page.get_by_text("The meeting is moved to").first).to_be_visible()
    assert row.meetings.get().starts_at == NOW + 2 * DAY

    time_machine.move_to(NOW + 2 * DAY + timedelta(hours=1), tick=True)
    sign_in.sessions.clear()
    visit(receiver, "handoff:detail", row.pk)
    expect(meetings.get_by_text("Held?", exact=True)).to_be_visible()
    fits(page)
    assert not problems(page)
    meetings.get_by_role("link", name="Update").click()
    expect(dialog.get_by_text("It was held")).to_be_visible()
    assert not problems(page)
    dialog.get_by_role("button", name="Keep it").click()
    expect(page.get_by_text("The meeting was held.").first).to_be_visible()
    expect(meetings.get_by_text("Held", exact=True)).to_be_visible()


def test_introduced_receiver_gets_the_lead(world, visit, page):
    row = world.draft()
    who = world.aes[2]
    visit(world.sdr, "handoff:edit", row.pk)
    page.get_by_role("link", name="Say who").click()
    page.get_by_label("Who was introduced?").select_option(label=who.name)
    page.get_by_role("button", name="Keep it").click()
    expect(page.get_by_text("Say when they met.").first).to_be_visible()
    expect(page.get_by_label("Who was introduced?")).to_have_value(str(who.pk))
    page.get_by_label("When").fill(local(NOW - DAY))
    page.get_by_role("button", name="Keep it").click()
    expect(page.get_by_text("was introduced: they get the lead first").first).to_be_visible()
    expect(page.get_by_role("region", name="Introduced live?")).to_contain_text(who.name)
    fits(page)
    page.get_by_role("button", name="Hand off").locator("visible=true").click()
    expect(page.get_by_text(f"{who.name} was introduced to the buyer live.").first).to_be_visible()
    after = Handoff.objects.get(pk=row.pk)
    assert (after.owner, after.contact_seconds) == (who, 0)
