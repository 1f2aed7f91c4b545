import pytest

from notify.checks import check_lease, check_slack_hosts


def test_check_lease_with_the_defaults_is_silent():
    assert not list(check_lease(None))


def test_check_lease_shorter_than_two_sends_is_an_error(settings):
    settings.LEASE_SECONDS = 2 * settings.NOTIFY_SEND_SECONDS - 1
    assert [found.id for found in check_lease(None)] == ["notify.E001"]


def test_check_slack_hosts_with_the_defaults_is_silent():
    assert not list(check_slack_hosts(None))


@pytest.mark.parametrize("host", ["https://chat.example.org", "chat.example.org:8443"])
def test_check_slack_hosts_of_another_host_by_https_is_silent(settings, host):
    settings.NOTIFY_SLACK_HOSTS = ["hooks.slack.com", host]
    assert not list(check_slack_hosts(None))


@pytest.mark.parametrize(
    "host", ["http://hooks.slack.com", "http://127.0.0.1:8099", "", "*", "a/b", "x@chat.example"]
)
def test_check_slack_hosts_without_tls_or_not_a_host_is_an_error(settings, host):
    settings.NOTIFY_SLACK_HOSTS = [host]
    assert [found.id for found in check_slack_hosts(None)] == ["notify.E002"]
