from pathlib import Path

import pytest

from config.databases import database
from config.env import EnvironmentProblem

FILE = Path("/data/handoff.sqlite3")


def test_database_without_address_is_the_file():
    entry = database("", FILE)

    assert entry["NAME"] == "/data/handoff.sqlite3"
    assert entry["OPTIONS"]["transaction_mode"] == "IMMEDIATE"


def test_database_with_sqlite_address_is_that_file():
    assert database("sqlite:////srv/a%20b.sqlite3", FILE)["NAME"] == "/srv/a b.sqlite3"


def test_database_with_postgresql_address_reads_every_part():
    entry = database("postgresql://us%40er:p%2Fw@db.example:5433/hand?sslmode=require", FILE)

    assert entry["ENGINE"] == "django.db.backends.postgresql"
    assert (entry["USER"], entry["PASSWORD"]) == ("us@er", "p/w")
    assert (entry["HOST"], entry["PORT"], entry["NAME"]) == ("db.example", "5433", "hand")
    assert entry["OPTIONS"]["sslmode"] == "require"
    assert "lock_timeout=5s" in entry["OPTIONS"]["options"]
    assert "statement_timeout=15s" in entry["OPTIONS"]["options"]


def test_database_with_a_socket_folder_uses_it_as_host():
    entry = database("postgresql://handoff@/handoff?host=%2Frun%2Fpg", FILE)

    assert entry["HOST"] == "/run/pg"
    assert "host" not in entry["OPTIONS"]


@pytest.mark.parametrize("url", ["mysql://h/d", "sqlite:///relative", "nonsense"])
def test_database_with_an_address_that_cannot_work_names_the_variable(url):
    with pytest.raises(EnvironmentProblem, match="DATABASE_URL"):
        database(url, FILE)


def test_database_with_an_impossible_port_names_the_variable(tmp_path):
    with pytest.raises(EnvironmentProblem, match="DATABASE_URL"):
        database("postgresql://handoff@db.example:70000/handoff", tmp_path / "unused")
