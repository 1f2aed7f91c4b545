"""Mail against real processes that are killed and a mail server that misbehaves."""

import os
import signal
from datetime import UTC, datetime, timedelta

import pytest

from accounts.models import User
from core.loops import database_now
from notify.choices import Channel, MessageState
from notify.models import Attempt, Message
from notify.rules.delivery import MAX_CRASHES
from notify.services import queue_message
from tests.support.deliverer import USUAL, deliverers
from tests.support.servers import free_port, wait_for
from tests.support.smtp import mail_server

pytestmark = pytest.mark.django_db(transaction=True)

PROMPT = timedelta(seconds=20)
PATIENCE_SECONDS = 120


@pytest.fixture
def server():
    with mail_server() as box:
        yield box


@pytest.fixture
def start():
    with deliverers() as start:
        yield start


@pytest.fixture
def queue():
    def queue(key, *, kind="note", email="anna@example.com"):
        user, _ = User.objects.get_or_create(email=email, defaults={"name": email})
        (message,) = queue_message(
            key=key,
            kind=kind,
            recipient=user,
            subject_ref="thing:1",
            payload={},
            channels=[Channel.EMAIL],
            now=datetime.now(UTC),
        )
        return message

    return queue


def wait_for_state(message, state):
    def reached():
        message.refresh_from_db()
        return message.state == state

    wait_for(reached, PATIENCE_SECONDS, f"message {message.key} is not {state}")


def wait_for_failure(message):
    failed = message.tries.filter(is_delivered=False)
    wait_for(failed.exists, PATIENCE_SECONDS, f"no try of message {message.key} has failed")


def tries_of(message):
    return list(message.tries.order_by("n"))


@pytest.mark.fault(
    "F3",
    "two deliverers of one outbox",
    held="each message once",
)
def test_two_deliverers_of_one_outbox_send_each_message_once(server, start, queue):
    for n in range(200):
        queue(f"n{n}")
    # On a busy machine a short lease may end during a send, and then a second one is right.
    children = [start(server.port, USUAL), start(server.port, USUAL)]
    wait_for(
        lambda: Message.objects.filter(state=MessageState.SENT).count() == 200,
        PATIENCE_SECONDS,
        "not everything was sent",
    )
    assert all(child.poll() is None for child in children)
    assert len(server.ids()) == 200
    assert set(server.ids().values()) == {1}
    assert Attempt.objects.count() == 200


@pytest.mark.fault(
    "F1",
    "deliverer killed after the claim",
    held="sent after the lease",
)
def test_deliverer_killed_after_the_claim_is_followed_by_another_after_the_lease(
    server, start, queue
):
    message = queue("one", kind="die")
    victim = start(server.port, DELIVERER_DIES="1")
    assert victim.wait(PATIENCE_SECONDS) == -signal.SIGKILL
    message.refresh_from_db()
    assert (message.state, message.attempts) == (MessageState.SENDING, 1)
    lease_until = message.lease_until
    start(server.port)
    ready_at = database_now()
    wait_for_state(message, MessageState.SENT)
    assert server.ids() == {str(message.pk): 1}
    first, second = tries_of(message)
    assert (first.ended_at, second.is_delivered) == (None, True)
    assert lease_until <= second.started_at < max(lease_until, ready_at) + PROMPT


@pytest.mark.fault(
    "F1",
    "deliverer killed after the send",
    held="one duplicate, with the same id",
)
def test_deliverer_killed_after_the_send_sends_one_duplicate_with_the_same_id(server, start, queue):
    victims = []

    def kill_once(mail):
        if victims:
            os.kill(victims.pop(), signal.SIGKILL)

    server.on_data = kill_once
    victim = start(server.port)
    victims.append(victim.pid)
    message = queue("one")
    assert victim.wait(PATIENCE_SECONDS) == -signal.SIGKILL
    assert len(server.mails) == 1
    start(server.port)
    wait_for_state(message, MessageState.SENT)
    assert len(server.mails) == 2
    assert len({mail["Message-ID"] for mail in server.mails}) == 1


@pytest.mark.fault(
    "F27",
    "message that kills its process",
    held="dead after five, the others flow",
)
def test_message_that_kills_every_process_is_dead_after_five_and_others_flow(server, start, queue):
    poison = queue("poison", kind="die")
    others = []
    for n in range(MAX_CRASHES + 1):
        others.append(queue(f"n{n}"))
        child = start(server.port, DELIVERER_DIES="1")
        if n < MAX_CRASHES:
            assert child.wait(PATIENCE_SECONDS) == -signal.SIGKILL
    wait_for_state(poison, MessageState.DEAD)
    for other in others:
        wait_for_state(other, MessageState.SENT)
    assert len(tries_of(poison)) == MAX_CRASHES + 1
    assert str(poison.pk) not in server.ids()
    assert set(server.ids().values()) == {1}


@pytest.mark.fault(
    "F14",
    "mail server away",
    held="sent when it is back",
)
def test_server_that_is_away_and_comes_back_gets_the_mail(start, queue):
    port = free_port()
    message = queue("one")
    start(port)
    wait_for_failure(message)
    with mail_server(port) as server:
        wait_for_state(message, MessageState.SENT)
        assert server.ids() == {str(message.pk): 1}
    assert "ConnectionRefusedError" in tries_of(message)[0].error


@pytest.mark.fault(
    "F14",
    "mail server says 421 and 450",
    held="asked again",
)
def test_server_busy_for_all_is_asked_again(server, start, queue):
    server.sender = "421 4.3.2 busy"
    message = queue("one")
    start(server.port)
    wait_for_failure(message)
    server.sender = None
    wait_for_state(message, MessageState.SENT)
    assert "421" in tries_of(message)[0].error


@pytest.mark.fault(
    "F14",
    "two of three recipients refused",
    held="the third has the mail",
)
def test_server_that_refuses_two_of_three_recipients_takes_the_third(server, start, queue):
    server.recipients = {
        "gone@example.com": "550 5.1.1 unknown",
        "full@example.com": "450 4.2.2 full",
    }
    gone, full = (queue(name, email=f"{name}@example.com") for name in ("gone", "full"))
    fine = queue("fine", email="fine@example.com")
    start(server.port)
    wait_for_state(gone, MessageState.DEAD)
    wait_for_state(fine, MessageState.SENT)
    wait_for_failure(full)
    del server.recipients["full@example.com"]
    wait_for_state(full, MessageState.SENT)
    assert "550" in gone.last_error
    assert len(tries_of(gone)) == 1
    assert server.ids() == {str(fine.pk): 1, str(full.pk): 1}


@pytest.mark.fault(
    "F14",
    "mail server hangs after DATA",
    held="left in time, tried again",
)
def test_server_that_takes_mail_and_never_answers_is_left_in_time(server, start, queue):
    server.hang = True
    message = queue("one")
    child = start(server.port)
    wait_for_failure(message)
    first = tries_of(message)[0]
    assert first.ended_at - first.started_at < PROMPT
    server.hang = False
    wait_for_state(message, MessageState.SENT)
    assert child.poll() is None
    assert len({mail["Message-ID"] for mail in server.mails}) == 1
