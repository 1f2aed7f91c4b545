"""System checks of the outbox."""

import re
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register

from notify.rules.webhook import origin_of

# A send may take its whole time twice: for the message, and for taking leave of the server.
SENDS_IN_A_LEASE = 2
SLACK_HOST = re.compile(r"https://[a-z0-9-]+(\.[a-z0-9-]+)+(:\d{1,5})?")


@register()
def check_lease(app_configs: Any, **kwargs: Any) -> Iterable[CheckMessage]:
    """E001: a lease that ends during a send has a second process send the message too."""
    if settings.LEASE_SECONDS < SENDS_IN_A_LEASE * settings.NOTIFY_SEND_SECONDS:
        yield Error(
            "LEASE_SECONDS is shorter than two sends may take.",
            hint=f"Make it at least {SENDS_IN_A_LEASE} times NOTIFY_SEND_SECONDS.",
            id="notify.E001",
        )


@register(Tags.security, deploy=True)
def check_slack_hosts(app_configs: Any, **kwargs: Any) -> Iterable[CheckMessage]:
    """E002: whoever listens on a line without TLS could post in people's names from then on."""
    for host in settings.NOTIFY_SLACK_HOSTS:
        if not SLACK_HOST.fullmatch(origin_of(host)):
            yield Error(
                f"NOTIFY_SLACK_HOSTS holds {host!r}, which is not the name of a host.",
                hint="Name each host as in hooks.slack.com; it is spoken to by https only.",
                id="notify.E002",
            )
