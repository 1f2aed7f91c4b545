"""System checks of what every process stands on."""

import os
import zoneinfo
from collections.abc import Iterable, Sequence
from typing import Any

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error, Tags, register
from django.db import connections

from core import triggers

SQLITE_PRAGMAS = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
SQLITE_BUSY_TIMEOUT_MS = 20_000


@register(Tags.database)
def check_sqlite_pragmas(
    app_configs: Any, databases: Sequence[str] | None = None, **kwargs: Any
) -> Iterable[CheckMessage]:
    """E001: options in the wrong place are ignored without a word, so ask the live connection."""
    for alias in databases or []:
        if connections[alias].vendor != "sqlite":
            continue
        found = {name: _pragma(alias, name) for name in SQLITE_PRAGMAS}
        wrong = [name for name, value in SQLITE_PRAGMAS.items() if found[name] != value]
        if _pragma(alias, "busy_timeout") < SQLITE_BUSY_TIMEOUT_MS:
            wrong.append("busy_timeout")
        if connections[alias].settings_dict["OPTIONS"].get("transaction_mode") != "IMMEDIATE":
            wrong.append("transaction_mode")
        if wrong:
            yield Error(
                f"SQLite database {alias!r} runs with a wrong {', '.join(wrong)}.",
                hint="Build the DATABASES entry with config.databases.sqlite().",
                id="core.E001",
            )


def _pragma(alias: str, name: str) -> Any:
    with connections[alias].cursor() as cursor:
        cursor.execute(f"PRAGMA {name}")
        (value,) = cursor.fetchone()
    return value


@register()
def check_data_dir(app_configs: Any, **kwargs: Any) -> Iterable[CheckMessage]:
    """E002: the data folder holds the locks, the mail files and, for SQLite, the database."""
    folder = settings.DATA_DIR
    # The folder may still have to be made: then its nearest parent must let us.
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
        yield Error(
            f"The data folder {settings.DATA_DIR} cannot be written.",
            hint="Set DATA_DIR to a folder that this user may write.",
            id="core.E002",
        )


@register()
def check_time_zone(app_configs: Any, **kwargs: Any) -> Iterable[CheckMessage]:
    """E003: zones come from the tzdata package; without it every calendar would fail later."""
    try:
        zoneinfo.ZoneInfo("America/New_York")
    except zoneinfo.ZoneInfoNotFoundError:
        yield Error(
            "No time zone data is installed.",
            hint="Install the tzdata package: make run does.",
            id="core.E003",
        )


@register(Tags.database)
def check_triggers(
    app_configs: Any, databases: Sequence[str] | None = None, **kwargs: Any
) -> Iterable[CheckMessage]:
    """W004: a migrate that was killed half way leaves the append-only tables unguarded."""
    for alias in databases or []:
        tables = set(connections[alias].introspection.table_names())
        known = {trigger.name: trigger.table for trigger in triggers.registered_triggers()}
        lost = [name for name in triggers.missing(alias) if known[name] in tables]
        if lost:
            yield checks.Warning(
                f"Database {alias!r} lacks the triggers {', '.join(lost)}.",
                hint="Run manage.py migrate again.",
                id="core.W004",
            )
