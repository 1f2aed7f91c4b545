"""Brings the tables up to date so that a start that was broken off can simply be repeated.

Django commits a migration and notes it as done in two steps, so a kill in between leaves tables
that the next migrate stumbles over. A SQLite file is therefore copied first, and the copy is put
back when the last migrate did not come to its end. A PostgreSQL server is not ours to copy.
"""

import contextlib
import sqlite3
from pathlib import Path

from django.core.management import call_command
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.migrations.executor import MigrationExecutor

from core import triggers


def bring_up_to_date(using: str = DEFAULT_DB_ALIAS) -> bool:
    """Migrate what is pending; whether a migrate that was broken off had to be undone first.

    Nobody else may have the database open.
    """
    connection = connections[using]
    if connection.vendor != "sqlite":
        _migrate(using)
        return False
    file = Path(str(connection.settings_dict["NAME"]))
    connection.close()
    was_broken_off = _restore(file)
    if _is_pending(using):
        connection.close()
        _copy(file, _copy_of(file))
        _migrate(using)
        _copy_of(file).unlink()
    return was_broken_off


def _is_pending(using: str) -> bool:
    executor = MigrationExecutor(connections[using])
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return bool(plan) or bool(triggers.missing(using))


def _migrate(using: str) -> None:
    call_command("migrate", database=using, verbosity=0)


def _copy_of(file: Path) -> Path:
    return file.with_name(f"{file.name}.before-migrate")


def _copy(file: Path, target: Path) -> None:
    """Under a name of its own until it is whole, so that a half copy is never put back."""
    part = target.with_name(f"{target.name}.part")
    part.unlink(missing_ok=True)
    with (
        contextlib.closing(sqlite3.connect(file)) as source,
        contextlib.closing(sqlite3.connect(part)) as copy,
    ):
        source.backup(copy)
    part.replace(target)


def _restore(file: Path) -> bool:
    """The copy is there only while a migrate runs, or after one that was killed."""
    copy = _copy_of(file)
    if not copy.exists():
        return False
    # The journal belongs to the file that goes: first it, or it would be played into the copy.
    for suffix in ("-wal", "-shm"):
        Path(f"{file}{suffix}").unlink(missing_ok=True)
    copy.replace(file)
    return True
