"""The line to the broker goes bad in five ways: the clock keeps time, and the worker comes back."""

import contextlib
import time
from datetime import timedelta

import pytest

from core.loops import database_now
from core.models import Heartbeat
from handoff.models import Event, Handoff
from sla.models import Clock
from tests.factories.handoff import answers, make_world, only_accept
from tests.support import recovery
from tests.support.box import wait_until_caught_up
from tests.support.hours import work_always
from tests.support.processes import get, running
from tests.support.proxy import Line, proxy_to
from tests.support.servers import Redis, find_redis, free_port, wait_for
from tests.support.visitor import Visitor, with_real_password

# What is between worker and broker is nothing to the database: once is enough.
pytestmark = [
    pytest.mark.deep,
    pytest.mark.postgresql,
    pytest.mark.timeout(300),
    pytest.mark.django_db(transaction=True),
]

TARGET = timedelta(minutes=5)
UP = 120
# Facts while the line is bad: a minute is promised, at the tenth at which all waits run.
PROMPT = 6 + 10
FAST = {"WEB_WORKERS": "1", "TASK_WORKERS": "1", "TIME_SCALE": "0.1"}
# The last one lasts until the watchdog has ended the worker.
LINES = (Line.LATE, Line.IN_DROPS, Line.CUT, Line.RESET, Line.HALF_OPEN)
COUNT = 3
STARVED = "worker was given no task and ends itself"


@pytest.fixture
def world(transactional_db, settings):
    made = make_world(preset="inbound")
    only_accept()
    work_always()
    with_real_password(made.sdr, settings)
    return made


@pytest.fixture
def broker():
    program = find_redis()
    assert program is not None, "no Redis or Valkey server is here"
    server = Redis(program)
    try:
        server.start()
        yield server
    finally:
        server.remove()


def submit_due(world):
    for _ in range(COUNT):
        world.submitted(now=database_now() - TARGET)


def breached():
    return Clock.objects.filter(breached_at__isnull=False).count()


def has_ticked_since(moment):
    return Heartbeat.objects.filter(loop="handoff.apply_escalations", at__gt=moment).exists()


@pytest.mark.fault(
    "F7",
    "line to the broker bad in five ways",
    held="facts in time; the worker is ended, started, back",
)
def test_bad_line_to_the_broker_costs_no_fact_and_the_worker_comes_back(world, broker):
    port = free_port()
    with contextlib.ExitStack() as stack:
        line = stack.enter_context(proxy_to(broker.port))
        url = f"redis://127.0.0.1:{line.port}/0"
        run = stack.enter_context(running("runall", PORT=str(port), REDIS_URL=url, **FAST))
        run.wait_for_output("Handoff is running at", UP)
        begun = database_now()
        wait_for(lambda: has_ticked_since(begun), UP, "the worker does not tick")
        visitor = Visitor(port)
        visitor.sign_in(world.sdr.email)

        clock = stack.enter_context(running("run_clock", TIME_SCALE="0.1"))
        clock.wait_for_output("clock runs")
        for n, state in enumerate(LINES, 1):
            line.become(state)
            submit_due(world)
            handed_off = visitor.hand_off(answers())
            assert Handoff.objects.get(pk=handed_off).status == "pending"
            wait_for(lambda n=n: breached() == n * COUNT, PROMPT, f"no breach with {state.value}")
            wait_for(lambda state=state: line.met[state] > 0, UP, f"nobody met {state.value}")
            assert get(f"http://127.0.0.1:{port}/readyz/")[0] == 200, state
        run.wait_for_output(STARVED, UP)
        run.wait_for_output("worker ended (", UP)
        wait_until_caught_up()
        assert clock.stop() == 0

        line.become(Line.SOUND)
        healed_at = time.monotonic()
        submit_due(world)
        wait_for(lambda: breached() == (len(LINES) + 1) * COUNT, UP, "the worker is not back")
        wait_until_caught_up()
        recovery.note(time.monotonic() - healed_at)
    assert Event.objects.filter(kind="breached").count() == (len(LINES) + 1) * COUNT
