import pytest
from hypothesis import given
from hypothesis import strategies as st

from notify.rules.webhook import (
    LONGEST_RETRY_AFTER,
    error_code,
    escaped,
    escaped_within,
    read_webhook,
    retry_after_seconds,
)

HOSTS = ["hooks.slack.com"]
PATH = "/services/T000/B000/XXXX_x-9"


def test_read_webhook_of_slacks_own_address_takes_it_apart():
    webhook = read_webhook(f"https://hooks.slack.com{PATH}", HOSTS)
    assert (webhook.is_tls, webhook.host, webhook.port) == (True, "hooks.slack.com", None)
    assert webhook.path == PATH


@pytest.mark.parametrize(
    "address",
    [
        "",
        f"http://hooks.slack.com{PATH}",
        f"ftp://hooks.slack.com{PATH}",
        "https://hooks.slack.com",
        "https://hooks.slack.com/",
        f"https://hooks.slack.com:443{PATH}",
        f"https://hooks.slack.com:22{PATH}",
        f"https://hooks.slack.com.{PATH}",
        f"https://hooks.slack.com.evil.example{PATH}",
        f"https://evil.example{PATH}",
        f"https://evil.example/hooks.slack.com{PATH}",
        f"https://hooks.slack.com@evil.example{PATH}",
        f"https://evil.example@hooks.slack.com{PATH}",
        f"https://evil.example\\@hooks.slack.com{PATH}",
        f"https://hooks.slack.com\\.evil.example{PATH}",
        f"https://hооks.slack.com{PATH}",
        f"https://hooks。slack。com{PATH}",
        f"https://127.0.0.1{PATH}",
        f"https://[::1]{PATH}",
        f"https://2130706433{PATH}",
        f"https://169.254.169.254{PATH}",
        f"https://hooks.slack.com{PATH}?x=1",
        f"https://hooks.slack.com{PATH}#x",
        f"https://hooks.slack.com{PATH}%2e%2e",
        f"https://hooks.slack.com/..{PATH}",
        f"https://hooks.slack.com{PATH}\r\nHost: evil.example",
        f"https://hooks.slack.com{PATH}\n",
        f" https://hooks.slack.com{PATH}",
        f"https://hooks.sl\tack.com{PATH}",
        f"https://hooks.slack.com{PATH}\x00",
        f"//hooks.slack.com{PATH}",
        f"javascript:https://hooks.slack.com{PATH}",
        "https://hooks.slack.com/" + "x" * 1_000_000,
    ],
)
def test_read_webhook_of_any_other_address_is_none(address):
    assert read_webhook(address, HOSTS) is None


@given(st.text(alphabet=":/@.\\#?%[]0hooks.lackm1\t\r\n-", max_size=60))
def test_read_webhook_of_anything_stays_on_the_host(rest):
    webhook = read_webhook(f"https://hooks.slack.com{rest}", HOSTS)
    assert webhook is None or (webhook.host == "hooks.slack.com" and rest == webhook.path)


def test_read_webhook_on_a_host_without_tls_needs_it_named_so():
    address = "http://127.0.0.1:8099/services/x"
    assert read_webhook(address, ["127.0.0.1:8099"]) is None
    webhook = read_webhook(address, ["http://127.0.0.1:8099"])
    assert (webhook.is_tls, webhook.port) == (False, 8099)


def test_escaped_neutralises_mentions_links_and_commands():
    hostile = "<!channel> <@U0> <https://evil.example|Open> &lt;!here&gt;"
    assert "<" not in escaped(hostile)
    assert ">" not in escaped(hostile)
    assert escaped(hostile).endswith("&amp;lt;!here&amp;gt;")


@given(st.text(alphabet="a<>&é ", max_size=200), st.integers(1, 100))
def test_escaped_within_never_is_longer_and_cuts_no_escape(text, length):
    shown = escaped_within(text, length)
    assert len(shown) <= length
    for name in ("&lt;", "&gt;", "&amp;", "…"):
        shown = shown.replace(name, "")
    assert not set(shown) & set("<>&")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"no_service", "no_service"),
        (b" channel_is_archived\n", "channel_is_archived"),
        (b"<html>secret</html>", ""),
        (b"\xff\xfe", ""),
        (b"", ""),
        (b"a" * 99, ""),
    ],
)
def test_error_code_is_slacks_word_and_nothing_else(body, code):
    assert error_code(body) == code


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("30", 30),
        (" 1 ", 1),
        ("0", 0),
        ("999999", LONGEST_RETRY_AFTER),
        ("9" * 5000, None),
        ("-1", None),
        ("1.5", None),
        ("٣", None),
        ("Wed, 21 Oct 2026 07:28:00 GMT", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after_seconds_reads_seconds_only_and_an_hour_at_most(header, seconds):
    assert retry_after_seconds(header) == seconds
