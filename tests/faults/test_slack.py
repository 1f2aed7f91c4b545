"""A Slack that fails in nine ways at once: each message comes through, and mail waits for none."""

import os
import socket
import struct
from datetime import UTC, datetime

import pytest

from accounts.models import User
from notify.choices import Channel, MessageState
from notify.models import Message
from notify.services import queue_message, save_slack
from tests.support.deliverer import deliverers
from tests.support.servers import wait_for
from tests.support.slack import slack_server
from tests.support.smtp import mail_server

pytestmark = [pytest.mark.timeout(300), pytest.mark.django_db(transaction=True)]

PATIENCE_SECONDS = 120
# A fifth of the usual times: one try is over after 3 s, and Slack's late answer comes after 6.
SCALE = "0.2"
LATE_SECONDS = 6.0
RESET = struct.pack("ii", 1, 0)
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def fails(handler, stop):
    handler.wfile.write(b"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n")


def is_busy(handler, stop):
    handler.wfile.write(b"HTTP/1.1 429 Slowly\r\nRetry-After: 2\r\nContent-Length: 0\r\n\r\n")


def is_late(handler, stop):
    stop.wait(LATE_SECONDS)
    handler.wfile.write(OK)


def says_nothing(handler, stop):
    stop.wait(PATIENCE_SECONDS)


def drips(handler, stop):
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
    while not stop.wait(0.1):
        handler.wfile.write(b"o")


def is_endless(handler, stop):
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10000000\r\n\r\n")
    handler.wfile.write(b"x" * 10_000_000)


def resets(handler, stop):
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    os.close(handler.connection.detach())


def is_lost(handler, stop):
    """It took the message, and the line ended before it could say so."""


def answers_well(handler, stop):
    handler.wfile.write(OK)


# What the first try came to; None: it was well enough.
WAYS = {
    fails: "Slack answered 500",
    is_busy: "Slack answered 429",
    is_late: "No answer within 3 seconds.",
    says_nothing: "No answer within 3 seconds.",
    drips: "No answer within 3 seconds.",
    is_endless: None,
    resets: "Slack could not be reached: ConnectionResetError",
    is_lost: "Slack could not be reached: RemoteDisconnected",
}
NO_TLS = "Slack could not be reached: SSLError"


def path_of(name):
    return f"/services/T0/B0/{name}"


@pytest.fixture
def slack():
    """Each path fails in its own way when it is asked for the first time."""
    ways = {path_of(way.__name__): way for way in WAYS}
    with slack_server() as server:
        server.serve = lambda handler, stop: ways.pop(handler.path, answers_well)(handler, stop)
        yield server


def told(slack, name, address):
    """Somebody at that address, who is told of something by Slack and by mail: both messages."""
    user = User.objects.create(email=f"{name}@example.com", name=name)
    now = datetime.now(UTC)
    save_slack(by=user, address=address, now=now)
    return queue_message(
        key=name,
        kind="note",
        recipient=user,
        subject_ref="thing:1",
        payload={},
        channels=[Channel.SLACK, Channel.EMAIL],
        now=now,
    )


@pytest.mark.fault(
    "F13",
    "Slack fails in nine ways",
    held="each tried again in time; mail waits for none",
)
def test_slack_that_fails_in_nine_ways_gets_every_message_and_holds_up_no_mail(slack, settings):
    secure = slack.host.replace("http:", "https:")
    settings.NOTIFY_SLACK_HOSTS = [slack.host, secure]
    expected = {}
    for way, error in WAYS.items():
        posted, _ = told(slack, way.__name__, slack.address(path_of(way.__name__)))
        expected[posted.pk] = error
    posted, _ = told(slack, "no_tls", secure + path_of("no_tls"))
    expected[posted.pk] = NO_TLS

    with mail_server() as mailbox, deliverers() as start:
        child = start(mailbox.port, SCALE, NOTIFY_SLACK_HOSTS=f"{slack.host},{secure}")
        wait_for(posted.tries.filter(is_delivered=False).exists, PATIENCE_SECONDS, "TLS is there")
        save_slack(by=posted.recipient, address=slack.address(), now=datetime.now(UTC))
        unsent = Message.objects.exclude(state=MessageState.SENT)
        wait_for(lambda: not unsent.exists(), PATIENCE_SECONDS, "not everything was sent")
        assert child.poll() is None

    for pk, error in expected.items():
        first, *more = Message.objects.get(pk=pk).tries.order_by("n")
        assert (first.error or None, first.is_delivered) == (error, error is None)
        assert bool(more) == (error is not None)
    mails = Message.objects.filter(channel=Channel.EMAIL)
    assert {mail.attempts for mail in mails} == {1}
    assert set(mailbox.ids().values()) == {1}
    last_mail = max(mail.sent_at for mail in mails)
    assert last_mail < min(
        post.sent_at for post in Message.objects.filter(channel=Channel.SLACK, attempts__gt=1)
    )
