"""Makes the process ready from which racers are forked: all is imported, nothing is connected."""

import django

django.setup()

import pytest  # noqa: E402, F401
from django.db import connections  # noqa: E402

import handoff.services  # noqa: E402, F401
import tests.factories.handoff  # noqa: E402
import tests.factories.routing  # noqa: E402, F401

assert all(one.connection is None for one in connections.all(initialized_only=True))
