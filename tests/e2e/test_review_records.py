"""The review as a record in a browser: it is run, walked through, closed, and revised."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.urls import reverse
from django.utils import timezone

from handoff.models import Leg
from review.models import ActionItem, Miss, Review
from review.rules.weeks import Week
from review.services import add_action, decide_miss, open_review
from tests.e2e.browsing import DESK, fits, on_both, problems
from tests.factories.review import HOUR, make_scene

pytestmark = pytest.mark.django_db(transaction=True)

BERLIN = ZoneInfo("Europe/Berlin")
ENABLED = "() => document.readyState === 'complete'"


@pytest.fixture
def scene():
    return make_scene()


@pytest.fixture
def week(scene):
    """The week that is over: two misses and five decisions."""
    week = Week.containing(timezone.now(), BERLIN).shifted(-1)
    tuesday = week.starts_at(BERLIN) + timedelta(days=1, hours=11)
    scene.clock(tuesday, state="met", met_at=tuesday + HOUR, breached_at=tuesday)
    for how in ("accepted",) * 4 + ("rejected",):
        scene.leg(tuesday, how=how)
    return week


@pytest.fixture
def review(scene, week):
    return open_review(week.label, team=scene.team, by=scene.manager, now=timezone.now())


def due(days=4):
    return (timezone.now() + timedelta(days=days)).date()


@on_both
def test_manager_runs_the_review_from_the_week_to_the_close(visit, scene, week):
    page = visit(scene.manager, f"/review/{week.label}/")
    page.get_by_role("link", name="Run the review").click()
    page.get_by_role("button", name="Run the review of DACH").click()
    page.get_by_text("Preliminary until the review is closed").wait_for()
    fits(page)

    page.get_by_role("link", name="Walk through 2 misses").click()
    page.get_by_role("heading", name="Accept was 1 h late").wait_for()
    fits(page)
    page.get_by_label("No context").check()
    page.get_by_role("textbox", name="Decision").fill("Call before noon")
    page.get_by_role("combobox", name="Owner").select_option(label="Priya Nair")
    page.locator("#id_due_on").fill(due().isoformat())
    page.get_by_role("button", name="Save, next").click()

    page.get_by_role("heading", name="Rejected: No budget").wait_for()
    page.get_by_label("Other").check()
    page.get_by_role("textbox", name="Decision").fill("It was worth a try")
    page.get_by_role("button", name="No action").click()
    page.get_by_text("Every miss is walked through.").wait_for()
    page.get_by_text("2 of 2 decided, 1 with an action").wait_for()

    page.get_by_role("link", name="Close review").click()
    page.get_by_role("button", name="Close review").click()
    page.get_by_text("The review is closed and its numbers are frozen.").wait_for()
    fits(page)
    assert page.get_by_text("Frozen; counting anew gives the same").is_visible()
    assert Review.objects.get().snapshot["misses"]["decided"] == 2


def test_walk_through_goes_by_keyboard_alone(visit, scene, review):
    page = visit(scene.manager, "review:miss", review.pk, 1)
    page.wait_for_function(ENABLED)
    page.locator("body").press("2")
    assert page.get_by_label("No context").is_checked()
    page.get_by_role("textbox", name="Decision").fill("Call before noon")
    page.get_by_role("combobox", name="Owner").select_option(label="Priya Nair")
    page.locator("#id_due_on").fill(due().isoformat())
    page.keyboard.press("Control+Enter")
    page.get_by_text("Miss 2 of 2").wait_for()
    page.locator("body").press("b")
    page.get_by_text("Miss 1 of 2").wait_for()
    assert page.get_by_role("textbox", name="Decision").input_value() == "Call before noon"


def test_walk_through_works_without_scripts(plain_context, live_server, sign_in, scene, review):
    sign_in(plain_context, scene.manager)
    page = plain_context.new_page()
    page.goto(live_server.url + reverse("review:miss", args=[review.pk, 1]))
    page.get_by_role("textbox", name="Decision").fill("Call before noon")
    page.get_by_role("button", name="Save, next").click()
    page.get_by_text("Not saved yet.").wait_for()
    assert page.get_by_role("textbox", name="Decision").input_value() == "Call before noon"
    page.get_by_label("Went cold").check()
    page.get_by_role("button", name="No action").click()
    page.get_by_text("Miss 1 is decided.").wait_for()
    page.goto(live_server.url + reverse("review:close", args=[review.pk]))
    page.get_by_role("button", name="Close review").click()
    page.get_by_text("The review is closed and its numbers are frozen.").wait_for()


def test_closed_review_shows_what_a_recount_gives(visit, scene, review):
    page = visit(scene.manager, "review:close", review.pk)
    page.get_by_role("button", name="Close review").click()
    page.get_by_text("The review is closed").first.wait_for()
    Leg.objects.filter(ended_as="rejected").update(ended_as="conflict", reason="conflict")
    leg = Leg.objects.filter(accepted_at__isnull=False).first()
    Leg.objects.filter(pk=leg.pk).update(
        accepted_at=None, ended_at=leg.decided_at, ended_as="rejected", reason="no_budget"
    )

    page = visit(scene.manager, "review:record", review.pk)

    row = page.get_by_role("row").filter(has=page.get_by_text("Acceptance rate", exact=True))
    assert row.get_by_text("revised: 60 %").is_visible()
    assert row.get_by_text("20 points lower, 4 of 5 became 3 of 5").is_visible()


@on_both
def test_owner_says_that_an_action_is_done(visit, scene, review):
    item = add_action(
        team=scene.team,
        review=review,
        text="Agree on a call block",
        owner=scene.ae,
        due_on=due(),
        by=scene.manager,
        now=timezone.now(),
    )
    page = visit(scene.ae, "review:actions")
    page.get_by_role("button", name="Done with Agree on a call block").click()
    page.get_by_text("There is no such action item.").wait_for()
    item.refresh_from_db()
    assert item.state == "done"


def test_pages_of_the_record_are_accessible_and_fit_a_phone(visit, scene, review):
    miss = Miss.objects.get(position=1)
    decide_miss(
        miss,
        root_cause="no_context",
        decision="Call before noon",
        owner=scene.ae,
        due_on=due(),
        by=scene.manager,
        now=timezone.now(),
    )
    item = ActionItem.objects.get()
    addresses = {
        name: reverse(f"review:{name}", args=args)
        for name, args in (
            ("meeting", [review.week]),
            ("record", [review.pk]),
            ("miss", [review.pk, 2]),
            ("close", [review.pk]),
            ("action_add", [review.pk]),
            ("action", [item.pk]),
            ("actions", []),
            ("history", []),
        )
    }
    found = {}
    for name, address in addresses.items():
        page = visit(scene.manager, address)
        found[name] = problems(page)
        page.set_viewport_size(DESK)
    page = visit(scene.manager, addresses["close"])
    page.get_by_role("button", name="Close review").click()
    page.get_by_text("The review is closed").first.wait_for()
    found["frozen"] = problems(page)
    assert not any(found.values()), found
