"""A first start that is killed while it makes the tables, and simply started again."""

import contextlib
import sqlite3
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connections

from config import preparing
from config.databases import sqlite
from config.preparing import bring_up_to_date

ALIAS = "default"

pytestmark = pytest.mark.sqlite


@pytest.fixture
def file(tmp_path, django_db_blocker):
    """The default database, for the length of a test, is a file that is not there yet."""
    kept = connections[ALIAS]
    path = tmp_path / "new.sqlite3"
    settings = {**kept.settings_dict, **sqlite(path), "CONN_HEALTH_CHECKS": False}
    connections[ALIAS] = connections.create_connection(ALIAS)
    del connections[ALIAS]
    original = connections.settings[ALIAS]
    connections.settings[ALIAS] = settings
    with django_db_blocker.unblock():
        yield path
    connections[ALIAS].close()
    connections.settings[ALIAS] = original
    connections[ALIAS] = kept


def query(path: Path, statement: str) -> list[tuple[str, ...]]:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        rows = connection.execute(statement).fetchall()
        connection.commit()
        return rows


def tables(path: Path) -> set[str]:
    return {name for (name,) in query(path, "SELECT name FROM sqlite_master")}


def killed_half_way(using: str) -> None:
    call_command("migrate", "contenttypes", verbosity=0)
    with connections[using].cursor() as cursor:
        cursor.execute("CREATE TABLE django_session (made_but_not_noted INTEGER)")
    raise KeyboardInterrupt


def test_bring_up_to_date_after_a_killed_first_start_makes_every_table(file, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(preparing, "_migrate", killed_half_way)
        with pytest.raises(KeyboardInterrupt):
            bring_up_to_date()

    assert bring_up_to_date() is True

    assert {"handoff_handoff", "core_heartbeat"} <= tables(file)
    assert not list(file.parent.glob("*before-migrate*"))


def test_bring_up_to_date_migrates_only_what_is_pending_and_loses_no_row(file, monkeypatch):
    call_command("migrate", "core", verbosity=0)
    query(file, "INSERT INTO core_heartbeat (loop, worker, last_error) VALUES ('a', 'w', '')")
    with monkeypatch.context() as patch:
        patch.setattr(preparing, "_migrate", killed_half_way)
        with pytest.raises(KeyboardInterrupt):
            bring_up_to_date()
        assert "django_session" in tables(file)

        patch.setattr(preparing, "_is_pending", lambda using: False)
        assert bring_up_to_date() is True

    assert "django_session" not in tables(file)
    assert query(file, "SELECT loop FROM core_heartbeat") == [("a",)]


def test_bring_up_to_date_without_anything_pending_copies_nothing(file, monkeypatch):
    def refuse(using: str) -> None:
        raise AssertionError("migrated")

    monkeypatch.setattr(preparing, "_migrate", refuse)
    monkeypatch.setattr(preparing, "_is_pending", lambda using: False)

    assert bring_up_to_date() is False
    assert not list(file.parent.glob("*before-migrate*"))
