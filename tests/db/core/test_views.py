"""The page for a database that finds no room."""

import pytest
from django.db import OperationalError

from core import views


class Said(Exception):
    """As the drivers of PostgreSQL and SQLite say it, each by a name of its own."""

    def __init__(self, **names):
        super().__init__("no")
        self.__dict__.update(names)


@pytest.mark.parametrize(
    ("cause", "is_full"),
    [
        (Said(sqlstate="53100"), True),
        (Said(sqlite_errorname="SQLITE_FULL"), True),
        (Said(sqlite_errorname="SQLITE_IOERR_SHMSIZE"), True),
        (Said(sqlite_errorname="SQLITE_BUSY"), False),
        (Said(sqlstate="57P01"), False),
        (None, False),
    ],
)
def test_failure_for_want_of_room_says_so_and_that_nothing_was_changed(
    rf, monkeypatch, cause, is_full
):
    error = OperationalError("no")
    error.__cause__ = cause
    monkeypatch.setattr(views.sys, "exc_info", lambda: (OperationalError, error, None))
    answer = views.server_error(rf.get("/"))
    assert answer.status_code == 503
    assert answer.has_header("Retry-After")
    assert "Nothing was changed" in answer.content.decode()
    assert ("disk" in answer.content.decode()) is is_full
