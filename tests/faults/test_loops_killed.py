"""A driver that dies with kill -9 in the middle of an escalation: nothing lost, nothing twice."""

from datetime import timedelta

import pytest

from core.loops import database_now
from handoff.models import Event
from notify.models import Message
from sla.models import Clock, Escalation
from tests.factories.handoff import make_world, only_accept
from tests.support.box import CLOCK, box, wait_until_caught_up
from tests.support.hours import work_always

pytestmark = [pytest.mark.races, pytest.mark.timeout(300), pytest.mark.django_db(transaction=True)]

COUNT = 6
BATCH = 8
# The reminder, the breach and the alert.
OF_A_CLOCK = 3
STEPS = OF_A_CLOCK * COUNT

SWEEP = "INTO sla_escalation"
EVENT = "INSERT INTO handoff_event"
FINISH = "UPDATE sla_escalation SET state"
MESSAGE = "INTO notify_message"


def miss(count):
    """Handoffs that nobody accepted within their five minutes, while nothing ran."""
    world = make_world(preset="inbound")
    only_accept()
    work_always()
    submitted_at = database_now() - timedelta(minutes=20)
    for n in range(count):
        world.submitted(now=submitted_at + timedelta(seconds=n))


@pytest.fixture
def late(transactional_db):
    miss(COUNT)


def handled():
    return Escalation.objects.exclude(state="pending").count()


def step_events():
    return Event.objects.filter(escalation__isnull=False).count()


def alerts():
    return Message.objects.filter(kind="late").count()


def assert_all_done_once(count=COUNT):
    assert Clock.objects.filter(breached_at__isnull=False).count() == count
    assert Event.objects.filter(kind="breached").count() == count
    assert Event.objects.filter(kind="alerted").count() == count
    assert handled() == step_events() == OF_A_CLOCK * count
    assert alerts() == 2 * count


@pytest.mark.parametrize(
    "dies_at",
    [
        # Steps that only tell are one transaction, with its messages at the end.
        pytest.param(f"before:1:{FINISH}", id="after_the_claim"),
        pytest.param(f"before:1:{EVENT}", id="inside"),
        pytest.param(f"after:1:{EVENT}", id="before_the_messages"),
    ],
)
@pytest.mark.fault(
    "F1",
    "driver killed in phase 2",
    held="nothing lost, nothing twice",
)
def test_clock_killed_in_phase_two_is_caught_up_by_the_next(late, dies_at):
    with box() as machine:
        machine.start(CLOCK, dies_at=dies_at)
        machine.wait_until_dead(CLOCK)

        # Claimed and counted before the work, and each done as a whole or not at all.
        assert set(Escalation.objects.values_list("attempts", flat=True)) == {1}
        assert Escalation.objects.count() == STEPS
        assert handled() == step_events() == alerts() == 0

        machine.start(CLOCK)
        machine.wait_until_said(CLOCK, "clock runs")
        wait_until_caught_up()
    assert_all_done_once()


@pytest.mark.fault(
    "F1",
    "driver killed between two commits of phase 2",
    held="nothing lost, nothing twice",
)
def test_clock_killed_between_two_batches_is_caught_up_by_the_next(transactional_db):
    count = BATCH + 4
    miss(count)
    with box(BATCH=str(BATCH)) as machine:
        machine.start(CLOCK, dies_at=f"before:2:{FINISH}")
        machine.wait_until_dead(CLOCK)
        # The longest waiting were claimed with all that has passed on their clocks.
        assert 0 < handled() == step_events() < OF_A_CLOCK * count
        assert handled() % OF_A_CLOCK == 0

        machine.start(CLOCK)
        machine.wait_until_said(CLOCK, "clock runs")
        wait_until_caught_up()
    assert_all_done_once(count)


@pytest.mark.fault(
    "F1",
    "driver killed in phase 1",
    held="nothing lost, nothing twice",
)
def test_clock_killed_in_phase_one_is_caught_up_by_the_next(late):
    with box() as machine:
        machine.start(CLOCK, dies_at=f"after:1:{SWEEP}")
        machine.wait_until_dead(CLOCK)

        # What that statement wrote went with its transaction.
        assert not Clock.objects.filter(breached_at__isnull=False).exists()
        assert not Escalation.objects.exists()

        machine.start(CLOCK)
        machine.wait_until_said(CLOCK, "clock runs")
        wait_until_caught_up()
    assert_all_done_once()


@pytest.mark.fault(
    "F1",
    "worker killed before its commit",
    held="the next worker goes on at once",
)
def test_worker_killed_before_its_commit_is_followed_without_waiting_for_the_broker(late):
    with box() as machine:
        machine.start_broker()
        machine.start("beat")
        machine.start("worker", dies_at=f"after:1:{MESSAGE}")
        machine.wait_until_dead("worker")
        assert handled() == step_events() == 0

        machine.start("worker")
        # The broker would give the lost tick back after ten minutes only; nobody waits for it.
        wait_until_caught_up()
    assert_all_done_once()
