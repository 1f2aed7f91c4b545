"""The two drivers, Celery and `run_clock`: killed, started twice, and one without the other."""

import contextlib
import os
import signal
import socket
import threading
from datetime import timedelta

import pytest
from django.db.models import F

from core.loops import database_now
from handoff.models import Event, Handoff
from notify.models import Message
from sla.models import Clock, Escalation
from tests.factories.handoff import answers, make_world, only_accept
from tests.support.box import CLOCK, box, wait_until_caught_up
from tests.support.hours import work_always
from tests.support.invariants import unfinished
from tests.support.processes import get, running
from tests.support.servers import free_port, wait_for
from tests.support.visitor import Visitor, with_real_password

pytestmark = [pytest.mark.races, pytest.mark.timeout(400), pytest.mark.django_db(transaction=True)]

TARGET = timedelta(minutes=5)
HEALED = 60
# Starting takes long on a busy machine, and is no part of any promise.
UP = 120


@pytest.fixture
def world(transactional_db):
    made = make_world(preset="inbound", receivers=3)
    only_accept()
    work_always()
    return made


def submit_due(world, first, *, count, apart):
    """Handoffs whose accept clocks fall due one after the other, from `first` on."""
    for n in range(count):
        world.submitted(now=first - TARGET + n * apart)


def assert_each_breach_once(count):
    """Facts once each, at the due time, with the time of their detection apart."""
    clocks = Clock.objects.filter(breached_at=F("due_at"), detected_at__gt=F("due_at"))
    assert clocks.count() == count
    assert Escalation.objects.filter(step__action="breach").count() == count
    for kind in ("breached", "alerted"):
        assert Event.objects.filter(kind=kind).count() == count
    for channel in ("inbox", "email"):
        assert Message.objects.filter(kind="late", channel=channel).count() == count


def late_facts():
    """Clocks and steps that wait; messages may follow."""
    return {name: count for name, count in unfinished().items() if name != "messages"}


def breached():
    return Clock.objects.filter(breached_at__isnull=False).count()


@pytest.mark.fault(
    "F31",
    "everything stopped for two hours",
    held="every breach once, at its due time",
)
def test_everything_stopped_for_two_hours_is_caught_up_with_the_true_times(world):
    stopped_at = database_now() - timedelta(hours=2)
    due = [stopped_at + n * timedelta(seconds=59) for n in range(120)]
    submit_due(world, stopped_at, count=120, apart=timedelta(seconds=59))
    assert breached() == 0

    with box() as machine:
        machine.start(CLOCK)
        machine.wait_until_said(CLOCK, "clock runs")
        started_at = database_now()
        wait_for(lambda: not late_facts(), HEALED, "not every fact is on record")
        wait_until_caught_up(UP)

    assert_each_breach_once(120)
    clocks = Clock.objects.order_by("due_at")
    assert [clock.breached_at for clock in clocks] == due
    assert all(clock.detected_at < started_at + timedelta(seconds=HEALED) for clock in clocks)


@pytest.mark.fault(
    "F3",
    "two beats, a worker and two clocks, one of them killed",
    held="every fact and message once",
)
def test_two_clocks_beside_worker_and_beat_record_everything_once(world):
    submit_due(world, database_now(), count=50, apart=timedelta(seconds=0.2))
    with box() as machine:
        machine.start_broker()
        machine.start("beat")
        machine.start("worker")
        for label in ("one", "two"):
            machine.start(CLOCK, label=label)
        machine.start("beat", label="second beat")
        for label in ("one", "two"):
            machine.wait_until_said(label, "clock runs")
        wait_for(lambda: breached() >= 10, UP, "nothing was breached")
        machine.kill("one")
        wait_for(lambda: breached() == 50, UP, "not everything was breached")
        wait_until_caught_up(HEALED)
        for label in ("two", "worker"):
            assert "loop failed" not in machine.said(label)
    assert_each_breach_once(50)


def was_killed(run, text):
    """SIGKILL to the first process with the text; False when there is none just now."""
    with contextlib.suppress(ValueError, ProcessLookupError):
        os.kill(min(run.pids(text)), signal.SIGKILL)
        return True
    return False


@pytest.mark.fault(
    "F2, F6",
    "beat, broker and worker killed one after the other",
    held="every breach once, in a minute",
)
def test_beat_broker_and_worker_killed_are_started_again_and_nothing_is_missed(world):
    port = free_port()
    fast = {"WEB_WORKERS": "1", "TASK_WORKERS": "1", "PORT": str(port), "TIME_SCALE": "0.3"}
    with running("runall", **fast) as run:
        run.wait_for_output("Handoff is running at", UP)
        wait_for(lambda: get(f"http://127.0.0.1:{port}/readyz/")[0] == 200, UP, "no loop ticks")
        submit_due(world, database_now(), count=25, apart=timedelta(seconds=0.5))
        for name, text in (("beat", " beat "), ("broker", "valkey"), ("worker", " worker ")):
            wait_for(lambda: breached() >= 1, UP, "nothing was breached")
            wait_for(lambda text=text: was_killed(run, text), UP, f"there is no {name} to kill")
            run.wait_for_output(f"{name} ended (killed by SIGKILL), again in", HEALED)
        wait_for(lambda: breached() == 25, UP, "not everything was breached")
        wait_until_caught_up(HEALED)
        assert run.stop() == 0
    assert_each_breach_once(25)
    slowest = max(clock.detected_at - clock.due_at for clock in Clock.objects.all())
    assert slowest < timedelta(seconds=HEALED)


@pytest.mark.fault(
    "F4, F5",
    "broker accepts and never answers",
    held="submits go on; the clock alone keeps time",
)
def test_submit_asks_no_broker_and_the_clock_alone_keeps_the_promise(world, settings):
    with_real_password(world.sdr, settings)
    with frozen_broker() as broker, box(REDIS_URL=broker.url) as machine:
        machine.start("web")
        visitor = Visitor(machine.port)
        wait_for(visitor.is_answered, UP, "the web does not answer")
        visitor.sign_in(world.sdr.email)
        handed_off = [visitor.hand_off(answers()) for _ in range(3)]
        assert set(Handoff.objects.filter(status="pending").values_list("pk", flat=True)) == set(
            handed_off
        )
        assert broker.calls == 0

        submit_due(world, database_now(), count=5, apart=timedelta(seconds=1))
        machine.start(CLOCK)
        machine.wait_until_said(CLOCK, "clock runs")
        wait_for(lambda: breached() == 5, HEALED, "the clock recorded no breach")
        wait_until_caught_up(HEALED)
        assert broker.calls == 0
    assert_each_breach_once(5)


class frozen_broker:  # noqa: N801  # a context manager, read as a word
    """Takes connections and never says a word; counts them."""

    def __enter__(self):
        self.calls = 0
        self._held = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"redis://127.0.0.1:{self._socket.getsockname()[1]}/0"
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def _accept(self):
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self._held.append(connection)
            self.calls += 1

    def __exit__(self, *_):
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for connection in self._held:
            connection.close()
