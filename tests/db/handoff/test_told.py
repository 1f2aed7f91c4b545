"""Which messages about handoffs break quiet hours, and what people can choose about them."""

import pytest

from handoff import texts
from handoff.services import tell
from notify import registry
from notify.choices import Channel, Topic
from notify.models import Message
from tests.factories.handoff import NOW, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    return make_world()


@pytest.mark.parametrize(
    ("kind", "temperature", "is_urgent"),
    [
        ("late", "hot", True),
        ("late", "warm", False),
        ("remind", "hot", False),
        ("held", "cool", True),
        ("assigned", "hot", False),
    ],
)
def test_a_late_hot_lead_and_a_held_one_break_quiet_hours(world, kind, temperature, is_urgent):
    row = world.submitted()
    row.temperature = temperature
    tell._queue(kind, "one", world.manager, row, None, tell.BOTH, NOW)
    messages = Message.objects.filter(recipient=world.manager, key__startswith="one:")
    assert {message.ignores_quiet for message in messages} == {is_urgent}


def test_acceptance_stays_in_the_inbox_unless_it_is_asked_for():
    assert registry.topic_of("accepted") is Topic.OUTCOMES


def test_kinds_of_handoffs_have_a_topic_that_says_what_they_are_about():
    unnamed = [kind for kind in texts._WRITERS if registry.topic_of(kind) is Topic.OTHER]
    assert unnamed == []


def test_submitting_by_default_tells_the_receiver_by_mail_too(world):
    leg = world.submitted().legs.get()
    told = Message.objects.filter(recipient=leg.receiver, kind="assigned")
    assert {message.channel for message in told} == {Channel.INBOX, Channel.EMAIL}
