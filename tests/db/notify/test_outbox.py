from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from core.errors import NotPermitted
from notify.choices import Channel, MessageState
from notify.models import Message
from notify.services import MessageNotDead, deliver_due, retry_message
from notify.transports import PermanentFailure


def test_queue_message_writes_one_row_for_each_channel(queue, anna, now):
    inbox, email = queue("breach:7")
    assert (inbox.key, inbox.channel, inbox.state) == ("breach:7:inbox", "inbox", "sent")
    assert (email.key, email.channel, email.state) == ("breach:7:email", "email", "pending")
    assert inbox.sent_at == now
    assert email.not_before == now
    assert {inbox.recipient, email.recipient} == {anna}


def test_queue_message_twice_keeps_the_first(queue, bert):
    first = queue("breach:7")
    again = queue("breach:7", recipient=bert, payload={"thing": 2})
    assert [message.pk for message in again] == [message.pk for message in first]
    assert Message.objects.filter(recipient=bert).count() == 0


def test_queue_message_with_a_new_channel_adds_only_that(queue):
    queue("breach:7", channels=[Channel.INBOX])
    queue("breach:7")
    assert Message.objects.count() == 2


def test_queue_message_not_before_holds_back_mail_and_not_the_inbox(queue, now):
    later = now + timedelta(hours=8)
    inbox, email = queue(not_before=later)
    assert email.not_before == later
    assert inbox.state == MessageState.SENT


def test_queue_message_in_a_transaction_that_is_rolled_back_leaves_nothing(queue):
    with transaction.atomic():
        queue()
        transaction.set_rollback(True)
    assert not Message.objects.exists()


def test_queue_message_costs_one_query_and_one_more_for_what_leaves_the_house(
    queue, django_assert_num_queries
):
    with django_assert_num_queries(1):
        queue("a", channels=[Channel.INBOX])
    with django_assert_num_queries(2):
        queue("b")


@pytest.fixture
def dead(queue_mail, transport, now):
    transport.errors["one"] = PermanentFailure("550 unknown")
    message = queue_mail()
    deliver_due(now)
    message.refresh_from_db()
    assert message.state == MessageState.DEAD
    transport.errors.clear()
    return message


def test_retry_message_that_is_dead_sends_it_with_a_fresh_schedule(dead, admin, transport, now):
    retry_message(message=dead, by=admin, now=now + timedelta(hours=1))
    dead.refresh_from_db()
    assert (dead.state, dead.attempts) == (MessageState.PENDING, 0)
    deliver_due(now + timedelta(hours=1))
    dead.refresh_from_db()
    assert dead.state == MessageState.SENT
    assert list(dead.tries.order_by("n").values_list("n", "is_delivered")) == [
        (1, False),
        (2, True),
    ]


def test_retry_message_that_dies_again_is_told_again(admin, dead, transport, now):
    Message.objects.filter(recipient=admin).unread().update(read_at=now)
    transport.errors["one"] = PermanentFailure("550 unknown")
    retry_message(message=dead, by=admin, now=now)
    deliver_due(now)
    assert Message.objects.filter(recipient=admin).unread().count() == 1


def test_retry_message_by_somebody_else_than_an_admin_is_not_permitted(dead, anna, now):
    with pytest.raises(NotPermitted):
        retry_message(message=dead, by=anna, now=now)


def test_retry_message_twice_is_a_conflict(dead, admin, now):
    retry_message(message=dead, by=admin, now=now)
    with pytest.raises(MessageNotDead, match="Nothing was changed"):
        retry_message(message=dead, by=admin, now=now)


def test_message_sending_without_a_lease_is_refused(queue_mail):
    message = queue_mail()
    with pytest.raises(IntegrityError, match="notify_message_sending_has_lease"):
        Message.objects.filter(pk=message.pk).update(state=MessageState.SENDING)


def test_message_sent_without_a_time_is_refused(queue_mail):
    message = queue_mail()
    with pytest.raises(IntegrityError, match="notify_message_sent_has_time"):
        Message.objects.filter(pk=message.pk).update(state=MessageState.SENT)


def test_messages_for_user_are_own_or_all_for_an_admin(queue, anna, bert, admin):
    queue("a")
    queue("b", recipient=bert)
    assert Message.objects.for_user(anna).count() == 2
    assert Message.objects.for_user(admin).count() == 4
