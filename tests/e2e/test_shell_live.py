"""Regions that keep themselves up to date, and what is said when they cannot."""

import pytest

from handoff.services import withdraw_handoff
from tests.factories.handoff import NOW, make_world

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world(live_server, time_machine):
    time_machine.move_to(NOW, tick=True)
    return make_world(receivers=1)


@pytest.fixture
def queue(world, page, visit):
    """The receiver's queue in a browser whose clock the test moves."""
    handoff = world.submitted()
    page.clock.install()
    visit(world.ae, "handoff:queue")
    page.get_by_text(handoff.lead.name).first.wait_for()
    page.handoff = handoff
    return page


def test_queue_shows_what_has_changed_after_a_minute(queue, world):
    withdraw_handoff(queue.handoff, by=world.sdr, now=NOW)
    queue.clock.fast_forward(61_000)
    queue.get_by_text(queue.handoff.lead.name).first.wait_for(state="hidden")


def test_change_of_a_clocks_state_is_announced_once(queue, world, time_machine):
    announced = queue.locator("[data-announce]")
    with queue.expect_response("**/queue/"):
        queue.clock.fast_forward(61_000)
    assert announced.text_content() == ""
    # Three quarters of the four hours have passed: the reminder is due, the clock is "soon".
    time_machine.move_to(NOW.replace(hour=13, minute=5), tick=True)
    queue.clock.fast_forward(61_000)
    queue.wait_for_function("document.querySelector('[data-announce]').textContent !== ''")
    assert "Accept is due" in announced.text_content()


def test_lost_contact_is_said_after_a_while_and_taken_back(queue, complaints):
    complaints.expected.append("ERR_INTERNET_DISCONNECTED")
    queue.context.set_offline(True)
    queue.clock.fast_forward(61_000)
    queue.clock.fast_forward(40_000)
    note = queue.get_by_text("Not up to date since")
    note.wait_for()
    queue.context.set_offline(False)
    queue.clock.fast_forward(61_000)
    note.wait_for(state="hidden")


def test_open_dialog_is_left_alone(queue, world):
    queue.get_by_role("link", name=queue.handoff.lead.name).first.wait_for()
    queue.keyboard.press("?")
    queue.get_by_role("dialog").wait_for()
    asked = []
    queue.on("request", lambda request: asked.append(request.url))
    withdraw_handoff(queue.handoff, by=world.sdr, now=NOW)
    queue.clock.fast_forward(61_000)
    assert queue.get_by_text(queue.handoff.lead.name).first.is_visible()
    queue.keyboard.press("Escape")
    assert asked == []
    queue.clock.fast_forward(61_000)
    queue.get_by_text(queue.handoff.lead.name).first.wait_for(state="hidden")
