from datetime import UTC, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from handoff.models import HandoffClock, Leg
from handoff.selectors.timeline import timeline_of
from handoff.selectors.touch_log import touches_of
from handoff.services import accept_handoff, reject_handoff
from tests.factories.handoff import NOW, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    return make_world()


def drawn(row, now):
    links = HandoffClock.objects.filter(handoff=row).select_related(
        "leg__receiver", "clock__target", "clock__calendar_version__calendar"
    )
    legs = Leg.objects.filter(handoff=row).select_related("receiver").order_by("pk")
    links = links.prefetch_related("clock__pauses")
    return timeline_of(row, links, list(legs), touches_of(row), now=now, zone=UTC)


def lanes(view):
    return [lane.title.split(",")[0] for lane in view.lanes]


def test_timeline_draws_each_clock_and_who_has_it(world):
    row = world.submitted()
    view = drawn(row, NOW + timedelta(minutes=30))
    assert lanes(view)[0] == "Who has it"
    assert "Accept" in lanes(view)
    accept = next(lane for lane in view.lanes if lane.title.startswith("Accept"))
    assert {band.kind for band in accept.bands} >= {"ran", "ahead"}
    assert any(mark.kind == "due" for mark in accept.marks)
    assert 0 < view.now < 100


def test_timeline_of_a_missed_clock_marks_the_miss(world):
    row = world.submitted()
    receiver = world.receiver_of(row)
    late = NOW + timedelta(days=3)
    accept_handoff(row, by=receiver, now=late)
    view = drawn(row, late + timedelta(hours=1))
    accept = next(lane for lane in view.lanes if lane.title.startswith("Accept"))
    assert {"missed", "met"} <= {mark.kind for mark in accept.marks}
    assert "late" in {band.kind for band in accept.bands}


def test_timeline_reads_as_much_for_one_leg_as_for_two(world):
    row = world.submitted()
    with CaptureQueriesContext(
        connection,
    ) as first:
        drawn(row, NOW)
    reject_handoff(row, reason="conflict", by=world.receiver_of(row), now=NOW + timedelta(hours=1))
    with CaptureQueriesContext(connection) as second:
        drawn(row, NOW + timedelta(hours=2))
    assert len(first) == len(second)
