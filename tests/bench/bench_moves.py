"""Phase 2, from facts to what follows: events and messages, a transaction for each late clock.

The raw side writes the same rows, for exactly this case: a missed acceptance whose breach and
alert are both due. It claims in batches as we do, locks each handoff and reads its clock again,
and knows beforehand whom to tell.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

from tests.bench.figures import Context, Figure, seconds

PER_ROUND = 500
ROUNDS = 5
BATCH = 100
LATE = timedelta(hours=1)

CLAIM = """
UPDATE sla_escalation SET attempts = attempts + 1, lease_until = %(lease)s
WHERE id IN (SELECT id FROM sla_escalation
             WHERE state = 'pending' AND not_before <= %(now)s AND lease_until IS NULL
             ORDER BY not_before, id LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
RETURNING clock_id
"""
LOCK = """
SELECT id, owner_id FROM handoff_handoff
WHERE id = (SELECT handoff_id FROM handoff_handoffclock WHERE clock_id = %(clock)s) FOR UPDATE
"""
STILL_LATE = "SELECT breached_at FROM sla_clock WHERE id = %(clock)s"
HANDLE = """
WITH done AS (
    UPDATE sla_escalation SET state = 'handled', handled_at = %(now)s
    WHERE clock_id = %(clock)s AND state = 'pending' RETURNING id, step_id, at
)
INSERT INTO handoff_event (handoff_id, seq, kind, by_id, at, data, escalation_id)
SELECT %(handoff)s, last + row_number() OVER (ORDER BY done.id),
       CASE action WHEN 'breach' THEN 'breached' ELSE 'alerted' END, NULL, %(now)s,
       jsonb_build_object('clock', %(clock)s, 'step', done.step_id, 'action', action,
                          'step_at', done.at, 'told', %(manager)s), done.id
FROM done JOIN sla_step ON sla_step.id = done.step_id,
     (SELECT coalesce(max(seq), 0) AS last FROM handoff_event WHERE handoff_id = %(handoff)s) AS log
"""
TELL = """
INSERT INTO notify_message (key, kind, recipient_id, channel, subject_ref, payload, not_before,
                            ignores_quiet, state, sent_at, attempts, last_error)
SELECT 'raw:' || %(clock)s || ':' || channel, 'late', %(manager)s, channel,
       'handoff:' || %(handoff)s, %(payload)s, %(now)s, false,
       CASE channel WHEN 'inbox' THEN 'sent' ELSE 'pending' END,
       CASE channel WHEN 'inbox' THEN %(now)s::timestamptz END, 0, ''
FROM unnest(ARRAY['inbox', 'email']) AS channel
"""


def run(context: Context) -> Iterator[Figure]:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    world, now = prepare()
    ways: dict[str, Callable[[], int]] = {
        "ours": lambda: apply_all(now),
        "raw": lambda: raw(world.manager.pk, now),
    }
    rates: dict[str, list[float]] = {name: [] for name in ways}
    for n in range(ROUNDS):
        context.say(f"facts to events and messages, round {n + 1} of {ROUNDS}")
        for name, way in ways.items():
            brew(world, PER_ROUND, now)
            rates[name].append(PER_ROUND / seconds(way))
            expect_none_left()
    best = {name: max(found) for name, found in rates.items()}
    yield Figure(
        "facts to events and messages against raw SQL",
        best["ours"] / best["raw"],
        0.35,
        0.6,
        note=f"{best['ours']:,.0f} clocks a second, raw {best['raw']:,.0f}",
    )
    brew(world, BATCH, now)
    with CaptureQueriesContext(connection) as queries:
        apply_all(now)
    yield Figure("statements for each clock there", len(queries) / BATCH)


def prepare() -> tuple[Any, datetime]:
    from core.loops import database_now
    from tests.factories.handoff import ALERT, make_world, only_accept
    from tests.support.hours import work_always

    world = make_world(preset="inbound", receivers=3)
    work_always()
    only_accept(ladder=(ALERT,))
    return world, database_now()


def brew(world: Any, count: int, now: datetime) -> None:
    """So many handoffs whose acceptance was missed, each with a breach and an alert to act on."""
    from django.db import connection

    from sla.services import fire_due_steps
    from tests.factories.bulk import multiply

    row = world.submitted(now=now - LATE)
    multiply([row], count - 1)
    while fire_due_steps(now):
        pass
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE) sla_clock, sla_escalation, handoff_handoff, handoff_event")


def apply_all(now: datetime) -> int:
    from handoff.services import apply_escalations

    done = 0
    while batch := apply_escalations(now):
        done += batch
    return done


def raw(manager: int, now: datetime) -> int:
    from django.db import connection, transaction

    done = 0
    with connection.cursor() as cursor:
        while True:
            cursor.execute(CLAIM, {"now": now, "lease": now + LATE, "limit": BATCH})
            clocks = dict.fromkeys(clock for (clock,) in cursor.fetchall())
            if not clocks:
                return done
            for clock in clocks:
                with transaction.atomic():
                    handle(cursor, clock, manager, now)
            done += len(clocks)


def handle(cursor: Any, clock: int, manager: int, now: datetime) -> None:
    values = {"clock": clock, "manager": manager, "now": now}
    cursor.execute(LOCK, values)
    handoff, _ = cursor.fetchone()
    cursor.execute(STILL_LATE, values)
    if cursor.fetchone()[0] is None:
        return
    payload = json.dumps({"handoff": handoff, "clock": clock})
    cursor.execute(HANDLE, {**values, "handoff": handoff})
    cursor.execute(TELL, {**values, "handoff": handoff, "payload": payload})


def expect_none_left() -> None:
    from sla.models import Escalation

    left = Escalation.objects.filter(state="pending").count()
    if left:
        raise AssertionError(f"{left} steps were not acted on")
