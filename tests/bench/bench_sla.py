"""Phase 1, from due steps to facts, and what a sweep with nothing to do costs.

The raw side does the same work on the same tables in one statement per batch, written for
exactly this case: it knows the two steps that are due and reads no schedule.
"""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.bench.figures import Context, Figure, quietest, seconds

OPEN_CLOCKS = (10_000, 100_000, 1_000_000)
PER_ROUND = 5_000
ROUNDS = 5
ONE_BY_ONE = 400
FOR_WORKERS = 20_000
WORKER_ROUNDS = 3
IDLE_SWEEPS = 1_000
RAW_BATCHES = (100, 500)
NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)

# A clock whose reminder has fired, and whose breach and alert came due in the last hour.
INSERT_CLOCKS = """
INSERT INTO sla_clock (kind, started_at, target_id, calendar_version_id, due_at, state, schedule,
                       fired, next_step_at, is_unstaffed, is_due_fixed, has_ladder)
SELECT 'accept', at - interval '4 hours', %(target)s, %(calendar)s, at, 'running',
       jsonb_build_array(
           jsonb_build_array(%(remind)s, iso(at - interval '1 hour'), 'remind'),
           jsonb_build_array(%(breach)s, iso(at), 'breach'),
           jsonb_build_array(%(alert)s, iso(at), 'alert_manager')),
       1, at, false, false, true
FROM (SELECT %(first)s + n * %(apart)s AS at FROM generate_series(1, %(count)s) AS n) AS due
"""
ISO_FUNCTION = """
CREATE OR REPLACE FUNCTION iso(at timestamptz) RETURNS text LANGUAGE sql AS $$
    SELECT to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"')
$$
"""
RAW_STATEMENT = """
WITH due AS MATERIALIZED (
    SELECT id, due_at FROM sla_clock
    WHERE state = 'running' AND next_step_at < %(now)s
    ORDER BY next_step_at, id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
), written AS (
    INSERT INTO sla_escalation (clock_id, step_id, at, not_before, state, attempts, last_error)
    SELECT due.id, step.id, due.due_at, due.due_at, 'pending', 0, ''
    FROM due CROSS JOIN (VALUES (%(breach)s), (%(alert)s)) AS step (id)
)
UPDATE sla_clock SET fired = 3, next_step_at = NULL, breached_at = due.due_at, detected_at = %(now)s
FROM due WHERE sla_clock.id = due.id
"""


def run(context: Context) -> Iterator[Figure]:
    ids = prepare()
    yield from idle_sweeps(context, ids)
    yield from throughput(context, ids)
    yield from two_workers(context, ids)
    yield whole(ids)


def prepare() -> dict[str, int]:
    from tests.factories.sla import make_calendar_version, make_target

    target = make_target()
    execute(ISO_FUNCTION)
    steps = {step.action: step.pk for step in target.steps.all()}
    return {
        "target": target.pk,
        "calendar": make_calendar_version().pk,
        "remind": steps["remind"],
        "breach": steps["breach"],
        "alert": steps["alert_manager"],
    }


def idle_sweeps(context: Context, ids: dict[str, int]) -> Iterator[Figure]:
    """The cost of finding nothing, with more and more clocks that are open and not yet due."""
    from sla.services import fire_due_steps

    milliseconds, there = {}, 0
    for count in OPEN_CLOCKS:
        context.say(f"idle sweeps with {count:,} open clocks")
        add_clocks(ids, count - there, first=NOW + timedelta(days=1))
        there = count
        sweeps = [seconds(lambda: fire_due_steps(NOW)) for _ in range(IDLE_SWEEPS)]
        milliseconds[count] = 1_000 * quietest(sweeps)
    few, some, many = OPEN_CLOCKS
    told = " / ".join(f"{milliseconds[count]:.2f}" for count in OPEN_CLOCKS)
    note = f"{told} ms at {few:,} / {some:,} / {many:,} open"
    yield Figure(
        "idle sweep, 1 M against 10 k open clocks",
        milliseconds[many] / milliseconds[few],
        must=1.5,
        reach=1.2,
        at_most=True,
        note=note,
    )


def throughput(context: Context, ids: dict[str, int]) -> Iterator[Figure]:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    ways: dict[str, Callable[[], int]] = {
        "ours": sweep_all,
        **{f"raw {size}": raw_sweep(ids, size) for size in RAW_BATCHES},
    }
    rates: dict[str, list[float]] = {name: [] for name in ways}
    for n in range(ROUNDS):
        context.say(f"due steps to facts, round {n + 1} of {ROUNDS}")
        for name, way in ways.items():
            rates[name].append(rate(ids, PER_ROUND, way))
    # What a side can do while nothing else disturbs it.
    best = {name: max(found) for name, found in rates.items()}
    fastest = max(best[f"raw {size}"] for size in RAW_BATCHES)
    context.say("row by row")
    single = rate(ids, ONE_BY_ONE, one_by_one)
    told = ", ".join(f"{name} {best[name]:,.0f}/s" for name in best)
    yield Figure("due steps to facts against raw SQL", best["ours"] / fastest, 0.5, 0.8, note=told)
    yield Figure(
        "due steps to facts against row by row",
        best["ours"] / single,
        10,
        20,
        note=f"row by row {single:,.0f}/s",
    )
    add_due(ids, 1_000)
    with CaptureQueriesContext(connection) as queries:
        sweep_all()
    yield Figure(
        "queries per clock, sweep of 1,000",
        len(queries) / 1_000,
        must=0.05,
        reach=0.02,
        at_most=True,
        note=f"{len(queries)} queries",
    )


def two_workers(context: Context, ids: dict[str, int]) -> Iterator[Figure]:
    """Both counts of workers run in processes started for it, one after the other."""
    rates: dict[int, list[float]] = {1: [], 2: []}
    for n in range(WORKER_ROUNDS):
        for count, found in rates.items():
            context.say(f"{count} sweeping at once, round {n + 1} of {WORKER_ROUNDS}")
            add_due(ids, FOR_WORKERS)
            found.append(FOR_WORKERS / race(context, count))
    one, two = max(rates[1]), max(rates[2])
    yield Figure(
        "two sweeping workers against one",
        two / one,
        1.3,
        1.5,
        note=f"{one:,.0f}/s and {two:,.0f}/s",
    )


def whole(ids: dict[str, int]) -> Figure:
    """Every clock that came due has its breach and its two escalations, and none has more."""
    from django.db.models import Count, F

    from sla.models import Clock

    due = Clock.objects.filter(started_at__lt=NOW - timedelta(hours=4))
    right = (
        due.annotate(found=Count("escalations"))
        .filter(found=2, breached_at=F("due_at"), fired=3)
        .count()
    )
    wrong = due.count() - right
    return Figure(
        "clocks with a fact missing or twice", wrong, 0, 0, at_most=True, note=f"{right:,} right"
    )


def rate(ids: dict[str, int], count: int, way: Callable[[], int]) -> float:
    """Clocks a second."""
    add_due(ids, count)
    start = time.perf_counter()
    done = way()
    spent = time.perf_counter() - start
    if done != count:
        raise AssertionError(f"{count} clocks were due and {done} were swept")
    return count / spent


def sweep_all() -> int:
    from sla.services import fire_due_steps

    done = 0
    while batch := fire_due_steps(NOW):
        done += batch
    return done


def raw_sweep(ids: dict[str, int], size: int) -> Callable[[], int]:
    from django.db import connection

    values = {"now": NOW, "limit": size, "breach": ids["breach"], "alert": ids["alert"]}

    def sweep() -> int:
        done = 0
        with connection.cursor() as cursor:
            while True:
                cursor.execute(RAW_STATEMENT, values)
                if not cursor.rowcount:
                    return done
                done += cursor.rowcount

    return sweep


def one_by_one() -> int:
    """The same work as it is usually written: a transaction for each clock."""
    from django.db import transaction

    from sla.models import Clock
    from sla.services.facts import record_passed

    due = Clock.objects.filter(state="running", next_step_at__lt=NOW).order_by("next_step_at", "pk")
    done = 0
    for pk in list(due.values_list("pk", flat=True)):
        with transaction.atomic():
            clock = Clock.objects.select_for_update().get(pk=pk, state="running")
            record_passed(clock, until=NOW, now=NOW)
        done += 1
    return done


def race(context: Context, count: int) -> float:
    """Seconds from the common start until the last of the workers has found nothing more."""
    spawn = multiprocessing.get_context("spawn")
    barrier, times = spawn.Barrier(count), spawn.Queue()
    workers = [
        spawn.Process(target=worker, args=(context.environment, barrier, times), daemon=True)
        for _ in range(count)
    ]
    for each in workers:
        each.start()
    spans = [times.get(timeout=120) for _ in workers]
    for each in workers:
        each.join(30)
    return max(end for _, end in spans) - min(start for start, _ in spans)


def worker(environment: dict[str, str], barrier: Any, times: Any) -> None:
    os.environ.update(environment)
    import django

    django.setup()
    from sla.services import fire_due_steps

    # The first statement of a connection pays for opening it and planning.
    fire_due_steps(NOW - timedelta(days=3_650))
    barrier.wait(60)
    start = time.time()
    sweep_all()
    times.put((start, time.time()))


def add_due(ids: dict[str, int], count: int) -> None:
    add_clocks(ids, count, first=NOW - timedelta(hours=1))


def add_clocks(ids: dict[str, int], count: int, *, first: datetime) -> None:
    """Insert them and leave the table as autovacuum would, so that no round pays for it."""
    values = {**ids, "first": first, "apart": timedelta(microseconds=10), "count": count}
    # The foreign keys are known to be right; checking a million of them takes a minute.
    execute("SET session_replication_role = replica")
    execute(INSERT_CLOCKS, values)
    execute("SET session_replication_role = DEFAULT")
    execute("VACUUM (ANALYZE) sla_clock, sla_escalation")
    execute("CHECKPOINT")


def execute(sql: str, values: dict[str, Any] | None = None) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(sql, values)
