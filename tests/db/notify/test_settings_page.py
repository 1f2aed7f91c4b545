"""The page on which a person says how they want to be told."""

from datetime import time
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.urls import reverse

from accounts.choices import Role
from notify import selectors
from notify.choices import Channel, Topic
from notify.models import Destination, Message, Preference, QuietHours
from notify.services import save_slack, save_ways

PAGE = reverse("notify:settings")
SLACK = reverse("notify:slack")
REMOVE = reverse("notify:slack_remove")
TEST = reverse("notify:test")
ADDRESS = "https://hooks.slack.com/services/T000/B000/zqsecretab9x"


@pytest.fixture
def visitor(client, anna):
    client.force_login(anna)
    return client


def body_of(response):
    return response.content.decode()


def everything():
    return [
        list(model.objects.order_by("pk").values())
        for model in (Preference, QuietHours, Destination, Message)
    ]


@pytest.mark.parametrize("role", Role)
def test_settings_by_get_show_each_topic_with_a_labelled_tick_and_write_nothing(
    client, make_user, role
):
    user = make_user("Somebody", role)
    client.force_login(user)
    before = everything()
    page = body_of(client.get(PAGE))
    for topic in selectors.topics_for(user):
        assert f"{topic.label} by E-mail" in page
        assert f'name="{topic.value}-email"' in page
    assert "by Slack" not in page
    assert everything() == before


def test_settings_reached_from_the_inbox_and_the_account_menu(visitor):
    page = body_of(visitor.get(reverse("notify:inbox")))
    assert page.count(f'href="{PAGE}"') >= 3


def test_settings_saved_hold_for_the_person_alone(visitor, anna, bert):
    given = {"late-email": "on", "quiet_from": "19:00", "quiet_until": "07:30"}
    response = visitor.post(PAGE, given)
    assert (response.status_code, response.url) == (302, PAGE)
    said = selectors.said_by(anna, Channel.EMAIL)
    assert said[Topic.LATE] is True
    assert said[Topic.NEW_LEADS] is False
    hours = QuietHours.objects.get()
    assert (hours.user, hours.starts, hours.ends) == (anna, time(19), time(7, 30))
    assert not Preference.objects.exclude(user=anna).exists()
    page = body_of(visitor.get(PAGE))
    assert 'value="19:00"' in page
    assert page.count("checked") == 1


def test_settings_naming_somebody_else_change_only_own(visitor, bert):
    visitor.post(PAGE, {"user": bert.pk, "by": bert.pk, "late-email": "on"})
    visitor.post(SLACK, {"user": bert.pk, "address": ADDRESS})
    visitor.post(TEST, {"user": bert.pk})
    for model in (Preference, Destination):
        assert not model.objects.filter(user=bert).exists()
    assert not Message.objects.filter(recipient=bert).exists()


def test_settings_saved_without_slack_leave_what_was_said_about_slack(visitor, anna, now):
    save_ways(
        by=anna,
        wanted={Topic.LATE: {Channel.SLACK: False}},
        quiet_from=None,
        quiet_until=None,
        now=now,
    )
    visitor.post(PAGE, {"late-slack": "on"})
    assert selectors.said_by(anna, Channel.SLACK) == {Topic.LATE: False}


def test_settings_of_a_topic_that_cannot_reach_the_person_are_passed_over(visitor, anna):
    visitor.post(PAGE, {"system-email": "on", "held-email": "on", "nonsense-email": "on"})
    assert not {"system", "held", "nonsense"} & set(selectors.said_by(anna, Channel.EMAIL))


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"quiet_from": "19:00"}, "Give both times"),
        ({"quiet_until": "07:30"}, "Give both times"),
        ({"quiet_from": "07:30", "quiet_until": "07:30"}, "Give another time"),
        ({"quiet_from": "25:00", "quiet_until": "07:30"}, "Enter a time"),
        ({"quiet_from": "1\x009", "quiet_until": "07:30"}, "Enter a time"),
        ({"quiet_from": "9" * 50_000, "quiet_until": "٧:30"}, "Enter a time"),
    ],
)
def test_settings_with_wrong_times_are_refused_and_keep_what_was_typed(visitor, given, told):
    response = visitor.post(PAGE, {"late-email": "on", **given})
    assert response.status_code == 422
    page = body_of(response)
    assert told in page
    assert page.count("checked") == 1
    assert not Preference.objects.exists()


def test_slack_saved_shows_its_last_four_characters_and_no_more(visitor, anna):
    response = visitor.post(SLACK, {"address": f"  {ADDRESS}\n"})
    assert response.status_code == 302
    assert Destination.objects.get().secret == ADDRESS
    page = body_of(visitor.get(PAGE))
    assert "<b>ab9x</b>" in page
    assert "secret" not in page.replace("It is a secret", "")
    assert "Late: something I must act on by Slack" in page


def test_slack_of_others_is_seen_by_nobody_not_even_an_admin(client, admin, anna, now):
    save_slack(by=anna, address=ADDRESS, now=now)
    client.force_login(admin)
    for path in (
        PAGE,
        f"/admin/accounts/user/{anna.pk}/",
        f"/admin/accounts/user/{anna.pk}/history/",
    ):
        response = client.get(path)
        assert response.status_code == 200
        assert "ab9x" not in body_of(response)
    channels = client.get("/admin/notify/destination/")
    assert channels.status_code == 200
    assert "ab9x" not in body_of(channels)
    own = Destination.objects.get()
    assert client.get(f"/admin/notify/destination/{own.pk}/").status_code == 404
    assert client.post(f"/admin/notify/destination/{own.pk}/test/").status_code == 404


@pytest.mark.parametrize(
    "address",
    [
        "",
        "nonsense",
        "http://hooks.slack.com/services/x",
        "https://evil.example/services/x",
        "https://hooks.slack.com@evil.example/services/x",
        "https://hooks.slack.com/services/\x00",
        "https://hooks.slack.com/services/<script>alert(1)</script>",
        "https://hooks.slack.com/services/" + "x" * 600,
        "\ud800",
    ],
)
def test_slack_with_another_address_is_refused_and_keeps_what_was_typed(visitor, address):
    data = urlencode({"address": address}, errors="surrogatepass")
    response = visitor.post(SLACK, data, content_type="application/x-www-form-urlencoded")
    assert response.status_code == 422
    assert "<script>alert" not in body_of(response)
    if address.startswith("http:"):
        assert f'value="{address}"' in body_of(response)
    assert not Destination.objects.exists()


def test_slack_with_a_megabyte_is_refused(visitor):
    assert visitor.post(SLACK, {"address": "x" * 1_000_001}).status_code in {400, 413}
    assert not Destination.objects.exists()


def test_slack_that_died_says_so_and_what_to_do(visitor, anna, now):
    save_slack(by=anna, address=ADDRESS, now=now)
    Destination.objects.update(died_at=now, reason="Slack answered 404 no_service")
    page = body_of(visitor.get(PAGE))
    assert "Slack answered 404 no_service" in page
    assert "Give a new one" in page


def test_slack_remove_forgets_own_address_only(visitor, anna, bert, now):
    for user in (anna, bert):
        save_slack(by=user, address=ADDRESS, now=now)
    assert visitor.post(REMOVE).status_code == 302
    assert [one.user for one in Destination.objects.all()] == [bert]


def test_test_message_is_sent_to_oneself_once_in_a_minute(visitor, anna, time_machine, now):
    time_machine.move_to(now, tick=False)
    for _ in range(3):
        assert visitor.post(TEST).status_code == 302
    assert [one.channel for one in Message.objects.filter(recipient=anna)] == ["inbox", "email"]
    assert "A test from Handoff" in body_of(visitor.get(reverse("notify:inbox")))


@pytest.mark.parametrize("address", [SLACK, REMOVE, TEST])
def test_writing_by_get_is_refused_and_changes_nothing(visitor, anna, address, now):
    save_slack(by=anna, address=ADDRESS, now=now)
    before = everything()
    assert visitor.get(address, {"address": ADDRESS + "2"}).status_code == 405
    assert everything() == before


@pytest.mark.parametrize("address", [PAGE, SLACK, REMOVE, TEST])
def test_writing_without_a_token_or_a_sign_in_is_refused(anna, address, now):
    save_slack(by=anna, address=ADDRESS, now=now)
    before = everything()
    client = Client(enforce_csrf_checks=True)
    client.force_login(anna)
    assert client.post(address, {"address": ADDRESS}).status_code == 403
    assert Client().post(address, {"address": ADDRESS}).status_code == 302
    assert everything() == before


def test_settings_cost_the_same_whatever_was_said(
    visitor, anna, now, django_assert_max_num_queries
):
    with django_assert_max_num_queries(40) as few:
        visitor.get(PAGE)
    wanted = {topic: {Channel.EMAIL: True} for topic in Topic}
    save_ways(by=anna, wanted=wanted, quiet_from=time(19), quiet_until=time(7), now=now)
    with django_assert_max_num_queries(len(few)):
        visitor.get(PAGE)
