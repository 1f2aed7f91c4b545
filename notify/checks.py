"""System checks of the outbox."""

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

# A send may take its whole time twice: for the message, and for taking leave of the server.
SENDS_IN_A_LEASE = 2


@register()
def check_lease(app_configs: Any, **kwargs: Any) -> Iterable[CheckMessage]:
    """E001: a lease that ends during a send has a second process send the message too."""
    if settings.LEASE_SECONDS < SENDS_IN_A_LEASE * settings.NOTIFY_SEND_SECONDS:
        yield Error(
            "LEASE_SECONDS is shorter than two sends may take.",
            hint=f"Make it at least {SENDS_IN_A_LEASE} times NOTIFY_SEND_SECONDS.",
            id="notify.E001",
        )
