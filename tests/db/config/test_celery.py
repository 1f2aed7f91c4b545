from datetime import timedelta

import pytest
from celery.beat import Scheduler

from config.celery import TICK_EXPIRES_SECONDS, app
from core.loops import registered_loops
from core.models import Heartbeat


def test_beat_schedules_every_loop_by_its_own_period():
    assert registered_loops()
    assert {name: entry["schedule"] for name, entry in app.conf.beat_schedule.items()} == {
        loop.name: loop.every for loop in registered_loops()
    }


def test_beat_ticks_every_loop_as_soon_as_it_starts():
    schedule = Scheduler(app).schedule
    assert all(schedule[loop.name].is_due().is_due for loop in registered_loops())


def test_every_scheduled_task_exists():
    assert {entry["task"] for entry in app.conf.beat_schedule.values()} <= set(app.tasks)


def test_ticks_expire_late_enough_for_a_clock_that_is_ahead():
    expires = {entry["options"]["expires"] for entry in app.conf.beat_schedule.values()}

    assert expires == {TICK_EXPIRES_SECONDS}
    assert timedelta(seconds=TICK_EXPIRES_SECONDS) >= timedelta(minutes=1)


def test_clocks_have_a_queue_of_their_own():
    queues = {name: entry["options"]["queue"] for name, entry in app.conf.beat_schedule.items()}

    assert queues["sla.fire_due_steps"] == queues["handoff.apply_escalations"] == "sla"
    assert queues["notify.deliver_due"] == "default"


@pytest.mark.django_db(transaction=True)
def test_task_ticks_its_loop():
    loop = registered_loops()[0]

    app.tasks[loop.name].apply().get()

    assert Heartbeat.objects.filter(loop=loop.name, last_error="").exists()


def test_configuration_bounds_every_wait_on_the_broker():
    transport = app.conf.broker_transport_options

    assert (
        transport["visibility_timeout"] > app.conf.task_time_limit > app.conf.task_soft_time_limit
    )
    assert transport["socket_timeout"] > 1
    assert app.conf.task_acks_late
    assert not app.conf.task_reject_on_worker_lost
    assert app.conf.result_backend is None
    assert app.conf.accept_content == ["json"]
