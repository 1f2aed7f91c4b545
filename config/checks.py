"""System checks of the wiring."""

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error, Tags, register

from config import broker
from config.dead_man import read_target

SECRET_LENGTH = 50
SECRET_DISTINCT_CHARACTERS = 10
EVICTION_POLICY = "noeviction"


@register(Tags.security, deploy=True)
def check_secret_key(app_configs: Any, **kwargs: Any) -> Iterable[CheckMessage]:
    """E001: with a guessable key anybody can sign a session; a warning would be too little."""
    for name, key in named_keys():
        if len(key) < SECRET_LENGTH or len(set(key)) < SECRET_DISTINCT_CHARACTERS:
            yield Error(
                f"{name} is too weak: it has {len(key)} characters.",
                hint=f"Use {SECRET_LENGTH} random characters or more.",
                id="config.E001",
            )


def named_keys() -> list[tuple[str, str]]:
    fallbacks = [("SECRET_KEY_FALLBACKS", key) for key in settings.SECRET_KEY_FALLBACKS]
    return [("SECRET_KEY", settings.SECRET_KEY), *fallbacks]


@register(Tags.security, deploy=True)
def check_site_url(app_configs: Any, **kwargs: Any) -> Iterable[CheckMessage]:
    """E002: links in mails are built from SITE_URL, never from what a request claims."""
    if not settings.SITE_URL.startswith("https://"):
        yield Error(
            f"SITE_URL is {settings.SITE_URL}, which is not an https address.",
            hint="Set SITE_URL to the address that people type.",
            id="config.E002",
        )


@register("broker", deploy=True)
def check_broker(app_configs: Any, **kwargs: Any) -> Iterable[CheckMessage]:
    """W003: a broker that evicts keys when it is full loses the queues' bindings."""
    policy = broker.eviction_policy(settings.REDIS_URL, settings.DATA_DIR)
    if policy is not None and policy != EVICTION_POLICY:
        yield checks.Warning(
            f"The broker's maxmemory-policy is {policy}.",
            hint=f"Set it to {EVICTION_POLICY}.",
            id="config.W003",
        )


@register(deploy=True)
def check_database_server(app_configs: Any, **kwargs: Any) -> Iterable[CheckMessage]:
    """W004: several machines cannot share a SQLite file."""
    if settings.DATABASES["default"]["ENGINE"].endswith("sqlite3"):
        yield checks.Warning(
            "Production runs on SQLite, which is for one machine only.",
            hint="Set DATABASE_URL to a PostgreSQL database.",
            id="config.W004",
        )


@register()
def check_dead_man_url(app_configs: Any, **kwargs: Any) -> Iterable[CheckMessage]:
    """E005: an address that cannot be asked would never raise the alarm it is there for."""
    # The address itself may be a secret, so it is not repeated.
    if settings.DEAD_MAN_URL and read_target(settings.DEAD_MAN_URL) is None:
        yield Error(
            "DEAD_MAN_URL is not an address that can be asked.",
            hint="Give a whole http or https address without a user name, or leave it empty.",
            id="config.E005",
        )
