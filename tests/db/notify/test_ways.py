"""How people are told: topics and channels, quiet hours, Slack addresses."""

from datetime import UTC, datetime, time, timedelta

import pytest
from django.db import IntegrityError, transaction

from notify import registry, selectors
from notify.choices import Channel, MessageState, Topic
from notify.models import Destination, Message, Preference, QuietHours
from notify.registry import Text
from notify.services import (
    QuietHoursIncomplete,
    SlackAddressRefused,
    deliver_due,
    remove_slack,
    save_slack,
    save_ways,
    send_test,
)

ADDRESS = "https://hooks.slack.com/services/T000/B000/zqsecretab9x"
QUIET = {"quiet_from": time(19), "quiet_until": time(7, 30)}
NONE = {"quiet_from": None, "quiet_until": None}
# In Berlin: half past seven in the evening, and the next morning.
EVENING = datetime(2026, 11, 20, 18, 30, tzinfo=UTC)
MORNING = datetime(2026, 11, 21, 6, 30, tzinfo=UTC)


@pytest.fixture
def choose(anna, now):
    def choose(topic, channel, is_on, user=anna):
        save_ways(by=user, wanted={topic: {channel: is_on}}, **NONE, now=now)

    return choose


@pytest.fixture
def quiet(anna, now):
    anna.zone = "Europe/Berlin"
    anna.save()
    save_ways(by=anna, wanted={}, **QUIET, now=now)


@pytest.fixture
def kind_of(monkeypatch):
    def kind_of(topic):
        """A kind named after its topic; it always has something to say."""
        name = f"about {topic}"
        kind = registry.Kind(name, lambda message, now: Text(name, path="/a/"), None, topic)
        monkeypatch.setitem(registry._kinds, name, kind)
        return name

    return kind_of


def channels(messages):
    return [message.channel for message in messages]


def test_queue_message_without_a_word_goes_to_the_inbox_and_by_mail(queue, kind_of):
    assert channels(queue(kind=kind_of(Topic.LATE))) == ["inbox", "email"]


def test_queue_message_of_a_topic_switched_off_stays_in_the_inbox(queue, choose, kind_of, bert):
    choose(Topic.LATE, Channel.EMAIL, False)
    assert channels(queue("a", kind=kind_of(Topic.LATE))) == ["inbox"]
    assert channels(queue("b", kind=kind_of(Topic.HELD))) == ["inbox", "email"]
    assert channels(queue("c", kind=kind_of(Topic.LATE), recipient=bert)) == ["inbox", "email"]


def test_queue_message_of_what_is_off_by_default_goes_out_when_asked_for(queue, choose, kind_of):
    kind = kind_of(Topic.OUTCOMES)
    assert channels(queue("a", kind=kind)) == ["inbox"]
    choose(Topic.OUTCOMES, Channel.EMAIL, True)
    assert channels(queue("b", kind=kind)) == ["inbox", "email"]


def test_queue_message_with_slack_goes_there_too_while_it_lives(queue, anna, now):
    save_slack(by=anna, address=ADDRESS, now=now)
    assert channels(queue("a")) == ["inbox", "email", "slack"]
    Destination.objects.update(died_at=now)
    assert channels(queue("b")) == ["inbox", "email"]


def test_queue_message_for_the_inbox_alone_goes_nowhere_else(queue, anna, now):
    save_slack(by=anna, address=ADDRESS, now=now)
    assert channels(queue(channels=[Channel.INBOX])) == ["inbox"]


@pytest.mark.usefixtures("quiet")
def test_queue_message_in_quiet_hours_waits_for_their_end_and_is_in_the_inbox(queue):
    inbox, mail = queue(now=EVENING)
    assert (inbox.state, inbox.sent_at) == (MessageState.SENT, EVENING)
    assert (mail.state, mail.not_before) == (MessageState.PENDING, MORNING)


@pytest.mark.usefixtures("quiet")
def test_queue_message_that_ignores_quiet_hours_goes_at_once(queue):
    _, mail = queue(now=EVENING, ignores_quiet=True)
    assert mail.not_before == EVENING
    assert mail.ignores_quiet


@pytest.mark.usefixtures("quiet")
def test_queue_message_for_later_keeps_the_quiet_hours_of_then(queue, now):
    _, mail = queue(now=now, not_before=EVENING)
    assert mail.not_before == MORNING


@pytest.mark.usefixtures("quiet")
def test_deliver_due_in_quiet_hours_puts_off_what_was_queued_before(queue, transport, now):
    _, mail = queue("mail", not_before=EVENING - timedelta(hours=1), now=now)
    _, loud = queue("loud", ignores_quiet=True, now=now)
    assert deliver_due(EVENING) == 1
    assert [pk for pk, _ in transport.sent] == [loud.pk]
    mail.refresh_from_db()
    assert (mail.state, mail.not_before, mail.attempts) == (MessageState.PENDING, MORNING, 0)
    assert deliver_due(MORNING) == 1


@pytest.mark.usefixtures("quiet")
def test_deliver_due_in_somebody_elses_quiet_hours_sends(queue, transport, bert, now):
    queue("a", now=now)
    queue("b", recipient=bert, now=now)
    assert deliver_due(EVENING) == 1
    assert len(transport.sent) == 1


def test_deliver_due_of_what_was_switched_off_meanwhile_drops_it(
    queue, choose, kind_of, transport, now
):
    _, mail = queue(kind=kind_of(Topic.LATE))
    choose(Topic.LATE, Channel.EMAIL, False)
    deliver_due(now)
    mail.refresh_from_db()
    assert mail.state == MessageState.DROPPED
    assert not transport.sent


def test_save_ways_twice_keeps_the_last_and_leaves_others_alone(anna, bert, choose):
    choose(Topic.LATE, Channel.EMAIL, False)
    choose(Topic.HELD, Channel.EMAIL, False)
    choose(Topic.LATE, Channel.EMAIL, False, user=bert)
    choose(Topic.LATE, Channel.EMAIL, True)
    assert selectors.said_by(anna, Channel.EMAIL) == {Topic.LATE: True, Topic.HELD: False}
    assert selectors.said_by(bert, Channel.EMAIL) == {Topic.LATE: False}


def test_save_ways_never_switches_the_inbox_off(anna, choose):
    choose(Topic.LATE, Channel.INBOX, False)
    assert not Preference.objects.exists()
    with pytest.raises(IntegrityError, match="notify_preference_not_inbox"), transaction.atomic():
        Preference.objects.create(user=anna, topic="late", channel="inbox", is_on=False)


def test_save_ways_without_times_forgets_the_quiet_hours(anna, now):
    save_ways(by=anna, wanted={}, **QUIET, now=now)
    assert str(QuietHours.objects.get()) == "19:00 to 07:30"
    save_ways(by=anna, wanted={}, **NONE, now=now)
    assert not QuietHours.objects.exists()


@pytest.mark.parametrize(
    ("times", "field"),
    [
        ((time(19), None), "quiet_until"),
        ((None, time(7)), "quiet_from"),
        ((time(7), time(7)), "quiet_until"),
    ],
)
def test_save_ways_with_half_or_no_quiet_hours_is_refused_and_keeps_all(anna, times, field, now):
    starts, ends = times
    with pytest.raises(QuietHoursIncomplete) as caught:
        save_ways(
            by=anna,
            wanted={Topic.LATE: {Channel.EMAIL: False}},
            quiet_from=starts,
            quiet_until=ends,
            now=now,
        )
    assert [problem.field for problem in caught.value.problems] == [field]
    assert not Preference.objects.exists()


def test_quiet_hours_of_no_length_are_refused_by_the_database(anna):
    with pytest.raises(IntegrityError, match="notify_quiethours_some"), transaction.atomic():
        QuietHours.objects.create(user=anna, starts=time(7), ends=time(7))


def test_save_slack_shows_no_more_than_its_ending(anna, now):
    save_slack(by=anna, address=ADDRESS, now=now)
    slack = Destination.objects.get()
    assert slack.ending == "ab9x"
    assert "zqsecret" not in f"{slack} {slack!r} {slack.ending}"


def test_save_slack_again_replaces_the_address_and_wakes_a_dead_one(anna, now):
    save_slack(by=anna, address=ADDRESS, now=now)
    Destination.objects.update(died_at=now, reason="Slack answered 404")
    save_slack(by=anna, address=ADDRESS + "2", now=now)
    slack = Destination.objects.get()
    assert (slack.secret, slack.died_at, slack.reason) == (ADDRESS + "2", None, "")


@pytest.mark.parametrize(
    "address", ["", "http://hooks.slack.com/services/x", "https://169.254.169.254/latest/"]
)
def test_save_slack_of_another_host_is_refused_and_says_what_is_meant(anna, address, now):
    with pytest.raises(SlackAddressRefused, match=r"begins with https://hooks\.slack\.com/"):
        save_slack(by=anna, address=address, now=now)
    assert not Destination.objects.exists()


def test_remove_slack_forgets_own_address_only(anna, bert, now):
    for user in (anna, bert):
        save_slack(by=user, address=ADDRESS, now=now)
    remove_slack(by=anna, now=now)
    assert [one.user for one in Destination.objects.all()] == [bert]


@pytest.mark.usefixtures("quiet")
def test_send_test_goes_by_every_way_even_in_quiet_hours_once_a_minute(anna, now):
    save_slack(by=anna, address=ADDRESS, now=now)
    for second in (0, 29):
        send_test(by=anna, now=EVENING + timedelta(seconds=second))
    sent = Message.objects.order_by("id")
    assert channels(sent) == ["inbox", "email", "slack"]
    assert {message.not_before for message in sent} == {EVENING}
    send_test(by=anna, now=EVENING + timedelta(seconds=60))
    assert Message.objects.count() == 6


def test_settings_of_has_slack_once_there_is_an_address(anna, now):
    assert selectors.settings_of(anna).channels == (Channel.EMAIL,)
    save_slack(by=anna, address=ADDRESS, now=now)
    assert selectors.settings_of(anna).channels == (Channel.EMAIL, Channel.SLACK)


def test_topics_for_somebody_are_those_that_can_reach_them(anna, admin):
    assert Topic.SYSTEM not in selectors.topics_for(anna)
    assert Topic.HELD not in selectors.topics_for(anna)
    assert {Topic.SYSTEM, Topic.HELD} <= set(selectors.topics_for(admin))
    assert Topic.NEW_LEADS in selectors.topics_for(anna)
