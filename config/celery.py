"""The distributed driver: one Celery task and one beat entry for each registered loop."""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import django
from celery import Celery, signals
from django.apps import apps
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.prod")
if not apps.ready:
    django.setup()

# These need the apps.
from config import poison, watchdog
from core.loops import Loop, registered_loops, tick

# Slow mail must not hold up a clock: workers may be given one of the queues.
SLA_QUEUE = "sla"
DEFAULT_QUEUE = "default"
SLA_LOOPS = ("sla.fire_due_steps", "handoff.apply_escalations")
# Old ticks pile up while no worker is there. Much shorter, and a worker whose clock is ahead
# would drop every tick without a word.
TICK_EXPIRES_SECONDS = 60
# Beat counts the first period from here, so that each loop ticks as soon as beat starts: what
# runs once a minute would be called late for a minute after every start.
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)

poison.guard()
app = Celery("handoff")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.worker_consumer = poison.CONSUMER


def queue_of(name: str) -> str:
    return SLA_QUEUE if name in SLA_LOOPS else DEFAULT_QUEUE


def task_of(loop: Loop) -> Callable[[], int]:
    def run() -> int:
        return tick(loop).handled

    return run


for _loop in registered_loops():
    app.task(name=_loop.name)(task_of(_loop))

app.conf.beat_schedule = {
    loop.name: {
        "task": loop.name,
        "schedule": loop.every,
        "last_run_at": LONG_AGO,
        "options": {"queue": queue_of(loop.name), "expires": TICK_EXPIRES_SECONDS},
    }
    for loop in registered_loops()
}


@signals.setup_logging.connect
def keep_our_logging(**_: Any) -> None:
    """Only by being listened to does this signal stop Celery from taking over the logs."""


@signals.worker_ready.connect
def watch_this_worker(**_: Any) -> None:
    watchdog.start(settings.WORKER_WATCHDOG_SECONDS)


@signals.task_received.connect
def note_task(**_: Any) -> None:
    watchdog.feed()
