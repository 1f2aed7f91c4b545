"""Slack's webhooks over a real line, to a server that misbehaves."""

import contextlib
import logging
import ssl
import threading
import time
from datetime import timedelta

import pytest

from notify import selectors, transports
from notify.choices import Channel, MessageState
from notify.models import Attempt, Destination, Message
from notify.registry import Text
from notify.services import deliver_due, save_slack
from notify.services.ways import close_destination
from notify.transports import slack as slack_transport
from notify.transports.base import MAX_HANGING
from notify.transports.slack import ANSWER_BYTES
from tests.support.servers import free_port, wait_for
from tests.support.slack import slack_server

PATH = "/services/T0/B0/zqsecretzq"
DEADLINE = 0.5
# What a machine that is busy with other tests may add.
PATIENCE = 60


@pytest.fixture
def slack(settings, anna, now):
    with slack_server() as server:
        settings.NOTIFY_SLACK_HOSTS = [server.host]
        settings.SITE_URL = "https://handoff.example"
        save_slack(by=anna, address=server.address(), now=now)
        yield server


@pytest.fixture
def queue_slack(queue):
    def queue_slack(key="one", **changes):
        (message,) = queue(key, channels=[Channel.SLACK], **changes)
        return message

    return queue_slack


@pytest.fixture
def short(settings):
    settings.NOTIFY_SEND_SECONDS = DEADLINE
    yield
    wait_for(lambda: not sending(), PATIENCE, "a thread was left behind")


def sending():
    return [thread for thread in threading.enumerate() if thread.name == "notify-send"]


def fresh(message):
    message.refresh_from_db()
    return message


def test_deliver_due_posts_the_text_with_its_link(slack, queue_slack, kinds, now):
    message = queue_slack()
    kinds["one"] = Text("<!channel> late", "Accept & go", "/handoffs/7/", action="Decide")
    assert deliver_due(now) == 1
    assert fresh(message).state == MessageState.SENT
    ((path, payload),) = slack.posts
    assert path == PATH
    assert payload["text"] == "&lt;!channel&gt; late"
    assert payload["blocks"][-1]["elements"][0]["url"] == "https://handoff.example/handoffs/7/"


def test_deliver_due_of_more_than_three_posts_one_digest(slack, queue_slack, now):
    for n in range(5):
        queue_slack(f"n{n}")
    assert deliver_due(now) == 5
    assert slack.texts() == ["5 messages for you"]
    assert len(set(Message.objects.values_list("batch", flat=True))) == 1


@pytest.mark.parametrize("status", [403, 404, 410])
def test_deliver_due_to_an_address_that_is_gone_switches_it_off_and_tells_its_owner(
    slack, queue_slack, anna, admin, now, status
):
    slack.answers[PATH] = (status, {}, b"no_service")
    message = queue_slack()
    deliver_due(now)
    assert fresh(message).state == MessageState.DEAD
    assert message.last_error == f"Slack answered {status} no_service"
    destination = Destination.objects.get()
    assert destination.died_at >= now
    (notice,) = Message.objects.inbox_of(anna).filter(kind=selectors.SLACK_OFF)
    assert "does not take" in selectors.slack_off(notice, now).subject
    assert Message.objects.inbox_of(anna).filter(key="one:inbox").exists()
    assert Message.objects.inbox_of(admin).filter(kind=selectors.DEAD_NOTICE).count() == 1


def test_deliver_due_after_the_address_is_gone_posts_nothing_more(slack, queue_slack, anna, now):
    slack.answers[PATH] = (404, {}, b"no_service")
    messages = [queue_slack(key) for key in ("one", "two", "three")]
    deliver_due(now)
    assert len(slack.posts) == 1
    assert [fresh(message).state for message in messages] == ["dead", "dropped", "dropped"]
    assert Message.objects.filter(kind=selectors.SLACK_OFF).count() == 1


def test_deliver_due_of_a_digest_to_an_address_that_is_gone_is_told_once(slack, queue_slack, now):
    slack.answers[PATH] = (410, {}, b"channel_is_archived")
    for n in range(5):
        queue_slack(f"n{n}")
    deliver_due(now)
    assert set(Message.objects.filter(channel="slack").values_list("state", flat=True)) == {"dead"}
    assert Message.objects.filter(kind=selectors.SLACK_OFF).count() == 1


def test_notice_of_an_address_that_is_gone_is_settled_once_there_is_another(
    slack, queue_slack, anna, now
):
    slack.answers[PATH] = (404, {}, b"")
    queue_slack()
    deliver_due(now)
    save_slack(by=anna, address=slack.address("/services/new"), now=now)
    notice = Message.objects.get(kind=selectors.SLACK_OFF)
    assert selectors.slack_off(notice, now) is None


def test_close_destination_of_an_address_that_was_replaced_meanwhile_keeps_the_new_one(slack, now):
    destination = Destination.objects.get()
    Destination.objects.update(secret=slack.address("/services/new"))
    close_destination(destination=destination, reason="Slack answered 404", now=now)
    assert Destination.objects.alive().count() == 1
    assert not Message.objects.exists()


def test_deliver_due_to_a_busy_slack_waits_as_long_as_it_asks_with_all_for_it(
    slack, queue, queue_slack, queue_mail, transport, bert, now
):
    slack.answers[PATH] = (429, {"Retry-After": "120"}, b"rate_limited")
    first, second = queue_slack("one"), queue_slack("two")
    mail = queue_mail("mail", recipient=bert)
    soon = now + timedelta(seconds=60)
    later, _ = queue("later", channels=[Channel.EMAIL], not_before=soon)
    deliver_due(now)
    assert len(slack.posts) == 1
    assert fresh(later).not_before == soon
    assert fresh(first).not_before >= now + timedelta(seconds=120)
    assert fresh(second).not_before >= now + timedelta(seconds=120)
    assert (first.attempts, second.attempts) == (1, 0)
    assert fresh(mail).state == MessageState.SENT
    slack.answers.clear()
    deliver_due(first.not_before + timedelta(seconds=1))
    assert [fresh(one).state for one in (first, second)] == ["sent", "sent"]


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503])
def test_deliver_due_to_a_failing_slack_tries_again(slack, queue_slack, settings, now, status):
    settings.RETRY_DELAYS_SECONDS = [10, 100]
    slack.answers[PATH] = (status, {"Retry-After": "soon"}, b"rollup_error")
    message = queue_slack()
    deliver_due(now)
    assert fresh(message).state == MessageState.PENDING
    assert 10 <= (message.not_before - now).total_seconds() <= 13
    slack.answers.clear()
    deliver_due(message.not_before)
    assert fresh(message).state == MessageState.SENT
    assert list(message.tries.order_by("n").values_list("is_delivered", flat=True)) == [False, True]
    assert Destination.objects.alive().exists()


def test_deliver_due_of_what_slack_refuses_is_dead_and_the_address_lives(slack, queue_slack, now):
    slack.answers[PATH] = (400, {}, b"invalid_payload")
    message = queue_slack()
    deliver_due(now)
    assert fresh(message).state == MessageState.DEAD
    assert Destination.objects.alive().exists()


def test_deliver_due_follows_no_redirect(slack, queue_slack, now):
    slack.answers[PATH] = (307, {"Location": slack.address("/elsewhere")}, b"")
    message = queue_slack()
    deliver_due(now)
    assert [path for path, _ in slack.posts] == [PATH]
    assert fresh(message).state == MessageState.DEAD
    assert message.last_error == "Slack answered 307"


def test_deliver_due_takes_no_proxy_from_the_environment(slack, queue_slack, monkeypatch, now):
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    message = queue_slack()
    deliver_due(now)
    assert fresh(message).state == MessageState.SENT


@pytest.mark.usefixtures("short")
def test_deliver_due_to_an_answer_that_drips_ends_in_time(slack, queue_slack, now):
    def drip(handler, stop):
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
        while not stop.wait(DEADLINE / 5):
            handler.wfile.write(b"-")
            handler.wfile.flush()

    slack.serve = drip
    message = queue_slack()
    began = time.monotonic()
    deliver_due(now)
    assert time.monotonic() - began < DEADLINE + PATIENCE
    assert fresh(message).state == MessageState.PENDING
    assert message.last_error == "No answer within 0.5 seconds."
    # The server still drips: only a thread that was interrupted ends.
    wait_for(lambda: not sending(), PATIENCE, "the thread still reads")


@pytest.mark.usefixtures("short")
def test_deliver_due_to_a_slack_that_says_nothing_leaves_mail_alone(
    slack, queue_slack, queue_mail, transport, bert, settings, now
):
    # The hanging post alone takes longer than one turn; three mails never do.
    settings.LOOP_BUDGET_SECONDS, settings.NOTIFY_SEND_SECONDS = 2.5, 3
    slack.serve = lambda handler, stop: stop.wait(PATIENCE)
    for n in range(3):
        queue_slack(f"s{n}", not_before=now - timedelta(hours=1))
    mails = [queue_mail(f"m{n}", recipient=bert) for n in range(3)]
    deliver_due(now)
    assert {fresh(mail).state for mail in mails} == {MessageState.SENT}
    assert len(slack.posts) == 1


@pytest.mark.usefixtures("slack")
def test_deliver_due_with_a_mail_server_that_fails_posts_to_slack(
    queue_slack, queue_mail, transport, bert, now
):
    transport.errors["mail"] = transports.TemporaryFailure("421 busy")
    mail, message = queue_mail("mail", recipient=bert), queue_slack()
    deliver_due(now)
    assert fresh(mail).state == MessageState.PENDING
    assert fresh(message).state == MessageState.SENT


def test_deliver_due_with_too_many_hanging_posts_tries_none_and_sends_mail(
    slack, queue_slack, queue_mail, mailoutbox, bert, now
):
    message, mail = queue_slack(), queue_mail("mail", recipient=bert)
    with contextlib.ExitStack() as hanging:
        for _ in range(MAX_HANGING):
            hanging.enter_context(slack_transport._slots)
        deliver_due(now)
    assert not slack.posts
    assert fresh(message).last_error == "Not tried: earlier tries still hang."
    assert fresh(mail).state == MessageState.SENT


def test_deliver_due_to_an_endless_answer_reads_no_more_than_it_needs(slack, queue_slack, now):
    written = []

    def flood(handler, stop):
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while not stop.is_set():
            handler.wfile.write(b"x" * ANSWER_BYTES)
            written.append(1)

    slack.serve = flood
    message = queue_slack()
    deliver_due(now)
    assert fresh(message).state == MessageState.SENT
    # What the line itself holds comes on top of what was read.
    assert len(written) < 500


@pytest.mark.parametrize("answer", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 200\r\nX"])
def test_deliver_due_to_something_that_speaks_otherwise_tries_again(
    slack, queue_slack, now, answer
):
    slack.serve = lambda handler, stop: handler.wfile.write(answer)
    message = queue_slack()
    deliver_due(now)
    # A status line alone is an answer; anything less is none.
    assert fresh(message).state == ("sent" if answer.startswith(b"HTTP") else "pending")


def test_deliver_due_to_a_closed_port_tries_again(queue_slack, slack, settings, now):
    address = f"http://127.0.0.1:{free_port()}"
    settings.NOTIFY_SLACK_HOSTS = [address]
    Destination.objects.update(secret=f"{address}{PATH}")
    message = queue_slack()
    deliver_due(now)
    assert fresh(message).state == MessageState.PENDING
    assert message.last_error == "Slack could not be reached: ConnectionRefusedError"


def test_deliver_due_to_a_host_that_is_allowed_no_longer_posts_nothing(
    slack, queue_slack, settings, now
):
    settings.NOTIFY_SLACK_HOSTS = ["hooks.slack.com"]
    message = queue_slack()
    deliver_due(now)
    assert not slack.posts
    assert fresh(message).state == MessageState.PENDING
    assert "NOTIFY_SLACK_HOSTS" in message.last_error
    assert Destination.objects.alive().exists()


def test_deliver_due_by_https_checks_who_is_there(slack, queue_slack, settings, now):
    """A server without TLS, or with a certificate of nobody's, is not spoken to."""
    secure = f"https://127.0.0.1:{slack.port}"
    settings.NOTIFY_SLACK_HOSTS = [secure]
    Destination.objects.update(secret=f"{secure}{PATH}")
    message = queue_slack()
    deliver_due(now)
    assert not slack.posts
    assert fresh(message).last_error == "Slack could not be reached: SSLError"
    assert ssl.create_default_context().verify_mode == ssl.CERT_REQUIRED


@pytest.mark.parametrize("status", [200, 400, 404, 429, 500])
def test_nothing_that_is_kept_or_logged_tells_the_address(
    slack, queue_slack, admin, client, caplog, now, status
):
    caplog.set_level(logging.DEBUG)
    slack.answers[PATH] = (status, {}, PATH.encode())
    message = queue_slack()
    deliver_due(now)
    assert "zqsecret" not in caplog.text
    assert "zqsecret" not in " ".join(Attempt.objects.values_list("error", flat=True))
    assert "zqsecret" not in fresh(message).last_error
    client.force_login(admin)
    for path in ("", "?state__exact=dead", f"{message.pk}/"):
        response = client.get(f"/admin/notify/message/{path}")
        assert response.status_code in {200, 302}
        assert "zqsecret" not in response.content.decode()
