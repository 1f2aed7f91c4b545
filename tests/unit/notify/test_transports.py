import re
import smtplib
import threading

import pytest
from django.core import mail

from accounts.models import User
from notify.choices import Channel, Tone
from notify.models import Message
from notify.registry import Text, digest
from notify.transports import PermanentFailure, TemporaryFailure, base
from notify.transports import mail as mail_transport
from notify.transports.mail import EmailTransport, compose


@pytest.fixture
def message():
    return Message(
        pk=7,
        kind="x",
        channel=Channel.EMAIL,
        recipient=User(name="Anna Weber", email="anna@example.com"),
    )


@pytest.fixture
def site(settings):
    settings.SITE_URL = "https://handoff.example"


@pytest.fixture
def slots():
    return threading.BoundedSemaphore(base.MAX_HANGING)


def html_of(composed):
    return composed.alternatives[0].content


def test_compose_has_text_and_html_with_one_link_to_the_site(message, site):
    composed = compose([message], Text("Late", "Accept it.", "/handoffs/7/", action="Accept"))
    assert "Accept: https://handoff.example/handoffs/7/" in composed.body
    assert re.search(
        r'<a href="https://handoff.example/handoffs/7/"[^>]*>Accept</a>', html_of(composed)
    )
    assert html_of(composed).count("<a ") == 1


def test_compose_without_a_path_has_no_link(message, site):
    composed = compose([message], Text("Late", "Accept it."))
    assert "http" not in composed.body
    assert "<a " not in html_of(composed)


def test_compose_twice_has_the_same_message_id(message, site):
    first, second = (compose([message], Text(word)).message() for word in ("one", "two"))
    assert first["Message-ID"] == second["Message-ID"] == "<handoff.message.7@handoff.example>"
    assert first["X-Handoff-Message"] == "7"


def test_compose_with_line_breaks_in_the_subject_adds_no_header(message):
    parsed = compose([message], Text("Late\r\nBcc: all@example.com")).message()
    assert parsed["Bcc"] is None
    assert parsed["Subject"] == "Late Bcc: all@example.com"


def test_compose_with_markup_escapes_it_in_html_only(message):
    composed = compose([message], Text("<script>", "<img onerror=x> {{ 7 }}", "/a/", action="<b>"))
    assert "<script>" not in html_of(composed)
    assert "<img" not in html_of(composed)
    assert "<b>" not in html_of(composed)
    assert "<img onerror=x> {{ 7 }}" in composed.body


def test_text_with_a_link_to_another_site_is_refused():
    with pytest.raises(ValueError, match="this site only"):
        Text("x", path="//evil.example/")


def test_send_by_a_backend_without_connections_delivers(message):
    EmailTransport().send([message], Text("Late"))
    assert [sent.to for sent in mail.outbox] == [["anna@example.com"]]


def test_send_to_an_address_that_cannot_be_written_is_refused_for_good(message, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_PORT = 1
    message.recipient.email = "anna@example.com\nBcc: all@example.com"
    with pytest.raises((PermanentFailure, TemporaryFailure)):
        EmailTransport().send([message], Text("Late"))


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (smtplib.SMTPRecipientsRefused({"a@x": (550, b"unknown")}), PermanentFailure),
        (smtplib.SMTPRecipientsRefused({"a@x": (450, b"busy")}), TemporaryFailure),
        (smtplib.SMTPDataError(554, b"refused"), PermanentFailure),
        (smtplib.SMTPDataError(451, b"later"), TemporaryFailure),
        (smtplib.SMTPSenderRefused(550, b"not you", "h@x"), TemporaryFailure),
        (smtplib.SMTPAuthenticationError(535, b"wrong"), TemporaryFailure),
        (smtplib.SMTPServerDisconnected("gone"), TemporaryFailure),
        (ConnectionRefusedError("refused"), TemporaryFailure),
        (UnicodeEncodeError("ascii", "ü", 0, 1, "no"), PermanentFailure),
    ],
)
def test_failure_of_an_error_says_whether_a_later_try_may_succeed(error, expected):
    assert type(mail_transport._failure(error)) is expected


def test_within_the_time_returns(slots):
    done = []
    base.within(60, lambda: done.append(1), interrupt=lambda: None, slots=slots)
    assert done == [1]


def test_within_raises_what_the_work_raises(slots):
    def fail():
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        base.within(60, fail, interrupt=lambda: None, slots=slots)


def test_within_tells_of_a_timeout_of_the_socket_as_of_its_own(slots):
    def wait():
        raise TimeoutError

    with pytest.raises(TemporaryFailure, match=r"No answer within 5 seconds\."):
        base.within(5, wait, interrupt=lambda: None, slots=slots)


def test_within_when_the_time_is_over_interrupts_and_fails(slots):
    answer = threading.Event()
    with pytest.raises(TemporaryFailure, match=r"No answer within 0\.05 seconds"):
        base.within(0.05, lambda: answer.wait(100), interrupt=answer.set, slots=slots)
    assert answer.is_set()


def test_within_with_too_many_hanging_tries_none(slots):
    answer = threading.Event()
    for _ in range(base.MAX_HANGING):
        with pytest.raises(TemporaryFailure, match="No answer"):
            base.within(0.01, lambda: answer.wait(100), interrupt=lambda: None, slots=slots)
    tried = []
    try:
        with pytest.raises(TemporaryFailure, match="Not tried"):
            base.within(60, lambda: tried.append(1), interrupt=lambda: None, slots=slots)
        assert not tried
    finally:
        answer.set()
        for thread in threading.enumerate():
            if thread.name == "notify-send":
                thread.join(60)
    base.within(60, lambda: tried.append(1), interrupt=lambda: None, slots=slots)
    assert tried


def test_compose_of_a_digest_has_a_link_in_each_line_and_one_thing_to_do(message, site):
    other = Message(pk=9, kind="x", channel=Channel.EMAIL, recipient=message.recipient)
    text = digest([Text("A <b>", "Not told", "/a/"), Text("Late", path="/b/", tone=Tone.LATE)])
    composed = compose([message, other], text)
    assert composed.subject == "2 messages for you, 1 about something late"
    assert composed.extra_headers["X-Handoff-Message"] == "7, 9"
    for link in ("/a/", "/b/", "/inbox/"):
        assert f"https://handoff.example{link}" in composed.body
        assert f'href="https://handoff.example{link}"' in html_of(composed)
    assert "A &lt;b&gt;" in html_of(composed)
    assert html_of(composed).index("Late: ") < html_of(composed).index("A &lt;b&gt;")


def test_compose_of_a_digest_has_one_message_id_for_the_same_messages(message):
    other = Message(pk=9, kind="x", channel=Channel.EMAIL, recipient=message.recipient)
    third = Message(pk=8, kind="x", channel=Channel.EMAIL, recipient=message.recipient)

    def name(*messages):
        return compose(messages, digest([Text("x")])).extra_headers["Message-ID"]

    assert name(message, other) == name(other, message)
    assert len({name(message), name(message, other), name(message, other, third)}) == 3


def test_compose_loads_nothing_from_elsewhere(message, site):
    html = html_of(compose([message], Text("Late", "Accept it.", "/a/")))
    assert not re.search(r"<(img|script|link|iframe)\b|url\(|@import", html)
    assert html.startswith("<!DOCTYPE html>")
    assert set(re.findall(r"https?://[^\s\"]+", html)) == {"https://handoff.example/a/"}
