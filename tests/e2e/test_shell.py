"""The shell in a real browser: readable to all, fit for a phone, dialogs, keys, no script."""

import pytest
from django.contrib import admin
from django.urls import reverse
from playwright.sync_api import expect

from accounts.models import User
from tests.e2e.browsing import DESK, PHONE, fits_soon, problems, violations
from tests.factories.handoff import PASSWORD, make_world

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world(live_server):
    world = make_world()
    world.submitted()
    return world


def admin_addresses():
    """Every list of the admin, and of each the page of one row."""
    for model in admin.site._registry:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        yield reverse(f"{name}_changelist")
        row = model.objects.order_by("pk").first()
        if row is not None:
            yield reverse(f"{name}_change", args=[row.pk])


def own_addresses(user):
    return [
        reverse("accounts:time_off"),
        reverse("accounts:password"),
        reverse("accounts:pause", args=[user.pk]),
        reverse("accounts:time_off_add", args=[user.pk]),
    ]


def check(page, addresses, status=200):
    """Every page is accessible in both themes, and fits a phone."""
    failures = {}
    for address in addresses:
        page.set_viewport_size(DESK)
        answer = page.goto(address)
        assert answer.status == status, address
        found = problems(page, (DESK,))
        page.set_viewport_size(PHONE)
        if not fits_soon(page):
            found["too wide"] = page.evaluate("document.documentElement.scrollWidth")
        if found:
            failures[address] = found
    assert failures == {}


def test_admin_pages_are_accessible_and_fit_a_phone(world, page, live_server, sign_in):
    sign_in(page.context, world.admin)
    addresses = [*admin_addresses(), reverse("admin:accounts_user_new")]
    check(page, [live_server.url + address for address in addresses])


def test_own_pages_are_accessible_and_fit_a_phone(world, page, live_server, sign_in):
    for user in (world.sdr, world.manager):
        sign_in(page.context, user)
        check(page, [live_server.url + address for address in own_addresses(user)])


def test_pages_outside_are_accessible_and_fit_a_phone(world, page, live_server):
    for address, status in (
        (reverse("accounts:login"), 200),
        ("/welcome/x/y/", 410),
        ("/nowhere/", 404),
    ):
        check(page, [live_server.url + address], status)


def test_sign_in_by_hand_and_out_again(world, page, live_server):
    page.goto(live_server.url + reverse("accounts:time_off"))
    page.get_by_label("E-mail address").fill(world.sdr.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("My hours and time off")
    page.get_by_text(world.sdr.name).first.click()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/login/")


def test_dialog_is_shown_over_the_page_refused_and_then_done(world, visit):
    page = visit(world.sdr, "accounts:time_off")
    page.get_by_role("link", name="Add time off").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("From").fill("2030-12-02T09:00")
    dialog.get_by_label("Until").fill("2030-12-01T09:00")
    dialog.get_by_role("button", name="Add time off").click()
    dialog.get_by_text("The end must come after the start.").first.wait_for()
    expect(dialog.get_by_label("From")).to_have_value("2030-12-02T09:00")
    dialog.get_by_label("Until").fill("2030-12-03T09:00")
    dialog.get_by_role("button", name="Add time off").click()
    page.get_by_text("gets no new leads in this time.").wait_for()
    assert world.sdr.time_off.count() == 1


def test_dialog_closes_by_escape_and_gives_the_focus_back(world, visit):
    page = visit(world.sdr, "accounts:time_off")
    opener = page.get_by_role("link", name="Add time off")
    opener.focus()
    page.keyboard.press("Enter")
    page.get_by_role("dialog").wait_for()
    assert violations(page) == []
    page.keyboard.press("Escape")
    page.get_by_role("dialog").wait_for(state="hidden")
    expect(opener).to_be_focused()


def test_dialog_works_as_a_page_without_any_script(world, plain_context, live_server, sign_in):
    sign_in(plain_context, world.sdr)
    page = plain_context.new_page()
    page.goto(live_server.url + reverse("accounts:time_off"))
    page.get_by_role("link", name="Pause").first.click()
    page.get_by_role("button", name="Pause").click()
    page.get_by_text("is paused and gets no new leads.").wait_for()
    assert User.objects.get(pk=world.sdr.pk).paused_at is not None


def test_colours_are_kept_from_page_to_page(world, visit, page):
    visit(world.sdr, "accounts:time_off")
    page.get_by_text(world.sdr.name).first.click()
    page.get_by_role("button", name="Dark").click()
    page.reload()
    page.wait_for_function("document.documentElement.classList.contains('dark')")
    page.goto(page.url.replace("time-off/", "nowhere/"))
    page.wait_for_function("document.documentElement.classList.contains('dark')")


@pytest.mark.parametrize("size", [PHONE], ids=["phone"], indirect=True)
def test_menu_on_a_phone_opens_and_closes(world, visit):
    page = visit(world.sdr, "accounts:time_off")
    entry = page.get_by_role("link", name="Inbox")
    expect(entry).to_be_hidden()
    page.get_by_role("button", name="Menu").click()
    expect(entry).to_be_visible()
    page.keyboard.press("Escape")
    expect(entry).to_be_hidden()


def test_question_mark_shows_the_keys_but_not_while_typing(world, visit):
    page = visit(world.manager, "accounts:time_off")
    page.get_by_role("searchbox").press("?")
    assert not page.get_by_role("dialog").is_visible()
    page.get_by_role("heading", level=1).click()
    page.keyboard.press("?")
    page.get_by_role("dialog").get_by_text("Keys on this page").wait_for()
