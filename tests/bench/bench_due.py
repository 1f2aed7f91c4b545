"""From due to recorded and told, through a real beat, broker and worker, and what idling costs.

Handoffs fall due one after the other while the programs of an installation run at their usual
pace. Nothing else is measured in that time: the machine's other work would be.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from tests.bench.figures import Context, Figure

DUE = 120
APART = timedelta(seconds=0.37)
TARGET = timedelta(minutes=5)
AHEAD = timedelta(seconds=5)
MOST_SECONDS = 180
IDLE_SECONDS = 20


def run(context: Context) -> Iterator[Figure]:
    from tests.support.box import box

    world = prepare()
    with box(TIME_SCALE="1") as machine:
        machine.start_broker()
        machine.start("beat")
        machine.start("worker")
        context.say("waiting for the first ticks")
        wait_for_ticks()
        yield idle(context, machine)
        context.say(f"{DUE} clocks falling due, {APART.total_seconds()} s apart")
        yield from waits(world)


def prepare() -> Any:
    from tests.factories.handoff import make_world, only_accept
    from tests.support.hours import work_always

    world = make_world(preset="inbound", receivers=3)
    work_always()
    only_accept()
    return world


def wait_for_ticks() -> None:
    from core.models import Heartbeat
    from tests.support.servers import wait_for

    wait_for(
        lambda: Heartbeat.objects.filter(loop="handoff.apply_escalations").exists(),
        MOST_SECONDS,
        "no loop ticks",
    )


def idle(context: Context, machine: Any) -> Figure:
    """The share of one core that the programs take while nothing is due."""
    context.say(f"{IDLE_SECONDS} s with nothing due")
    before, began = processor_seconds(machine), time.monotonic()
    time.sleep(IDLE_SECONDS)
    passed = time.monotonic() - began
    used = processor_seconds(machine) - before
    return Figure(
        "idle cost of broker, beat and worker, share of a core",
        used / passed,
        note=f"{used:.2f} s of the processor in {passed:.0f} s",
    )


def processor_seconds(machine: Any) -> float:
    """What the programs and all that they started have used."""
    groups = {process.pid for process in machine.running.values()}
    return sum(used_by(stat, groups) for stat in Path("/proc").glob("[0-9]*/stat"))


def used_by(stat: Path, groups: set[int]) -> float:
    """Seconds of one process, if it is of one of the groups and still there."""
    try:
        fields = stat.read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    ticks = int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK") if int(fields[2]) in groups else 0


def waits(world: Any) -> Iterator[Figure]:
    from core.loops import database_now
    from sla.models import Clock, Escalation
    from tests.support.servers import wait_for

    # Each is made in time: to make one takes less long than until the next is due.
    first = database_now() + AHEAD + DUE * timedelta(seconds=0.15)
    for n in range(DUE):
        world.submitted(now=first - TARGET + n * APART)
    handled = Escalation.objects.filter(step__action="alert_manager", state="handled")
    wait_for(lambda: handled.count() == DUE, MOST_SECONDS, "not every alert was written")
    recorded = [
        (clock.detected_at - clock.due_at).total_seconds()
        for clock in Clock.objects.filter(breached_at__isnull=False)
        if clock.detected_at is not None
    ]
    told = [
        (step.handled_at - step.at).total_seconds()
        for step in handled
        if step.handled_at is not None
    ]
    yield percentile("due to recorded at a tick of 1 s, p95 seconds", recorded, 1.5, 1.05)
    yield percentile("due to alert written, p95 seconds", told)


def percentile(
    name: str, seconds: list[float], must: float | None = None, reach: float | None = None
) -> Figure:
    cuts = statistics.quantiles(seconds, n=100)
    note = f"p50 {cuts[49]:.2f}, p95 {cuts[94]:.2f}, p99 {cuts[98]:.2f} s of {len(seconds)}"
    return Figure(name, cuts[94], must, reach, at_most=True, note=note)
