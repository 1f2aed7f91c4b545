"""The time of day jumps, or is wrong on one machine: no breach is doubled, and none is lost."""

from datetime import timedelta

import pytest
import time_machine
from django.db.models import F

from core.findings import CLOCK_JUMPED, findings
from core.loops import database_now
from core.models import Heartbeat
from handoff.models import Event
from sla.models import Clock
from tests.factories.handoff import make_world, only_accept
from tests.support.box import CLOCK, box, wait_until_caught_up
from tests.support.hours import work_always
from tests.support.servers import wait_for

pytestmark = [pytest.mark.deep, pytest.mark.timeout(300), pytest.mark.django_db(transaction=True)]

TARGET = timedelta(minutes=5)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
HEALED = 60
# More than go out one by one, so that digests meet the jumps too.
COUNT = 5
SHIFTED = "tests.support.shifted"


@pytest.fixture
def world(transactional_db):
    made = make_world(preset="inbound", receivers=1)
    work_always()
    return made


@pytest.fixture
def wrong_by(tmp_path):
    """Set by how much the clocks of the programs on `SHIFTED` are wrong."""
    file = tmp_path / "clock"

    def wrong_by(length):
        # Replaced as a whole: it is read at any moment.
        new = tmp_path / "new"
        new.write_text(str(length.total_seconds()))
        new.replace(file)

    wrong_by(timedelta())
    wrong_by.file = str(file)
    return wrong_by


def submit(world, due_in=timedelta()):
    """The clocks of handoffs that fall due after that time, or do now, by the right clock."""
    target = due_in or TARGET
    only_accept(minutes=target // timedelta(minutes=1))
    now = database_now() + due_in - target
    rows = [world.submitted(now=now) for _ in range(COUNT)]
    return Clock.objects.filter(kind="accept", handoff_clock__handoff__in=rows)


def wait_until_breached(clocks):
    late = clocks.filter(breached_at__isnull=False)
    wait_for(lambda: late.count() == COUNT, HEALED, "not every breach is on record")


def breached():
    return Clock.objects.filter(breached_at__isnull=False).count()


def caught_up_at(wrong):
    """Everything as it must be at the time that the programs go by."""
    with time_machine.travel(database_now() + wrong, tick=True):
        wait_until_caught_up(HEALED)


def wait_for_jump(seconds):
    def is_found():
        found = findings().get(CLOCK_JUMPED)
        return found is not None and abs(found.data["seconds"] - seconds) < 30

    wait_for(is_found, HEALED, f"a jump by {seconds} s is not found")


@pytest.mark.sqlite
@pytest.mark.fault(
    "F19",
    "clock set an hour on, back, a day on, back",
    held="every breach once; the jumps are said",
)
def test_clock_that_jumps_doubles_no_breach_and_loses_none(world, wrong_by):
    in_half_an_hour, in_two_hours = submit(world, HOUR / 2), submit(world, 2 * HOUR)
    with box(CLOCK_FILE=wrong_by.file) as machine:
        machine.start(CLOCK, app=SHIFTED)
        wait_until_breached(submit(world))
        caught_up_at(timedelta())

        for length, found in ((HOUR, in_half_an_hour), (DAY, in_two_hours)):
            wrong_by(length)
            wait_for_jump(length.total_seconds())
            wait_until_breached(found)
            caught_up_at(length)
            count = breached()

            wrong_by(timedelta())
            wait_for_jump(-length.total_seconds())
            assert breached() == count
            wait_until_breached(submit(world))
            caught_up_at(timedelta())
    assert Event.objects.filter(kind="breached").count() == breached() == 5 * COUNT
    assert not Clock.objects.exclude(breached_at=None).exclude(breached_at=F("due_at")).exists()


@pytest.mark.postgresql
@pytest.mark.fault(
    "F19",
    "clock of a worker and a driver two hours ahead",
    held="the database's time holds",
)
def test_program_whose_clock_is_ahead_changes_no_fact(world, wrong_by):
    wrong_by(2 * HOUR)
    later = submit(world, HOUR)
    with box(CLOCK_FILE=wrong_by.file) as machine:
        machine.start(CLOCK, app=SHIFTED)
        wait_until_breached(submit(world))
        wait_until_caught_up()
        machine.kill(CLOCK)

        machine.start_broker()
        machine.start("beat")
        machine.start("worker", app=SHIFTED)
        machine.start(CLOCK)
        wait_until_breached(submit(world))
        wait_until_caught_up()
        machine.wait_until_said("worker", "ready")
    assert not later.filter(breached_at__isnull=False).exists()
    now = database_now()
    assert not Clock.objects.filter(detected_at__gt=now).exists()
    assert not Heartbeat.objects.filter(at__gt=now).exists()
    assert CLOCK_JUMPED not in findings()
