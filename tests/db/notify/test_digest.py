"""What is due to one person over one channel goes out together."""

from datetime import timedelta

import pytest

from notify import registry
from notify.choices import Channel, MessageState, Tone
from notify.models import Attempt, LastDigest, Message
from notify.registry import Text
from notify.rules.delivery import MAX_CRASHES
from notify.services import deliver, deliver_due
from notify.services.claim import claim
from notify.transports import PermanentFailure, TemporaryFailure


@pytest.fixture
def queue_some(queue_mail):
    def queue_some(count, prefix="n", **changes):
        return [queue_mail(f"{prefix}{n}", **changes) for n in range(count)]

    return queue_some


def states():
    return set(Message.objects.values_list("state", flat=True))


def batches():
    return set(Message.objects.values_list("batch", flat=True))


def test_deliver_due_of_three_sends_three(queue_some, transport, now):
    queue_some(3)
    assert deliver_due(now) == 3
    assert len(transport.sent) == 3
    assert batches() == {None}


def test_deliver_due_of_more_than_three_sends_one_with_them_all(queue_some, transport, kinds, now):
    kinds["n2"] = Text("Late!", path="/b/", tone=Tone.LATE)
    messages = queue_some(4)
    assert deliver_due(now) == 4
    ((pks, text),) = transport.parcels
    assert pks == [message.pk for message in messages]
    assert text.subject == "4 messages for you, 1 about something late"
    assert [line.subject for line in text.lines] == ["Late!"] + ["A note"] * 3
    assert states() == {MessageState.SENT}
    (batch,) = batches()
    assert batch is not None
    assert list(Attempt.objects.values_list("n", "is_delivered")) == [(1, True)] * 4
    assert deliver_due(now) == 0


def test_deliver_due_never_puts_two_people_together(queue_some, queue_mail, transport, bert, now):
    for n in range(3):
        queue_some(1, f"a{n}")
        queue_some(1, f"b{n}", recipient=bert)
    deliver_due(now)
    assert len(transport.parcels) == 6
    queue_some(4, "c", recipient=bert)
    deliver_due(now)
    last, _ = transport.parcels[-1]
    assert set(Message.objects.filter(pk__in=last).values_list("recipient", flat=True)) == {bert.pk}


def test_deliver_due_of_very_many_sends_a_few(queue_some, transport, monkeypatch, now):
    monkeypatch.setattr(deliver, "DIGEST_SIZE", 4)
    queue_some(9)
    assert deliver_due(now) == 9
    assert [len(pks) for pks, _ in transport.parcels] == [4, 4, 1]


def test_deliver_due_leaves_out_of_a_digest_what_is_settled(queue_some, transport, kinds, now):
    kinds["n1"] = None
    messages = queue_some(5)
    deliver_due(now)
    ((pks, text),) = transport.parcels
    assert messages[1].pk not in pks
    assert text.subject == "4 messages for you"
    messages[1].refresh_from_db()
    assert (messages[1].state, messages[1].batch) == (MessageState.DROPPED, None)


def test_deliver_due_of_a_digest_with_one_left_sends_that_as_itself(
    queue_some, transport, kinds, now
):
    kinds |= dict.fromkeys(["n0", "n1", "n2"])
    queue_some(4)
    deliver_due(now)
    ((pks, text),) = transport.parcels
    assert (len(pks), text.subject, text.lines) == (1, "A note", ())


def test_deliver_due_of_a_digest_with_a_text_that_cannot_be_made_sends_the_others(
    queue_some, transport, kinds, now
):
    kinds["n1"] = RuntimeError("no such thing")
    messages = queue_some(5)
    deliver_due(now)
    ((pks, _),) = transport.parcels
    assert len(pks) == 4
    poison = messages[1]
    for _ in range(MAX_CRASHES):
        poison.refresh_from_db()
        deliver_due(poison.not_before)
    poison.refresh_from_db()
    assert poison.state == MessageState.DEAD


def test_deliver_due_of_a_digest_that_fails_for_now_comes_back_as_one(
    queue_some, transport, settings, now
):
    settings.RETRY_DELAYS_SECONDS = [10, 100]
    transport.errors["n2"] = TemporaryFailure("421 busy")
    queue_some(5)
    deliver_due(now)
    assert states() == {MessageState.PENDING}
    assert batches() == {None}
    (back,) = set(Message.objects.values_list("not_before", flat=True))
    transport.errors.clear()
    deliver_due(back)
    ((pks, _),) = transport.parcels
    assert len(pks) == 5


def test_deliver_due_of_a_digest_that_is_refused_tries_each_alone(
    queue_some, transport, settings, now
):
    settings.RETRY_DELAYS_SECONDS = [10, 100]
    transport.errors["n2"] = PermanentFailure("554 no such words")
    messages = queue_some(5)
    deliver_due(now)
    assert states() == {MessageState.PENDING}
    deliver_due(now + timedelta(seconds=60))
    assert [len(pks) for pks, _ in transport.parcels] == [1] * 4
    for message in messages:
        message.refresh_from_db()
    assert [message.state for message in messages] == ["sent", "sent", "dead", "sent", "sent"]
    assert {message.batch for message in messages if message.state == "sent"} == {None}


def test_deliver_due_after_a_digest_died_with_its_process_sends_each_alone(
    queue_some, transport, settings, now
):
    messages = queue_some(4)
    assert len(claim([message.pk for message in messages], now)) == 4
    assert deliver_due(now) == 0
    deliver_due(now + timedelta(seconds=settings.LEASE_SECONDS))
    assert [len(pks) for pks, _ in transport.parcels] == [1] * 4
    assert states() == {MessageState.SENT}


def test_deliver_due_of_a_digest_leaves_what_another_process_sends(queue_some, transport, now):
    messages = queue_some(5)
    claim([messages[0].pk], now)
    assert deliver_due(now) == 4
    ((pks, _),) = transport.parcels
    assert messages[0].pk not in pks


def test_deliver_due_of_a_digest_has_the_tries_on_record_before_it_begins(
    queue_some, monkeypatch, transport, now
):
    seen = []

    def look(message, now):
        seen.append(set(Message.objects.values_list("state", "tries__n", "tries__ended_at")))
        return Text("A note")

    monkeypatch.setitem(registry._kinds, "note", registry.Kind("note", look, None))
    queue_some(4)
    deliver_due(now)
    assert seen == [{("sending", 1, None)}] * 4


def test_deliver_due_of_a_digest_to_somebody_inactive_drops_it(queue_some, transport, anna, now):
    anna.is_active = False
    anna.save()
    queue_some(4)
    deliver_due(now)
    assert states() == {MessageState.DROPPED}
    assert not transport.sent


def test_deliver_due_by_mail_sends_a_digest_as_one_mail(queue_some, mailoutbox, kinds, now):
    kinds["n0"] = Text("First <b>", path="/first/")
    queue_some(4)
    deliver_due(now)
    (mail,) = mailoutbox
    assert mail.to == ["anna@example.com"]
    assert mail.subject == "4 messages for you"
    assert "/first/" in mail.body
    assert "First &lt;b&gt;" in mail.alternatives[0].content


def test_deliver_due_of_a_digest_needs_no_more_queries_to_find_more(
    queue_some, transport, django_assert_max_num_queries, now
):
    queue_some(4)
    with django_assert_max_num_queries(100) as few:
        deliver._parcels(Channel.EMAIL, now)
    queue_some(40, "m")
    with django_assert_max_num_queries(len(few)):
        assert [len(one) for one in deliver._parcels(Channel.EMAIL, now)] == [44]


def test_deliver_due_within_a_minute_of_a_digest_waits_for_the_next(queue_some, transport, now):
    queue_some(4)
    deliver_due(now)
    assert len(transport.parcels) == 1
    later = queue_some(2, "m")
    assert deliver_due(now + timedelta(seconds=1)) == 0
    queue_some(9, "o")
    assert deliver_due(now + timedelta(seconds=59)) == 0
    assert deliver_due(now + timedelta(seconds=61)) == 11
    (_, (pks, text)) = transport.parcels
    assert len(pks) == 11
    assert {message.pk for message in later} < set(pks)
    assert text.subject == "11 messages for you"


def test_deliver_due_after_the_clock_was_set_back_waits_for_no_digest_of_the_future(
    queue_some, transport, now
):
    """While the clock was a day ahead a digest went out."""
    queue_some(4)
    deliver_due(now + timedelta(days=1))
    queue_some(2, "m")
    assert deliver_due(now) == 2


def test_deliver_due_after_a_digest_of_somebody_else_does_not_wait(
    queue_some, queue_mail, transport, bert, now
):
    queue_some(4)
    deliver_due(now)
    queue_mail("b", recipient=bert)
    assert deliver_due(now + timedelta(seconds=1)) == 1


def test_deliver_due_after_a_digest_that_failed_does_not_wait_for_another(
    queue_some, queue_mail, transport, settings, now
):
    settings.RETRY_DELAYS_SECONDS = [10, 100]
    transport.errors["n2"] = TemporaryFailure("421 busy")
    queue_some(5)
    deliver_due(now)
    assert not LastDigest.objects.exists()
    queue_mail("urgent")
    assert deliver_due(now + timedelta(seconds=1)) == 1


def test_deliver_due_of_very_many_names_some_and_counts_the_others(queue_some, transport, now):
    queue_some(registry.MOST_LINES + 7)
    deliver_due(now)
    ((pks, text),) = transport.parcels
    assert len(pks) == registry.MOST_LINES + 7
    assert len(text.lines) == registry.MOST_LINES + 1
    assert text.lines[-1].subject == "and 7 more, in your inbox"


def test_deliver_due_of_forty_takes_as_many_queries_as_of_four(
    queue_some, transport, django_assert_max_num_queries, now
):
    queue_some(4)
    with django_assert_max_num_queries(100) as few:
        deliver_due(now)
    later = now + timedelta(seconds=61)
    queue_some(40, "m")
    with django_assert_max_num_queries(len(few)):
        deliver_due(later)
    assert [len(pks) for pks, _ in transport.parcels] == [4, 40]
