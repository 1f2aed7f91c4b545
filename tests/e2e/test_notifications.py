"""The page of a person's notifications, in a real browser."""

import os

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings as site
from django.contrib.auth.models import Group
from django.urls import reverse
from playwright.sync_api import expect

from accounts.choices import Role
from accounts.models import User
from notify import selectors
from notify.choices import Channel, Topic
from notify.models import Destination, QuietHours

pytestmark = pytest.mark.django_db(transaction=True)

PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1400, "height": 900}
CHECKED = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]}
SHOTS = os.environ.get("NOTIFY_SHOTS")


@pytest.fixture
def anna(db):
    user = User.objects.create_user("anna@example.com", name="Anna Weber", zone="Europe/Berlin")
    user.groups.add(Group.objects.get_or_create(name=Role.MANAGER.label)[0])
    return user


@pytest.fixture
def settings_page(page, live_server, client, anna):
    """The page as Anna opens it, with what the browser complains about."""
    page.complaints = []
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    client.force_login(anna)
    session = client.cookies[site.SESSION_COOKIE_NAME].value
    page.context.add_cookies(
        [{"name": site.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}]
    )
    page.set_viewport_size(DESKTOP)
    page.goto(live_server.url + reverse("notify:settings"))
    return page


def problems(page):
    found = Axe().run(page, options=CHECKED).response["violations"]
    return [(one["id"], [node["html"][:160] for node in one["nodes"]][:3]) for one in found]


def test_notifications_are_chosen_saved_and_found_again(settings_page, anna):
    page = settings_page
    page.get_by_label("Late: something I must act on by E-mail").uncheck()
    page.get_by_label("Quiet from").fill("19:00")
    page.get_by_role("button", name="Save notifications").click()
    expect(page.get_by_role("alert")).to_contain_text("Give both times")
    expect(page.get_by_label("Late: something I must act on by E-mail")).not_to_be_checked()
    page.get_by_label("Quiet until").fill("07:30")
    page.get_by_role("button", name="Save notifications").click()
    expect(page.get_by_text("Your notifications are saved.")).to_be_visible()
    assert selectors.said_by(anna, Channel.EMAIL)[Topic.LATE] is False
    assert str(QuietHours.objects.get()) == "19:00 to 07:30"


def test_slack_is_set_up_tried_and_forgotten(settings_page):
    page = settings_page
    page.get_by_label("Address of your incoming webhook").fill("https://evil.example/x")
    page.get_by_role("button", name="Use this address").click()
    expect(page.get_by_role("alert")).to_contain_text("hooks.slack.com")
    address = page.get_by_label("Address of your incoming webhook")
    expect(address).to_have_value("https://evil.example/x")
    address.fill("https://hooks.slack.com/services/T000/B000/abcdefab9x")
    page.get_by_role("button", name="Use this address").click()
    expect(page.get_by_text("Your webhook ends in ab9x")).to_be_visible()
    expect(page.get_by_label("New leads for me by Slack")).to_be_checked()
    page.get_by_role("button", name="Send me a test").click()
    expect(page.get_by_text("A test is on its way")).to_be_visible()
    page.get_by_role("button", name="Forget my Slack address").click()
    expect(page.get_by_text("Nothing more goes there.")).to_be_visible()
    assert not Destination.objects.exists()


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_notifications_are_readable_in_both_themes_on_any_screen(settings_page, anna, size, theme):
    page = settings_page
    Destination.objects.create(
        user=anna,
        channel=Channel.SLACK,
        secret="https://hooks.slack.com/services/T0/B0/ab9x",
        died_at=anna.created_at,
        reason="Slack answered 404 no_service",
    )
    page.set_viewport_size(size)
    page.evaluate("theme => localStorage.setItem('adminTheme', JSON.stringify(theme))", theme)
    page.reload()
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{theme}-{size['width']}.png", full_page=True)
    assert not problems(page)
    assert not page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
    assert not page.complaints


def test_inbox_with_its_way_to_the_notifications_fits_a_phone(settings_page, live_server):
    page = settings_page
    page.get_by_role("button", name="Send me a test").click()
    page.set_viewport_size(PHONE)
    page.goto(live_server.url + reverse("notify:inbox"))
    expect(page.get_by_text("A test from Handoff", exact=True)).to_be_visible()
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/inbox-390.png", full_page=True)
    assert not problems(page)
    assert not page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
