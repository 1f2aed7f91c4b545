import pytest

from notify.choices import Channel, Topic
from notify.rules.ways import EMAIL, INBOX, OFF_BY_DEFAULT, SLACK, is_wanted, ways

BOTH = (INBOX, EMAIL)


def test_ways_names_the_channels_and_topics_that_there_are():
    assert tuple(Channel) == (INBOX, EMAIL, SLACK)
    assert set(Topic) >= OFF_BY_DEFAULT


def test_ways_without_a_word_are_the_inbox_and_mail():
    assert ways(BOTH, Topic.LATE, {}, has_slack=False) == (INBOX, EMAIL)


def test_ways_with_slack_set_up_add_it():
    assert ways(BOTH, Topic.LATE, {}, has_slack=True) == (INBOX, EMAIL, SLACK)


def test_ways_of_what_stays_in_the_house_are_the_inbox_alone():
    assert ways([INBOX], Topic.LATE, {}, has_slack=True) == (INBOX,)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({EMAIL: {Topic.LATE: False}}, (INBOX, SLACK)),
        ({SLACK: {Topic.LATE: False}}, (INBOX, EMAIL)),
        ({EMAIL: {Topic.LATE: False}, SLACK: {Topic.LATE: False}}, (INBOX,)),
        ({EMAIL: {Topic.HELD: False}}, (INBOX, EMAIL, SLACK)),
        ({INBOX: {Topic.LATE: False}}, (INBOX, EMAIL, SLACK)),
    ],
)
def test_ways_follow_what_was_said_and_keep_the_inbox(said, expected):
    assert ways(BOTH, Topic.LATE, said, has_slack=True) == expected


@pytest.mark.parametrize(("said", "expected"), [({}, False), ({Topic.OUTCOMES: True}, True)])
def test_is_wanted_of_what_is_off_by_default_waits_to_be_asked_for(said, expected):
    assert is_wanted(Topic.OUTCOMES, EMAIL, said) is expected


def test_is_wanted_without_a_topic_cannot_be_switched_off():
    assert is_wanted(None, EMAIL, dict.fromkeys(Topic, False))
