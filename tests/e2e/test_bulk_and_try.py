"""In a browser: several drafts handed off at once, and the question who would get a lead."""

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from handoff.choices import Status
from handoff.models import Handoff
from handoff.views import bulk
from routing.services import add_member, create_pool, publish_rule_set
from tests.e2e.browsing import on_both, problems
from tests.factories.handoff import make_world

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world(live_server):
    world = make_world(receivers=3)
    now = timezone.now()
    large = create_pool(name="Enterprise", manager=world.manager, by=world.admin, now=now)
    add_member(pool=large, user=world.aes[2], by=world.admin, now=now)
    is_large = {"all": [{"field": "size", "op": "gte", "value": 500}]}
    publish_rule_set(
        rules=[
            {"name": "Large companies", "conditions": is_large, "pool": large},
            {"name": "Everything else", "conditions": {}, "pool": world.pool},
        ],
        by=world.admin,
        now=now,
    )
    return world


@on_both
def test_several_drafts_go_out_by_themselves_and_say_who_got_them(
    world, page, visit, size, monkeypatch
):
    monkeypatch.setattr(bulk, "PORTION", 2)
    for _ in range(4):
        world.draft(now=timezone.now())
    world.draft(now=timezone.now(), budget="")
    visit(world.sdr, "handoff:list")
    page.get_by_role("link", name="Select all on this page").click()
    expect(page.get_by_text("5 selected")).to_be_visible()
    assert problems(page) == {}
    page.get_by_role("button", name="Hand off the selected").click()
    expect(page.get_by_role("heading", name="4 ready, 1 still misses something")).to_be_visible()
    assert problems(page) == {}
    page.get_by_role("button", name="Hand off the 4 that are ready").click()
    expect(page.get_by_role("heading", name="4 handed off")).to_be_visible()
    assert problems(page) == {}
    assert Handoff.objects.filter(status=Status.PENDING).count() == 4


def test_several_drafts_go_out_without_scripts(
    world, plain_context, sign_in, live_server, monkeypatch
):
    monkeypatch.setattr(bulk, "PORTION", 2)
    for _ in range(3):
        world.draft(now=timezone.now())
    sign_in(plain_context, world.sdr)
    page = plain_context.new_page()
    page.goto(f"{live_server.url}/handoffs/")
    page.get_by_role("link", name="Select all on this page").click()
    page.get_by_role("button", name="Hand off the selected").click()
    page.get_by_role("button", name="Hand off the 3 that are ready").click()
    expect(page.get_by_role("heading", name="2 of 3 done")).to_be_visible()
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("heading", name="3 handed off")).to_be_visible()


@on_both
def test_who_would_get_it_is_asked_by_keyboard_and_nothing_is_done(world, page, visit, size):
    visit(world.manager, "handoff:try")
    assert problems(page) == {}
    page.get_by_label("Size").focus()
    page.keyboard.type("900")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=f"{world.aes[2]} would get it")).to_be_visible()
    expect(page.get_by_text("Holds: size is 500 or more.")).to_be_visible()
    expect(page.get_by_label("Size")).to_have_value("900")
    assert problems(page) == {}
    assert not Handoff.objects.exists()


def test_who_would_get_it_is_a_click_away_from_a_draft(world, page, visit):
    draft = world.draft(now=timezone.now())
    visit(world.sdr, "handoff:edit", draft.pk)
    page.get_by_role("link", name="Who would get it?").click()
    expect(page.get_by_role("heading", name="would get it")).to_be_visible()
    assert problems(page) == {}
