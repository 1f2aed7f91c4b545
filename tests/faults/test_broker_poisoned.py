"""A broker that is full, emptied, or holds what no worker can read: nothing is lost with it."""

import contextlib
import json
import uuid
from datetime import timedelta

import pytest

from config.broker import client
from core.loops import database_now
from core.models import Heartbeat
from handoff.models import Event
from sla.models import Clock
from tests.factories.handoff import make_world, only_accept
from tests.support.box import CLOCK, box, wait_until_caught_up
from tests.support.hours import work_always
from tests.support.servers import wait_for

pytestmark = [
    pytest.mark.deep,
    pytest.mark.timeout(300),
    pytest.mark.django_db(transaction=True),
]

TARGET = timedelta(minutes=5)
COUNT = 5
UP = 120
QUEUES = ("handoff:sla", "handoff:default")


@pytest.fixture
def world(transactional_db):
    made = make_world(preset="inbound")
    only_accept()
    work_always()
    return made


@contextlib.contextmanager
def broker_of(machine):
    with contextlib.closing(client("", machine.folder)) as connection:
        yield connection


def submit_due(world):
    for _ in range(COUNT):
        world.submitted(now=database_now() - TARGET)


def breached():
    return Clock.objects.filter(breached_at__isnull=False).count()


def wait_until_worker_ticks():
    """Until the worker's own process has completed a tick that began after this call."""
    begin = database_now()
    ticks = Heartbeat.objects.filter(loop="handoff.apply_escalations", at__gt=begin)
    wait_for(ticks.exists, UP, "the worker does not tick")


def is_done_by(machine):
    """Whether all is on record; a program that ended is started again, as its supervisor does."""
    for name in ("worker", "beat"):
        if machine.running[name].poll() is not None:
            machine.start(name)
    return breached() == 2 * COUNT


def message(task, *, body="[[], {}, {}]", content_type="application/json"):
    """As Celery puts it into the queue."""
    return json.dumps(
        {
            "body": body,
            "content-encoding": "utf-8",
            "content-type": content_type,
            "headers": {"lang": "py", "task": task, "id": str(uuid.uuid4()), "argsrepr": "()"},
            "properties": {
                "body_encoding": "utf-8",
                "correlation_id": str(uuid.uuid4()),
                "delivery_info": {"exchange": "", "routing_key": "default"},
                "delivery_mode": 2,
                "delivery_tag": str(uuid.uuid4()),
                "priority": 0,
            },
        }
    )


POISON = {
    "no_json": "{{{ not json",
    "no_message": json.dumps({"hello": "world"}),
    "unknown_task": message("handoff.no_such_task"),
    "pickle": message(
        "handoff.tick", body="gASVAAAA", content_type="application/x-python-serialize"
    ),
    "body_of_another_shape": message("sla.fire_due_steps", body="17"),
    "large": message("handoff.no_such_task", body="[" + "0," * 5_000_000 + "0]"),
}


@pytest.mark.fault("F28", "six kinds of poison in the queue", held="dropped; the worker goes on")
def test_message_that_no_worker_can_read_is_dropped_and_the_others_flow(world):
    with box() as machine:
        machine.start_broker()
        machine.start("worker")
        machine.start("beat")
        wait_until_worker_ticks()
        with broker_of(machine) as broker:
            for n, (name, poison) in enumerate(POISON.items(), 1):
                for queue in QUEUES:
                    broker.rpush(queue, poison)
                world.submitted(now=database_now() - TARGET)
                wait_for(lambda n=n: breached() == n, UP, f"no breach is recorded after {name}")
                assert machine.running["worker"].poll() is None, name
        wait_until_caught_up()
    assert Event.objects.filter(kind="breached").count() == len(POISON)


@pytest.mark.fault(
    "F8", "broker full, then emptied", held="the clock alone keeps time; the worker is back"
)
def test_broker_that_is_full_and_then_emptied_loses_nothing(world):
    with box() as machine:
        machine.start_broker()
        machine.start("worker")
        machine.start("beat")
        machine.start(CLOCK)
        wait_until_worker_ticks()
        with broker_of(machine) as broker:
            broker.config_set("maxmemory-policy", "noeviction")
            broker.config_set("maxmemory", "1")
            submit_due(world)
            wait_for(lambda: breached() == COUNT, UP, "the clock records no breach")
            wait_until_caught_up()
            machine.kill(CLOCK)
            broker.config_set("maxmemory", "0")
            broker.flushall()
        submit_due(world)
        wait_for(lambda: is_done_by(machine), UP, "the worker records no breach")
        wait_until_caught_up()
    assert Event.objects.filter(kind="breached").count() == 2 * COUNT
