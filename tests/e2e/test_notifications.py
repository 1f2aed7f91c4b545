"""The page of a person's notifications, in a real browser."""

import pytest
from django.contrib.auth.models import Group
from playwright.sync_api import expect

from accounts.choices import Role
from accounts.models import User
from notify import selectors
from notify.choices import Channel, Topic
from notify.models import Destination, QuietHours
from tests.e2e.browsing import problems

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def anna(db):
    user = User.objects.create_user("anna@example.com", name="Anna Weber", zone="Europe/Berlin")
    user.groups.add(Group.objects.get_or_create(name=Role.MANAGER.label)[0])
    return user


@pytest.fixture
def settings_page(visit, anna):
    """The page as Anna opens it."""
    return visit(anna, "notify:settings")


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


def test_notifications_are_readable_in_both_themes_on_any_screen(visit, anna):
    Destination.objects.create(
        user=anna,
        channel=Channel.SLACK,
        secret="https://hooks.slack.com/services/T0/B0/ab9x",
        died_at=anna.created_at,
        reason="Slack answered 404 no_service",
    )
    page = visit(anna, "notify:settings")
    expect(page.get_by_text("Slack answered 404 no_service")).to_be_visible()
    assert problems(page) == {}


def test_inbox_with_its_way_to_the_notifications_fits_a_phone(settings_page, visit, anna):
    settings_page.get_by_role("button", name="Send me a test").click()
    page = visit(anna, "notify:inbox")
    expect(page.get_by_text("A test from Handoff", exact=True)).to_be_visible()
    assert problems(page) == {}
