from datetime import timedelta

import pytest

from core.loops import registered_loops
from notify import registry, selectors
from notify.choices import Channel, MessageState
from notify.models import Message
from notify.registry import Text
from notify.rules.delivery import MAX_CRASHES, Outcome
from notify.services import deliver, deliver_due, settle
from notify.services.claim import claim
from notify.transports import PermanentFailure, TemporaryFailure

pytestmark = pytest.mark.usefixtures("transport")


def state_of(message):
    message.refresh_from_db()
    return message.state


def tries_of(message):
    return list(message.tries.order_by("n").values_list("is_delivered", flat=True))


@pytest.fixture
def schedule(settings):
    settings.RETRY_DELAYS_SECONDS = [10, 100]


def test_deliver_due_sends_what_is_due_once(queue_mail, transport, now):
    message = queue_mail()
    assert deliver_due(now) == 1
    assert transport.sent == [(message.pk, "A note")]
    assert state_of(message) == MessageState.SENT
    assert message.sent_at >= now
    assert message.lease_until is None
    assert deliver_due(now) == 0
    assert len(transport.sent) == 1
    assert transport.closed == 1


def test_deliver_due_before_its_time_leaves_it(queue_mail, transport, now):
    queue_mail(not_before=now + timedelta(seconds=1))
    assert deliver_due(now) == 0
    assert not transport.sent


def test_deliver_due_makes_the_text_at_the_last_moment(queue_mail, transport, kinds, now):
    message = queue_mail()
    kinds["one"] = Text("Resolved 12 min late")
    deliver_due(now)
    assert transport.sent == [(message.pk, "Resolved 12 min late")]


def test_deliver_due_of_what_is_settled_drops_it_unsent(queue_mail, transport, kinds, now):
    message = queue_mail()
    kinds["one"] = None
    assert deliver_due(now) == 1
    assert state_of(message) == MessageState.DROPPED
    assert not transport.sent


@pytest.mark.parametrize(
    ("meanwhile", "sent", "state"),
    [(Text("Accepted 5 min late"), ["Accepted 5 min late"], "sent"), (None, [], "dropped")],
)
def test_deliver_due_after_an_outage_never_says_what_is_settled(
    queue_mail, transport, kinds, now, meanwhile, sent, state
):
    message = queue_mail()
    kinds["one"] = Text("Still waiting")
    transport.errors["one"] = TemporaryFailure("421 busy")
    deliver_due(now)
    transport.errors.clear()
    kinds["one"] = meanwhile
    assert state_of(message) == MessageState.PENDING
    deliver_due(message.not_before)
    assert [subject for _, subject in transport.sent] == sent
    assert state_of(message) == state


def test_deliver_due_to_somebody_inactive_drops_it(queue_mail, transport, anna, now):
    message = queue_mail()
    anna.is_active = False
    anna.save()
    deliver_due(now)
    assert state_of(message) == MessageState.DROPPED
    assert not transport.sent


@pytest.mark.usefixtures("schedule")
def test_deliver_due_with_a_passing_failure_waits_longer_each_time_then_is_dead(
    queue_mail, transport, now
):
    message = queue_mail()
    transport.errors["one"] = TemporaryFailure("421 busy")
    for wait in (10, 100):
        assert deliver_due(now) == 1
        assert state_of(message) == MessageState.PENDING
        assert wait <= (message.not_before - now).total_seconds() <= wait * 1.2 + 1
        assert message.last_error == "421 busy"
        assert deliver_due(message.not_before - timedelta(milliseconds=1)) == 0
        now = message.not_before
    deliver_due(now)
    assert state_of(message) == MessageState.DEAD
    assert tries_of(message) == [False, False, False]


def test_deliver_due_refused_for_one_recipient_leaves_the_others(queue_mail, transport, bert, now):
    refused, taken = queue_mail("one"), queue_mail("two", recipient=bert)
    transport.errors["one"] = PermanentFailure("550 unknown")
    assert deliver_due(now) == 2
    assert state_of(refused) == MessageState.DEAD
    assert state_of(taken) == MessageState.SENT


def test_deliver_due_of_an_unknown_kind_waits_for_a_process_that_knows_it(
    queue_mail, transport, now
):
    message = queue_mail(kind="from another version")
    deliver_due(now)
    assert state_of(message) == MessageState.PENDING
    assert "from another version" in message.last_error
    assert tries_of(message) == [False]


def test_deliver_due_of_a_text_that_cannot_be_made_is_dead_after_five_others_flow(
    queue_mail, transport, kinds, now
):
    poison = queue_mail("poison")
    kinds["poison"] = RuntimeError("no such thing")
    for n in range(MAX_CRASHES):
        assert state_of(poison) == MessageState.PENDING
        now = max(now, poison.not_before)
        good = queue_mail(f"good{n}", now=now)
        assert deliver_due(now) == 2
        assert state_of(good) == MessageState.SENT
    assert state_of(poison) == MessageState.DEAD
    assert poison.last_error == "RuntimeError: no such thing"
    assert tries_of(poison) == [None] * MAX_CRASHES


def test_deliver_due_has_the_try_on_record_before_the_text_is_made(queue_mail, monkeypatch, now):
    message = queue_mail()
    seen = []

    def look(message, now):
        claimed = Message.objects.values_list("state", "attempts").get(pk=message.pk)
        seen.append(claimed + message.tries.values_list("n", "ended_at").get())
        return Text("A note")

    monkeypatch.setitem(registry._kinds, "note", registry.Kind("note", look, None))
    deliver_due(now)
    assert seen == [("sending", 1, 1, None)]
    assert state_of(message) == MessageState.SENT


def test_deliver_due_of_what_somebody_else_sends_leaves_it(queue_mail, transport, now):
    message = queue_mail()
    claim([message.pk], now)
    assert deliver_due(now) == 0
    assert not transport.sent


def test_deliver_due_after_the_lease_sends_again(queue_mail, transport, settings, now):
    message = queue_mail()
    claim([message.pk], now)
    lease = timedelta(seconds=settings.LEASE_SECONDS)
    assert deliver_due(now + lease - timedelta(seconds=1)) == 0
    assert deliver_due(now + lease) == 1
    assert state_of(message) == MessageState.SENT
    assert tries_of(message) == [None, True]


def test_deliver_due_after_five_dead_processes_buries_the_message(
    queue_mail, transport, settings, now
):
    message = queue_mail()
    lease = timedelta(seconds=settings.LEASE_SECONDS)
    for _ in range(MAX_CRASHES):
        assert claim([message.pk], now)
        now += lease
    assert deliver_due(now) == 1
    assert state_of(message) == MessageState.DEAD
    assert message.last_error == settle.POISONED
    assert not transport.sent


def test_deliver_due_by_a_slow_sender_that_succeeds_is_sent_for_all(queue_mail, transport, now):
    """The slow one outlives its lease, and a second one has failed meanwhile."""
    message = queue_mail()

    def second_sender_fails_first(message):
        lease_over = message.lease_until
        claims = claim([message.pk], lease_over)
        settle.settle(claims, settle.Result(Outcome.FAILED, "421 busy"), lease_over)
        assert state_of(Message.objects.get(pk=message.pk)) == MessageState.PENDING

    transport.errors["one"] = second_sender_fails_first
    deliver_due(now)
    assert state_of(message) == MessageState.SENT


def test_deliver_due_by_a_slow_sender_that_fails_changes_nothing_of_the_second(
    queue_mail, transport, now
):
    message = queue_mail()

    def second_sender_claims(message):
        claim([message.pk], message.lease_until)
        return TemporaryFailure("421 busy")

    transport.errors["one"] = second_sender_claims
    deliver_due(now)
    assert state_of(message) == MessageState.SENDING
    assert message.attempts == 2
    assert tries_of(message) == [False, None]


def test_deliver_due_when_the_time_of_a_tick_is_over_leaves_the_rest(
    queue_mail, transport, settings, now
):
    settings.LOOP_BUDGET_SECONDS = -1
    queue_mail()
    assert deliver_due(now) == 0
    assert not transport.sent


def test_deliver_due_in_batches_sends_the_oldest_first(queue_mail, transport, monkeypatch, now):
    monkeypatch.setattr(deliver, "BATCH_SIZE", 2)
    young = queue_mail("young", not_before=now)
    older, old = (queue_mail(key, not_before=now - timedelta(1)) for key in ("older", "old"))
    assert [deliver_due(now), deliver_due(now), deliver_due(now)] == [2, 1, 0]
    assert [pk for pk, _ in transport.sent] == [older.pk, old.pk, young.pk]


def test_dead_message_is_told_to_each_admin_once_while_unread(
    queue_mail, transport, admin, make_user, now
):
    root = make_user("Root", is_superuser=True)
    make_user("Gone", is_superuser=True, is_active=False)
    for key in ("one", "two"):
        transport.errors[key] = PermanentFailure("550 unknown")
        queue_mail(key)
    deliver_due(now)
    notices = Message.objects.filter(kind=selectors.DEAD_NOTICE)
    assert sorted(notices.values_list("recipient", flat=True)) == sorted([admin.pk, root.pk])
    assert {notice.state for notice in notices} == {MessageState.SENT}


def test_dead_message_after_the_notice_was_read_is_told_again(queue_mail, transport, admin, now):
    for key in ("one", "two"):
        transport.errors[key] = PermanentFailure("550 unknown")
        queue_mail(key)
        deliver_due(now)
        Message.objects.filter(recipient=admin).unread().update(read_at=now)
    assert Message.objects.filter(kind=selectors.DEAD_NOTICE, recipient=admin).count() == 2


def test_dead_message_goes_to_the_inbox_of_its_recipient(queue_mail, transport, anna, now):
    transport.errors["one"] = PermanentFailure("550 unknown")
    queue_mail()
    deliver_due(now)
    (found,) = Message.objects.inbox_of(anna)
    assert (found.key, found.kind, found.payload) == ("one:inbox", "note", {"thing": 1})


def test_dead_message_that_is_in_the_inbox_already_is_there_once(queue, transport, anna, now):
    transport.errors["one"] = PermanentFailure("550 unknown")
    queue()
    deliver_due(now)
    assert Message.objects.inbox_of(anna).count() == 1


def test_deliver_due_finds_its_work_by_the_index_of_the_outbox(queue_mail, plan_of, now):
    for n in range(100):
        message = queue_mail(f"sent-{n}")
        Message.objects.filter(pk=message.pk).update(state="sent", sent_at=now)
    queue_mail()
    due = Message.objects.due(now).filter(channel=Channel.EMAIL).order_by("not_before", "id")
    assert "notify_message_due" in plan_of(due.values_list("pk", flat=True))


def test_deliver_due_is_a_loop_of_every_second():
    (loop,) = [loop for loop in registered_loops() if loop.name == "notify.deliver_due"]
    assert loop.every == timedelta(seconds=1)
    assert loop.run is deliver_due


def test_deliver_due_by_mail_has_the_stable_ids(queue_mail, mailoutbox, monkeypatch, now):
    from notify import transports

    monkeypatch.setitem(transports.TRANSPORTS, Channel.EMAIL, transports.EmailTransport)
    message = queue_mail()
    deliver_due(now)
    (mail,) = mailoutbox
    assert mail.to == ["anna@example.com"]
    assert mail.extra_headers["X-Handoff-Message"] == str(message.pk)
