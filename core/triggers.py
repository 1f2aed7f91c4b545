"""Triggers that keep what no constraint can say, on PostgreSQL and SQLite alike.

Remaking a table, as SQLite does for most changes, loses its triggers, and a trigger that names
another table makes changing that table fail. So all of them are dropped before every migrate
and created after it.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections


@dataclass(frozen=True, slots=True)
class Trigger:
    """One trigger on `table`, written for both databases.

    The PostgreSQL text creates a function and a trigger, both called `name`, and raises with
    ERRCODE 23514; the SQLite text creates a trigger called `name` and raises with ABORT. Django
    reads either as IntegrityError. A text may be empty where a database needs no such trigger.
    """

    name: str
    table: str
    postgresql: str
    sqlite: str


_triggers: dict[str, Trigger] = {}


def register(*triggers: Trigger) -> None:
    """Have these created after every migrate; called from an app's `ready()`."""
    for trigger in triggers:
        if trigger.name in _triggers:
            raise ValueError(f"the trigger {trigger.name} is registered twice")
        _triggers[trigger.name] = trigger


def registered_triggers() -> tuple[Trigger, ...]:
    return tuple(_triggers.values())


def append_only(table: str) -> tuple[Trigger, ...]:
    """Triggers that let rows be inserted into `table` and never changed or removed."""
    return (
        Trigger(
            f"{table}_no_update",
            table,
            _postgresql_refusal(f"{table}_no_update", table, "UPDATE", "ROW"),
            _sqlite_refusal(f"{table}_no_update", table, "UPDATE"),
        ),
        Trigger(
            f"{table}_no_delete",
            table,
            _postgresql_refusal(f"{table}_no_delete", table, "DELETE", "ROW"),
            _sqlite_refusal(f"{table}_no_delete", table, "DELETE"),
        ),
        Trigger(
            f"{table}_no_truncate",
            table,
            _postgresql_refusal(f"{table}_no_truncate", table, "TRUNCATE", "STATEMENT"),
            "",
        ),
    )


def _postgresql_refusal(name: str, table: str, operation: str, each: str) -> str:
    return f"""
        CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION '{table} is append-only: {operation} refused'
                USING ERRCODE = '23514', CONSTRAINT = '{name}', TABLE = '{table}';
        END $$;
        CREATE TRIGGER {name} BEFORE {operation} ON {table}
            FOR EACH {each} EXECUTE FUNCTION {name}();
    """


def _sqlite_refusal(name: str, table: str, operation: str) -> str:
    return f"""
        CREATE TRIGGER {name} BEFORE {operation} ON {table}
        BEGIN
            SELECT RAISE(ABORT, '{table} is append-only: {operation} refused');
        END
    """


def create_all(using: str = DEFAULT_DB_ALIAS) -> None:
    """Create every registered trigger whose table is there, replacing what has its name."""
    connection = connections[using]
    drop_all(using)
    with connection.cursor() as cursor:
        tables = set(connection.introspection.table_names(cursor))
        for trigger in registered_triggers():
            text = _text(trigger, connection.vendor)
            if text and trigger.table in tables:
                cursor.execute(text)


def drop_all(using: str = DEFAULT_DB_ALIAS) -> None:
    connection = connections[using]
    with connection.cursor() as cursor:
        tables = set(connection.introspection.table_names(cursor))
        for trigger in registered_triggers():
            if connection.vendor != "postgresql":
                cursor.execute(f"DROP TRIGGER IF EXISTS {trigger.name}")
            elif trigger.table in tables:
                cursor.execute(f"DROP TRIGGER IF EXISTS {trigger.name} ON {trigger.table}")
                cursor.execute(f"DROP FUNCTION IF EXISTS {trigger.name}()")


def missing(using: str = DEFAULT_DB_ALIAS) -> list[str]:
    """Names of registered triggers that the database lacks."""
    connection = connections[using]
    query = (
        "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'D'"
        if connection.vendor == "postgresql"
        else "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    )
    with connection.cursor() as cursor:
        cursor.execute(query)
        present = {name for (name,) in cursor.fetchall()}
    return [
        trigger.name
        for trigger in registered_triggers()
        if _text(trigger, connection.vendor) and trigger.name not in present
    ]


@contextlib.contextmanager
def suspended(using: str = DEFAULT_DB_ALIAS) -> Iterator[None]:
    """Drop the triggers for a test's flush or a demo's reset, and put them back."""
    drop_all(using)
    try:
        yield
    finally:
        create_all(using)


def drop_before_migrate(using: str, **_: Any) -> None:
    drop_all(using)


def create_after_migrate(using: str, **_: Any) -> None:
    create_all(using)


def _text(trigger: Trigger, vendor: str) -> str:
    return trigger.postgresql if vendor == "postgresql" else trigger.sqlite
