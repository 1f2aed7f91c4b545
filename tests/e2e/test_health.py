"""The health page and the banner in a real browser, with and without scripts."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from core.loops import registered_loops
from core.models import Heartbeat
from notify.models import Message
from sla.models import Escalation
from sla.services import fire_due_steps
from tests.e2e.browsing import problems
from tests.factories.handoff import make_world

pytestmark = pytest.mark.django_db(transaction=True)
SAID = "Clocks and messages are running late."
ERROR = "TemplateDoesNotExist: " + "a_name_without_any_place_to_break_it" * 4


def beat_all(age_seconds):
    at = timezone.now() - timedelta(seconds=age_seconds)
    for loop in registered_loops():
        Heartbeat.objects.update_or_create(
            loop=loop.name, defaults={"at": at, "worker": "w" * 80, "last_error": ERROR}
        )


@pytest.fixture
def world(live_server):
    world = make_world()
    late = world.submitted().next_due_at + timedelta(days=1)
    fire_due_steps(late)
    Escalation.objects.update(state="quarantined", handled_at=late, attempts=5, last_error=ERROR)
    Message.objects.filter(channel="email").update(state="dead", last_error=ERROR)
    beat_all(3_600)
    return world


def test_health_of_the_sick_is_accessible_and_fits_a_phone(world, visit):
    page = visit(world.admin, "health")
    page.get_by_text(SAID).wait_for()
    assert problems(page) == {}


def test_banner_leaves_by_itself_when_the_loops_tick_again(world, page, visit):
    page.clock.install()
    visit(world.sdr, "accounts:time_off")
    page.get_by_text(SAID).wait_for()
    beat_all(0)
    page.clock.fast_forward(61_000)
    page.get_by_text(SAID).wait_for(state="hidden")


def test_try_again_works_without_any_script(world, plain_context, live_server, sign_in):
    sign_in(plain_context, world.admin)
    page = plain_context.new_page()
    page.goto(live_server.url + reverse("health"))
    expect(page.get_by_text(SAID)).to_be_visible()
    there = page.get_by_role("button", name="Try again").count()
    page.get_by_role("button", name="Try again").first.click()
    page.get_by_text("is tried again now").wait_for()
    # The sentence stands above the rows: the page may not be read to its end yet.
    expect(page.get_by_role("button", name="Try again")).to_have_count(there - 1)
    assert Escalation.objects.filter(state="pending").count() == 1


def test_send_again_is_asked_in_a_dialog_over_the_page(world, visit):
    page = visit(world.admin, "health")
    page.get_by_role("link", name="Send again").first.click()
    page.get_by_role("dialog").get_by_role("button", name="Send again").click()
    page.get_by_text("The message waits to be sent again.").wait_for()
    assert Message.objects.filter(state="pending").count() == 1
