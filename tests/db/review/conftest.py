from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
import time_machine

from tests.factories.review import make_scene

BERLIN = ZoneInfo("Europe/Berlin")
FRIDAY = datetime(2026, 11, 20, 12, tzinfo=BERLIN)


@pytest.fixture
def scene(db):
    return make_scene()


@pytest.fixture
def on_friday():
    """The page asks for the time; it is Friday of week 47."""
    with time_machine.travel(FRIDAY, tick=False):
        yield


@pytest.fixture
def visit(client, scene, on_friday):
    """Open an address as somebody; the manager unless another is given."""

    def get(address, user=None):
        client.force_login(user or scene.manager)
        return client.get(address)

    return get
