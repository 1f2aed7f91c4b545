"""Editing routing rules in a browser: by keyboard, on a phone, and without any script."""

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from core.loops import database_now
from routing.models import RuleSet
from routing.services import create_pool, save_draft
from tests.e2e.browsing import fits, on_both, problems
from tests.factories.handoff import make_world

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world(live_server):
    world = make_world()
    create_pool(name="Enterprise", manager=world.manager, by=None, now=database_now())
    return world


def current():
    return RuleSet.objects.get(state="published")


def typed(page, *words):
    """Each into the field that has the focus, then on to the next."""
    for word in words:
        page.keyboard.type(word)
        page.keyboard.press("Tab")


@on_both
def test_rule_is_written_by_keyboard_published_and_rolled_back(visit, world):
    page = visit(world.admin, "admin:routing_ruleset_edit")
    page.get_by_role("button", name="Add a rule").focus()
    page.keyboard.press("Enter")
    rule = page.locator("[data-rule]").first
    expect(rule.get_by_label("Name")).to_be_focused()
    typed(page, "Large ones", "Enterprise")
    page.keyboard.press("Space")
    rule.get_by_label("Fact").focus()
    typed(page, "Size", "is at least", "200")
    # Said in words at once, and nothing is written yet.
    expect(rule.locator("#said-rules-0")).to_contain_text("Size is 200 or more: Enterprise")
    rule.get_by_role("button", name="Add a condition").focus()
    page.keyboard.press("Enter")
    expect(rule.get_by_label("Fact").nth(1)).to_be_focused()
    typed(page, "Country", "is one of", "Germany, Austria")
    expect(rule.locator("#said-rules-0")).to_contain_text("country is Germany or Austria")
    fits(page)
    assert not RuleSet.objects.filter(state="draft").exists()
    page.get_by_role("button", name="Save draft and look at it").click()
    expect(page.get_by_role("heading", name="Publish the draft")).to_be_visible()
    expect(page.get_by_text("whoever looks after the company first").first).to_be_visible()
    fits(page)
    page.get_by_role("button", name="Publish version 2 without a review").click()
    expect(page.get_by_text("Version 2 is in force")).to_be_visible()
    assert current().rules.first().owner_first
    page.goto(page.url.partition("/ruleset/")[0] + f"/ruleset/{RuleSet.objects.get(n=1).pk}/")
    page.locator("a:visible").filter(has_text="Bring back").first.click()
    expect(page.get_by_text("Large ones, is gone")).to_be_visible()
    fits(page)
    page.get_by_role("button", name="Publish as version 3").click()
    expect(page.get_by_text("Version 3 is in force")).to_be_visible()
    assert (current().n, current().rules.count()) == (3, 1)


def two_rules(world, count=2):
    pool = create_pool(name="North", manager=world.manager, by=None, now=database_now())
    inner = [{"field": "industry", "op": "in", "value": ["Freight", "Retail"]}]
    inner.append({"field": "score", "op": "gt", "value": 70})
    rules = [
        {
            "name": name,
            "pool": pool,
            "owner_first": True,
            "conditions": {
                "all": [{"field": "country", "op": "eq", "value": name}, {"any": inner}]
            },
        }
        for name in ("Sweden", "Norway", "Denmark")[:count]
    ]
    rules.append({"name": "Everything else", "pool": world.pool, "conditions": {}})
    return save_draft(rules=rules, by=world.admin, now=database_now(), saves=0)


def test_rule_is_moved_by_keyboard_and_keeps_the_focus(visit, world):
    two_rules(world, 3)
    page = visit(world.admin, "admin:routing_ruleset_edit")
    up = page.locator("[data-rule]").nth(2).locator("[data-move=up]")
    up.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    first = page.locator("[data-rule]").first
    expect(first.get_by_label("Name")).to_have_value("Denmark")
    expect(first.get_by_role("button", name="Move rule 1 Up")).to_be_focused()
    expect(page.locator("[data-moved]")).to_have_text("Rule 1 of 3")
    page.get_by_role("button", name="Save draft and look at it").click()
    expect(page.get_by_role("heading", name="Publish the draft")).to_be_visible()
    draft = RuleSet.objects.get(state="draft")
    names = list(draft.rules.order_by("position").values_list("name", flat=True))
    assert names == ["Denmark", "Sweden", "Norway", "Everything else"]


def test_only_comparisons_that_fit_the_fact_are_offered(visit, world):
    two_rules(world)
    page = visit(world.admin, "admin:routing_ruleset_edit")
    row = page.locator("[data-row]").first
    row.get_by_label("Fact").select_option("score")
    offered = row.locator("select[name$=-op] option:not([hidden])").all_inner_texts()
    assert "is over" in offered
    assert "contains" not in offered
    row.get_by_label("Comparison").select_option("known")
    expect(row.get_by_label("Value")).to_be_hidden()


def test_rules_are_edited_without_any_script(plain_context, live_server, sign_in, world):
    two_rules(world)
    sign_in(plain_context, world.admin)
    page = plain_context.new_page()
    page.goto(live_server.url + reverse("admin:routing_ruleset_edit"))
    page.locator("[data-rule]").nth(1).locator("[data-move=up]").click()
    expect(page.locator("[data-rule]").first.get_by_label("Name")).to_have_value("Norway")
    page.get_by_role("button", name="Add a condition to rule 1").click()
    first = page.locator("[data-rule]").first
    expect(first.get_by_label("Fact").nth(1)).to_be_focused()
    first.get_by_label("Fact").nth(1).select_option("Language")
    first.get_by_label("Value").nth(1).fill("Norwegian")
    first.get_by_role("button", name="Add a group to rule 1").click()
    page.locator("[data-rule]").nth(1).get_by_label("Take out rule 2").check()
    page.get_by_role("button", name="Save draft and look at it").click()
    expect(page.get_by_text("language is Norwegian").first).to_be_visible()
    assert RuleSet.objects.get(state="draft").rules.count() == 2


@pytest.mark.parametrize("name", ["edit", "publish", "back", "change"])
def test_pages_of_rules_are_readable_in_both_themes_on_any_screen(visit, world, name):
    old = current()
    if name == "back":
        RuleSet.objects.filter(pk=old.pk).update(state="retired")
        RuleSet.objects.create(n=2, state="published", published_at=database_now(), based_on=old)
    two_rules(world)
    args = [old.pk] if name in ("back", "change") else []
    page = visit(world.admin, f"admin:routing_ruleset_{name}", *args)
    assert problems(page) == {}
