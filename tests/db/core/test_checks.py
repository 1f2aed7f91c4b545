import pytest
from django.db import connection, connections

from config.databases import sqlite
from core.checks import check_data_dir, check_sqlite_pragmas, check_time_zone


@pytest.fixture
def own(django_db_blocker, tmp_path):
    """The alias of a database of its own on the product's settings; the tests' are in a hurry."""
    alias = "own"
    entry = {**connection.settings_dict, **sqlite(tmp_path / "own.sqlite3")}
    connections.settings[alias] = {**entry, "CONN_HEALTH_CHECKS": False}
    with django_db_blocker.unblock():
        yield alias
    connections[alias].close()
    del connections[alias]
    del connections.settings[alias]


def test_sqlite_check_is_silent_on_our_own_settings(own):
    assert list(check_sqlite_pragmas(None, databases=[own])) == []


@pytest.mark.sqlite
@pytest.mark.django_db(transaction=True)
def test_sqlite_check_names_a_pragma_that_is_not_in_force():
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA synchronous=NORMAL")
        cursor.execute("PRAGMA busy_timeout=100")

    (error,) = check_sqlite_pragmas(None, databases=["default"])
    connection.close()

    assert error.id == "core.E001"
    assert "synchronous, busy_timeout" in error.msg


def test_data_dir_check_refuses_a_folder_that_cannot_be_made(settings, tmp_path):
    settings.DATA_DIR = tmp_path / "new"
    assert list(check_data_dir(None)) == []

    (tmp_path / "file").touch()
    settings.DATA_DIR = tmp_path / "file" / "data"

    (error,) = check_data_dir(None)
    assert error.id == "core.E002"


def test_time_zone_check_is_silent_where_zones_are_installed():
    assert list(check_time_zone(None)) == []


def test_time_zone_check_refuses_a_system_without_zones(monkeypatch):
    import zoneinfo

    def missing(name):
        raise zoneinfo.ZoneInfoNotFoundError(name)

    monkeypatch.setattr("core.checks.zoneinfo.ZoneInfo", missing)

    (error,) = check_time_zone(None)
    assert error.id == "core.E003"
