"""One mail against servers that answer slowly, for ever, or not at all."""

import contextlib
import socket
import threading
import time

import pytest

from accounts.models import User
from notify.choices import Channel
from notify.models import Message
from notify.registry import Text
from notify.transports import TemporaryFailure
from notify.transports.mail import EmailTransport
from tests.support.servers import free_port, wait_for
from tests.support.smtp import mail_server

pytestmark = pytest.mark.deep

TEXT = Text("A note", "Read it.", "/a/")
DEADLINE = 0.5
# What a machine that is busy with other tests may add.
SLACK = 5


@pytest.fixture(autouse=True)
def short_times(settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST = "127.0.0.1"
    settings.NOTIFY_SEND_SECONDS = DEADLINE


@pytest.fixture
def transport():
    transport = EmailTransport()
    yield transport
    transport.close()
    wait_for(lambda: not sending(), SLACK, "a thread was left behind")


def sending():
    return [thread for thread in threading.enumerate() if thread.name == "notify-send"]


def message(pk=1):
    recipient = User(name="Anna", email="anna@example.com")
    return Message(pk=pk, channel=Channel.EMAIL, recipient=recipient)


@contextlib.contextmanager
def server_that(serve, settings):
    """Run `serve(connection, stop)` for each connection until the test ends, which sets `stop`."""
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        settings.EMAIL_PORT = listener.getsockname()[1]

        def accept():
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    with connection, contextlib.suppress(OSError):
                        serve(connection, stop)

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield
        stop.set()
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(SLACK)


def send_within_the_deadline(transport):
    began = time.monotonic()
    with pytest.raises(TemporaryFailure) as caught:
        transport.send([message()], TEXT)
    assert time.monotonic() - began < DEADLINE + SLACK
    return str(caught.value)


def drip(connection, stop):
    """An answer that never ends, a byte at a time: no single read ever times out."""
    while not stop.wait(DEADLINE / 5):
        connection.sendall(b"-")


@pytest.mark.fault(
    "F14",
    "greeting in drops",
    held="ends in time",
)
def test_send_to_a_server_that_drips_its_greeting_ends_in_time(transport, settings):
    def serve(connection, stop):
        connection.sendall(b"220-")
        drip(connection, stop)

    with server_that(serve, settings):
        assert "No answer within 0.5 seconds" in send_within_the_deadline(transport)


@pytest.mark.fault(
    "F14",
    "answer in drops",
    held="ends in time",
)
def test_send_to_a_server_that_drips_an_answer_is_interrupted(transport, settings):
    def serve(connection, stop):
        connection.sendall(b"220 hello\r\n")
        connection.recv(1_000)
        connection.sendall(b"250 hello\r\n")
        connection.recv(1_000)
        connection.sendall(b"250-")
        drip(connection, stop)

    with server_that(serve, settings):
        assert "No answer within 0.5 seconds" in send_within_the_deadline(transport)
        # The server still drips: only a thread that was interrupted ends.
        wait_for(lambda: not sending(), SLACK, "the thread still reads")


def test_send_to_a_server_that_says_nothing_ends_in_time(transport, settings):
    with server_that(lambda connection, stop: stop.wait(SLACK), settings):
        send_within_the_deadline(transport)


@pytest.mark.fault(
    "F14",
    "line dropped",
    held="tried again",
)
def test_send_to_a_server_that_drops_the_line_fails_for_now(transport, settings):
    with server_that(lambda connection, stop: None, settings):
        assert "mail server" in send_within_the_deadline(transport)


def test_send_to_a_closed_port_fails_for_now(transport, settings):
    settings.EMAIL_PORT = free_port()
    assert "ConnectionRefusedError" in send_within_the_deadline(transport)


def test_send_of_many_uses_one_connection(transport, settings):
    with mail_server() as box:
        settings.EMAIL_PORT = box.port
        for pk in range(1, 6):
            transport.send([message(pk)], TEXT)
        transport.close()
        assert (box.connections, len(box.mails)) == (1, 5)


def test_send_after_a_failure_uses_a_new_connection(transport, settings):
    with mail_server() as box:
        settings.EMAIL_PORT = box.port
        transport.send([message()], TEXT)
        box.sender = "421 4.3.2 busy"
        assert "421" in send_within_the_deadline(transport)
        box.sender = None
        transport.send([message()], TEXT)
        assert (box.connections, len(box.mails)) == (2, 2)


def test_close_of_a_server_that_hangs_ends_in_time(settings):
    transport = EmailTransport()
    with mail_server() as box:
        settings.EMAIL_PORT = box.port
        transport.send([message()], TEXT)
        box.hang_quit = True
        began = time.monotonic()
        transport.close()
        assert time.monotonic() - began < DEADLINE + SLACK
        box.hang_quit = False


def test_mail_on_the_wire_has_both_forms_and_the_stable_id(transport, settings):
    settings.SITE_URL = "https://handoff.example"
    with mail_server() as box:
        settings.EMAIL_PORT = box.port
        transport.send([message(7)], TEXT)
        (mail,) = box.mails
    assert mail["Message-ID"] == "<handoff.message.7@handoff.example>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert [part.get_content_type() for part in mail.get_payload()] == ["text/plain", "text/html"]
