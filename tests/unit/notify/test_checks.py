from notify.checks import check_lease


def test_check_lease_with_the_defaults_is_silent():
    assert not list(check_lease(None))


def test_check_lease_shorter_than_two_sends_is_an_error(settings):
    settings.LEASE_SECONDS = 2 * settings.NOTIFY_SEND_SECONDS - 1
    assert [found.id for found in check_lease(None)] == ["notify.E001"]
