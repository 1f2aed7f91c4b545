"""The Slack channels of teams and of the organisation."""

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from accounts.choices import Role
from accounts.models import Membership, Team
from core.errors import NotPermitted
from notify import registry, selectors, transports
from notify.choices import Channel, MessageState
from notify.models import Destination, LastDigest, Message
from notify.registry import Text
from notify.services import (
    ChannelGone,
    SlackAddressRefused,
    deliver_due,
    queue_post,
    remove_channel,
    save_channel,
    save_slack,
    save_ways,
)
from notify.services import test_channel as send_test_to
from notify.transports import DestinationGone, PermanentFailure
from tests.support.slack import slack_server

ADDRESS = "https://hooks.slack.com/services/T0/B0/secretab9x"


@pytest.fixture
def team(db, anna):
    team = Team.objects.create(name="North")
    Membership.objects.create(team=team, user=anna)
    return team


@pytest.fixture
def channel(team, admin, now):
    return save_channel(team=team, address=ADDRESS, by=admin, now=now)


@pytest.fixture
def post(kinds, channel, now):
    def post(key="one", to=channel):
        given = {"subject_ref": "thing:1", "payload": {"thing": 1}, "now": now}
        queue_post(key=key, kind="note", destination=to, **given)
        return Message.objects.get(key=f"{key}:slack")

    return post


@pytest.fixture
def slack_line(transport, monkeypatch):
    monkeypatch.setitem(transports.TRANSPORTS, Channel.SLACK, lambda: transport)
    return transport


def fresh(row):
    row.refresh_from_db()
    return row


def test_channel_of_a_person_is_the_oldest_teams_that_has_one_else_the_organisations(
    team, anna, bert, admin, now
):
    assert selectors.channel_of(anna) is None
    assert not selectors.has_channel()
    everybodys = save_channel(team=None, address=ADDRESS, by=admin, now=now)
    assert selectors.channel_of(anna) == selectors.channel_of(bert) == everybodys
    second = Team.objects.create(name="South")
    Membership.objects.create(team=second, user=anna)
    theirs = save_channel(team=second, address=ADDRESS, by=admin, now=now)
    assert selectors.channel_of(anna) == theirs
    own = save_channel(team=team, address=ADDRESS, by=admin, now=now)
    assert selectors.channel_of(anna) == own
    Destination.objects.filter(pk=own.pk).update(died_at=now)
    assert selectors.channel_of(anna) == theirs


def test_channel_of_a_person_is_never_their_own_address(anna, now):
    save_slack(by=anna, address=ADDRESS, now=now)
    assert selectors.channel_of(anna) is None
    assert not selectors.has_channel()


def test_teams_without_channel_are_named_until_there_is_one_for_all(team, channel, admin, now):
    Team.objects.create(name="South")
    assert selectors.teams_without_channel() == ["South"]
    save_channel(team=None, address=ADDRESS, by=admin, now=now)
    assert selectors.teams_without_channel() == []


def test_post_goes_to_the_teams_channel_whatever_people_want_and_at_night(
    post, anna, slack_line, now
):
    save_ways(
        by=anna, wanted={}, quiet_from=now.time(), quiet_until=now.time().replace(hour=23), now=now
    )
    message = post()
    assert deliver_due(now) == 1
    assert fresh(message).state == MessageState.SENT
    assert message.addressee == "The channel of North"


def test_post_queued_twice_is_one(post):
    assert post() == post()
    assert Message.objects.count() == 1


def test_posts_over_a_real_line_reach_each_its_own_address(settings, kinds, team, admin, now):
    with slack_server() as server:
        settings.NOTIFY_SLACK_HOSTS = [server.host]
        for n, whose in enumerate([team, None]):
            address = f"{server.address()}{n}"
            to = save_channel(team=whose, address=address, by=admin, now=now)
            queue_post(
                key=f"n{n}", kind="note", destination=to, subject_ref="t:1", payload={}, now=now
            )
        assert deliver_due(now) == 2
        assert [path[-1] for path, _ in server.posts] == ["0", "1"]


def test_more_than_three_posts_to_one_channel_go_out_as_one_without_an_inbox(
    post, kinds, slack_line, admin, now
):
    everybodys = save_channel(team=None, address=ADDRESS, by=admin, now=now)
    for n in range(4):
        post(f"n{n}")
        post(f"all{n}", to=everybodys)
    assert deliver_due(now) == 8
    assert [len(pks) for pks, _ in slack_line.parcels] == [4, 4]
    text = slack_line.parcels[0][1]
    assert (text.subject, text.path) == ("4 messages", "")
    assert len(text.lines) == 4
    # What comes at once afterwards waits for the next digest.
    assert LastDigest.objects.filter(user__isnull=True).count() == 2
    waiting = post("later")
    assert deliver_due(now) == 0
    assert fresh(waiting).not_before > now


def test_digest_of_very_many_to_a_channel_does_not_send_to_an_inbox():
    text = registry.digest([Text("Late")] * 60, to_person=False)
    assert text.lines[-1].subject == "and 10 more"


def test_post_that_is_untrue_by_then_is_dropped(post, kinds, slack_line, now):
    kinds["one"] = None
    message = post()
    deliver_due(now)
    assert fresh(message).state == MessageState.DROPPED


def test_post_to_a_channel_taken_away_is_dropped(post, channel, admin, now):
    message = post()
    remove_channel(destination=channel, by=admin, now=now)
    deliver_due(now)
    assert fresh(message).state == MessageState.DROPPED


def test_channel_whose_address_died_is_switched_off_and_the_admins_are_told(
    post, channel, admin, anna, slack_line, now
):
    slack_line.errors["one"] = DestinationGone("Slack answered 404 no_service", channel)
    message = post()
    deliver_due(now)
    assert fresh(message).state == MessageState.DEAD
    assert fresh(channel).died_at is not None
    told = Message.objects.filter(kind=selectors.CHANNEL_OFF)
    assert [one.recipient for one in told] == [admin]
    assert "The channel of North" in registry.refresh(told.get(), now).subject
    assert not Message.objects.filter(recipient=anna).exists()
    # One notice of the dead message, too, which says whose it was.
    dead = Message.objects.get(kind=selectors.DEAD_NOTICE)
    assert "Slack to The channel of North" in registry.refresh(dead, now).body
    save_channel(team=channel.team, address=ADDRESS, by=admin, now=now)
    assert fresh(channel).died_at is None
    assert registry.refresh(told.get(), now) is None


def test_post_that_is_refused_has_no_other_way_and_is_dead(post, slack_line, admin, now):
    slack_line.errors["one"] = PermanentFailure("Slack answered 400 invalid_payload")
    message = post()
    deliver_due(now)
    assert fresh(message).state == MessageState.DEAD
    assert set(Message.objects.exclude(pk=message.pk).values_list("kind", flat=True)) == {
        selectors.DEAD_NOTICE
    }


def test_channel_is_an_admins_to_set_up(team, channel, anna, now):
    with pytest.raises(NotPermitted):
        save_channel(team=team, address=ADDRESS, by=anna, now=now)
    with pytest.raises(NotPermitted):
        remove_channel(destination=channel, by=anna, now=now)
    with pytest.raises(NotPermitted):
        send_test_to(destination=channel, by=anna, now=now)


def test_channel_with_another_address_than_a_webhooks_is_refused(team, admin, now):
    with pytest.raises(SlackAddressRefused):
        save_channel(team=team, address="https://evil.example/services/x", by=admin, now=now)


def test_channel_replaced_stays_one(team, channel, admin, now):
    again = save_channel(team=team, address=f"{ADDRESS}y", by=admin, now=now)
    assert again == channel
    everybodys = save_channel(team=None, address=ADDRESS, by=admin, now=now)
    assert save_channel(team=None, address=f"{ADDRESS}z", by=admin, now=now) == everybodys


def test_database_keeps_one_channel_for_each_team_and_one_for_all(team, channel, admin, anna, now):
    save_channel(team=None, address=ADDRESS, by=admin, now=now)
    for said in ({"team": team}, {"team": None}, {"team": team, "user": anna}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Destination.objects.create(channel=Channel.SLACK, secret=ADDRESS, **said)


def test_database_keeps_no_message_to_nobody_or_to_a_person_and_a_team(post, team, anna, now):
    made = {"kind": "note", "subject_ref": "t:1", "not_before": now}
    for said in (
        {"channel": Channel.EMAIL},
        {"channel": Channel.SLACK, "recipient": anna, "team": team},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            Message.objects.create(key=f"x:{said}", **made, **said)


def test_test_of_a_channel_is_posted_once_a_minute(channel, admin, slack_line, now):
    send_test_to(destination=channel, by=admin, now=now)
    send_test_to(destination=channel, by=admin, now=now)
    deliver_due(now)
    ((_, subject),) = slack_line.sent
    assert subject == "A test from Handoff"
    Destination.objects.update(died_at=now)
    with pytest.raises(ChannelGone):
        send_test_to(destination=channel, by=admin, now=now)


def address(name, *args):
    return reverse(f"admin:notify_destination_{name}", args=args)


def test_admin_sets_a_channel_up_tries_it_and_forgets_it(client, team, admin):
    client.force_login(admin)
    answer = client.post(address("new"), {"team": team.pk, "address": ADDRESS}, follow=True)
    assert "Send it a test" in answer.content.decode()
    channel = Destination.objects.get()
    listed = client.get(address("changelist")).content.decode()
    assert "The channel of North" in listed
    page = client.get(address("change", channel.pk)).content.decode()
    assert "ab9x" in page
    assert "secretab9x" not in listed + page
    answer = client.post(address("test", channel.pk), follow=True)
    assert "on its way" in answer.content.decode()
    assert Message.objects.get().team == team
    client.post(address("replace", channel.pk), {"address": f"{ADDRESS}y"})
    assert fresh(channel).secret == f"{ADDRESS}y"
    assert client.post(address("remove", channel.pk)).status_code == 302
    assert not Destination.objects.exists()


@pytest.mark.parametrize("said", ["nonsense", "a\0b", "x" * 10_000, ""])
def test_admin_is_told_what_is_wrong_with_an_address(client, admin, said):
    client.force_login(admin)
    answer = client.post(address("new"), {"team": "", "address": said})
    assert 400 <= answer.status_code < 500
    assert not Destination.objects.exists()


@pytest.mark.parametrize("role", [Role.SDR, Role.AE, Role.MANAGER])
def test_channels_are_no_page_for_others(client, make_user, channel, role):
    client.force_login(make_user("Vera", role))
    assert client.get(address("changelist")).status_code == 403
    assert client.post(address("test", channel.pk)).status_code == 403
