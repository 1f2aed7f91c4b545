"""Ten thousand clocks due in one second: the facts, what a manager hears, and the pages meanwhile.

Broker, beat, worker and web run as in an installation, on the machine that also asks for pages.
"""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from tests.bench.figures import Context, Figure

STORM = 10_000
TARGET_MINUTES = 5
# Time enough to write the copies before they fall due.
AHEAD = timedelta(seconds=40)
LISTENED = timedelta(seconds=70)
MINUTE = timedelta(minutes=1)
BETWEEN_PAGES = 0.2
MOST_SECONDS = 180
PAGES = ("handoff:late", "handoff:list", "notify:inbox", "review:week")


def run(context: Context) -> Iterator[Figure]:
    from django.conf import settings
    from django.test import override_settings

    from tests.support.box import box
    from tests.support.visitor import with_real_password

    world = prepare()
    with override_settings(PASSWORD_HASHERS=list(settings.PASSWORD_HASHERS)):
        with_real_password(world.manager, settings)
    with box(TIME_SCALE="1") as machine:
        machine.start_broker()
        for name in ("web", "beat", "worker"):
            machine.start(name)
        reader = signed_in(machine.port, world.manager.email)
        context.say(f"writing {STORM:,} handoffs")
        due = brew(world)
        context.say("all are there; waiting until they are due")
        times, stop = [], threading.Event()
        thread = threading.Thread(target=read_pages, args=(reader, due, times, stop))
        thread.start()
        try:
            slowest = wait_for_facts(due)
            wait_until(due + LISTENED)
        finally:
            stop.set()
            thread.join()
    yield Figure(
        f"storm of {STORM:,}: due to the last fact, seconds",
        slowest,
        must=30,
        reach=5,
        at_most=True,
    )
    yield sends(world.manager, due)
    yield Figure(
        "pages of a manager meanwhile, p95 seconds",
        statistics.quantiles(times, n=20)[-1],
        must=1,
        reach=0.5,
        at_most=True,
        note=f"p50 {statistics.median(times):.2f} s of {len(times)} pages",
    )


def prepare() -> Any:
    from tests.factories.handoff import ALERT, make_world, only_accept
    from tests.support.hours import work_always

    world = make_world(preset="inbound", receivers=3)
    work_always()
    only_accept(minutes=TARGET_MINUTES, ladder=(ALERT,))
    return world


def signed_in(port: int, email: str) -> Any:
    from tests.support.servers import wait_for
    from tests.support.visitor import Visitor

    visitor = Visitor(port)
    wait_for(visitor.is_answered, MOST_SECONDS, "the web does not answer")
    visitor.sign_in(email)
    return visitor


def brew(world: Any) -> datetime:
    """Write them; when they are due."""
    from core.loops import database_now
    from tests.factories.bulk import multiply

    due = database_now() + AHEAD
    row = world.submitted(now=due - timedelta(minutes=TARGET_MINUTES))
    multiply([row], STORM - 1)
    return due


def read_pages(reader: Any, due: datetime, times: list[float], stop: threading.Event) -> None:
    """Ask for one page after the other from the due time on, as a manager would."""
    from django.urls import reverse

    wait_until(due)
    asked = 0
    while not stop.wait(BETWEEN_PAGES):
        address = reverse(PAGES[asked % len(PAGES)])
        asked += 1
        began = time.monotonic()
        status, _ = reader.ask("GET", address)
        times.append(time.monotonic() - began)
        if status != 200:
            raise AssertionError(f"{address} answered {status}")


def wait_for_facts(due: datetime) -> float:
    """Until every breach is on record; seconds from due to the last."""
    from django.db.models import Max

    from sla.models import Clock
    from tests.support.servers import wait_for

    wait_until(due)
    breached = Clock.objects.filter(breached_at__isnull=False)
    wait_for(lambda: breached.count() == STORM, MOST_SECONDS, "not every breach is on record")
    last = breached.aggregate(last=Max("detected_at"))["last"]
    return (last - due).total_seconds()


def wait_until(at: datetime) -> None:
    from core.loops import database_now

    while (left := (at - database_now()).total_seconds()) > 0:
        time.sleep(left)


def sends(manager: Any, due: datetime) -> Figure:
    """How many mails the manager got in the first minute, and of how many misses they told."""
    from notify.choices import Channel
    from notify.models import Message

    sent = Message.objects.filter(
        recipient=manager, channel=Channel.EMAIL, sent_at__gte=due, sent_at__lt=due + MINUTE
    )
    parcels = [str(batch or pk) for pk, batch in sent.values_list("pk", "batch")]
    return Figure(
        "mails to the manager in the first minute",
        len(set(parcels)),
        must=4,
        reach=1,
        at_most=True,
        note=f"they tell of {len(parcels):,} misses",
    )
