"""Leads that change hands by themselves, as the people whose hands they are see it."""

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from handoff.choices import ClosedAs, Status
from handoff.models import Handoff
from handoff.services import accept_handoff, apply_cover, apply_escalations
from routing.choices import TurnKind
from routing.services import set_backup
from sla.services import fire_due_steps
from tests.e2e.browsing import fits, on_both, press
from tests.factories.handoff import NOW, make_world

pytestmark = [pytest.mark.django_db(transaction=True), on_both]

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def world(live_server, time_machine):
    """The working day is two hours old."""
    time_machine.move_to(NOW, tick=True)
    return make_world(receivers=3)


@pytest.fixture
def pass_to(time_machine, sign_in):
    """It is later, the background loops have seen it, and everybody has to sign in again."""

    def move(now):
        time_machine.move_to(now, tick=True)
        sign_in.sessions.clear()
        fire_due_steps(now)
        while apply_escalations(now):
            pass
        apply_cover(now)

    return move


def live(row):
    return row.legs.get(ended_at=None)


def receivers(world, row):
    """Who has it, and their backup from now on, whose turn it is not."""
    first = world.receiver_of(row)
    backup = world.pool.members.exclude(user=first).order_by("pk").last()
    set_backup(member=world.pool.members.get(user=first), backup=backup, by=world.admin, now=NOW)
    return first, backup.user


def test_timed_out_to_the_backup_and_returned(world, visit, page, pass_to):
    row = world.submitted()
    lead = row.lead.name
    first, backup = receivers(world, row)
    visit(first, "handoff:queue")
    expect(page.get_by_role("button", name=f"Accept {lead}")).to_be_visible()

    # Nobody accepts within the four working hours.
    pass_to(NOW + 4 * HOUR + MINUTE)
    visit(first, "handoff:queue")
    expect(page.get_by_text("Everything is done")).to_be_visible()
    visit(first, "notify:inbox")
    expect(page.get_by_text(f"{lead}, {row.lead.company.name}: no longer").first).to_be_visible()
    visit(backup, "handoff:queue")
    page.get_by_role("link", name=lead).first.click()
    passed = f"{first.name} to {backup.name}: time ran out"
    expect(page.get_by_text(passed).first).to_be_visible()
    fits(page)
    press(page, "Accept")
    expect(page.get_by_text("is accepted.")).to_be_visible()
    assert (live(row).receiver, live(row).turn.kind) == (backup, TurnKind.BACKUP)

    # The buyer's day goes on from the submission, and is over.
    pass_to(NOW + timedelta(days=1) + MINUTE)
    visit(world.manager, "/")
    expect(page.get_by_role("link", name=f"Return {lead}").first).to_be_visible()
    expect(page.get_by_text("First contact was due").first).to_be_visible()
    fits(page)

    # Twice the time, and nobody has called.
    pass_to(NOW + timedelta(days=2) + MINUTE)
    visit(backup, "handoff:queue")
    expect(page.get_by_text("Everything is done")).to_be_visible()
    visit(world.sdr, "/")
    expect(page.get_by_text("Draft: returned")).to_be_visible()
    page.get_by_role("link", name=lead).first.click()
    expect(page.get_by_text(f"It came back from {backup.name}")).to_be_visible()
    expect(page.get_by_text("Nobody contacted the buyer in time.")).to_be_visible()
    fits(page)
    press(page, "Hand off")
    expect(page.get_by_role("heading", name="has this lead.")).to_be_visible()
    fits(page)
    row.refresh_from_db()
    assert row.closed_as == ClosedAs.RETURNED
    assert Handoff.objects.get(previous=row).status == Status.PENDING


def test_time_off_is_taken_and_covered(world, visit, page, pass_to):
    row = world.submitted()
    lead = row.lead.name
    first, backup = receivers(world, row)
    accept_handoff(row, by=first, now=NOW)

    visit(first, "accounts:time_off")
    page.get_by_role("link", name="Add time off").first.click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("goes to the backup")).to_be_visible()
    dialog.get_by_label("From").fill("2026-11-17T12:00")
    dialog.get_by_label("Until").fill("2026-11-24T12:00")
    dialog.get_by_role("button", name="Add time off").click()
    expect(page.get_by_text("gets no new leads in this time.")).to_be_visible()
    expect(page.get_by_text("Tue 17 Nov 2026, 12:00")).to_be_visible()
    fits(page)

    pass_to(NOW + HOUR)
    visit(first, "accounts:time_off")
    expect(page.get_by_text("Away")).to_be_visible()
    visit(first, "handoff:queue")
    expect(page.get_by_role("link", name=lead)).to_have_count(0)

    visit(backup, "handoff:queue")
    page.get_by_role("button", name=f"Accept {lead}").click()
    expect(page.get_by_text("is accepted.")).to_be_visible()
    page.get_by_role("link", name=f"Log touch with {lead}").click()
    dialog.get_by_text("Call attempted", exact=True).click()
    expect(dialog.get_by_text("Counts as contact. It is the first contact.")).to_be_visible()
    dialog.get_by_role("button", name="Log touch").click()
    expect(page.get_by_text("The touch is logged. Counts as contact.")).to_be_visible()
    page.get_by_role("link", name=lead).first.click()
    passed = f"{first.name} to {backup.name}: cover for time off"
    expect(page.get_by_text(passed).first).to_be_visible()
    fits(page)
    row.refresh_from_db()
    assert (row.owner, live(row).turn.kind) == (backup, TurnKind.COVER)
    assert row.first_contact_at is not None

    # Who is away gets nothing new either.
    others = {world.receiver_of(world.submitted(now=NOW + HOUR)) for _ in world.aes}
    assert others == {ae for ae in world.aes if ae != first}
