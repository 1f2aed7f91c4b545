import pytest
from django.test import RequestFactory

from config.proxies import client_address

SPOOFED = "6.6.6.6, 203.0.113.9, 10.0.0.2"


def address(settings, trusted: int, forwarded: str | None) -> str:
    settings.TRUSTED_PROXIES = trusted
    headers = {} if forwarded is None else {"HTTP_X_FORWARDED_FOR": forwarded}
    return client_address(RequestFactory().get("/", REMOTE_ADDR="10.0.0.1", **headers))


@pytest.mark.parametrize(
    ("trusted", "forwarded", "expected"),
    [
        (0, SPOOFED, "10.0.0.1"),
        (1, SPOOFED, "10.0.0.2"),
        (2, SPOOFED, "203.0.113.9"),
        (1, None, "10.0.0.1"),
        (1, "", "10.0.0.1"),
        (2, "203.0.113.9", "10.0.0.1"),
    ],
)
def test_client_address_believes_only_our_own_proxies(settings, trusted, forwarded, expected):
    assert address(settings, trusted, forwarded) == expected
