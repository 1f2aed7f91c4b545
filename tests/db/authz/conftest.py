"""Both worlds, made once for each module."""

import pytest
import time_machine
from django.test import override_settings

from tests.db.authz.asking import Asker, undone
from tests.db.authz.worlds import make_worlds
from tests.factories.handoff import NOW


@pytest.fixture(scope="module")
def db(django_db_setup, django_db_blocker):
    """The database for the whole module, in place of the fixture that undoes after each test."""
    with django_db_blocker.unblock(), undone():
        yield


@pytest.fixture(scope="module")
def worlds(db):
    """Made once: what a request changes is undone after the request.

    The loops ticked when the worlds were made, by the database's clock, which goes on: on a slow
    machine the module takes longer than a loop may be silent.
    """
    with time_machine.travel(NOW, tick=False), override_settings(LOOP_STALE_SECONDS=86_400):
        yield make_worlds()


@pytest.fixture(scope="module")
def asker(worlds):
    return Asker(worlds)
