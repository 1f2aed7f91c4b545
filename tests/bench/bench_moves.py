"""Phase 2, from facts to what follows: events and messages.

The raw side writes the same rows, for exactly this case: a missed acceptance whose breach and
alert are both due. It claims in batches as we do, locks the handoffs and reads their clocks again,
and knows beforehand whom to tell. Once it does so for all clocks of a batch at a time, in a
statement each, and once for each clock in a transaction of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

from tests.bench.figures import Context, Figure, seconds

PER_ROUND = 2_000
ROUNDS = 4
BATCH = 400
LATE = timedelta(hours=1)

CLAIM = """
UPDATE sla_escalation SET attempts = attempts + 1, lease_until = %(lease)s
WHERE id IN (SELECT id FROM sla_escalation
             WHERE state = 'pending' AND not_before <= %(now)s AND lease_until IS NULL
             ORDER BY not_before, id LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
RETURNING clock_id
"""
LOCK = """
SELECT id FROM handoff_handoff
WHERE id IN (SELECT handoff_id FROM handoff_handoffclock WHERE clock_id = ANY(%(clocks)s))
ORDER BY id FOR UPDATE
"""
STILL_LATE = "SELECT id FROM sla_clock WHERE id = ANY(%(clocks)s) AND breached_at IS NOT NULL"
HANDLE = """
WITH done AS (
    UPDATE sla_escalation SET state = 'handled', handled_at = %(now)s, lease_until = NULL
    WHERE clock_id = ANY(%(clocks)s) AND state = 'pending' RETURNING id, clock_id, step_id, at
), last AS (
    SELECT handoff_id, max(seq) AS seq FROM handoff_event
    WHERE handoff_id IN (SELECT handoff_id FROM handoff_handoffclock
                         WHERE clock_id = ANY(%(clocks)s))
    GROUP BY handoff_id
)
INSERT INTO handoff_event (handoff_id, seq, kind, by_id, at, data, escalation_id)
SELECT link.handoff_id,
       last.seq + row_number() OVER (PARTITION BY link.handoff_id ORDER BY done.id),
       CASE action WHEN 'breach' THEN 'breached' ELSE 'alerted' END, NULL, %(now)s,
       jsonb_build_object('clock', done.clock_id, 'clock_kind', link.kind, 'leg', link.leg_id,
                          'step', done.step_id, 'action', action, 'step_at', done.at,
                          'told', %(manager)s), done.id
FROM done JOIN sla_step ON sla_step.id = done.step_id
          JOIN handoff_handoffclock AS link ON link.clock_id = done.clock_id
          JOIN last ON last.handoff_id = link.handoff_id
"""
TELL = """
INSERT INTO notify_message (key, kind, recipient_id, channel, subject_ref, payload, not_before,
                            ignores_quiet, state, sent_at, attempts, last_error)
SELECT 'raw:' || clock_id || ':' || channel, 'late', %(manager)s, channel,
       'handoff:' || handoff_id,
       jsonb_build_object('handoff', handoff_id, 'clock', clock_id, 'leg', leg_id), %(now)s, false,
       CASE channel WHEN 'inbox' THEN 'sent' ELSE 'pending' END,
       CASE channel WHEN 'inbox' THEN %(now)s::timestamptz END, 0, ''
FROM handoff_handoffclock, unnest(ARRAY['inbox', 'email']) AS channel
WHERE clock_id = ANY(%(clocks)s)
"""


def run(context: Context) -> Iterator[Figure]:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    world, now = prepare()
    ways: dict[str, Callable[[], int]] = {
        "ours": lambda: apply_all(now),
        "raw": lambda: raw(world.manager.pk, now, together=True),
        "each": lambda: raw(world.manager.pk, now, together=False),
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
    yield Figure(
        "the same against raw SQL, clock by clock",
        best["ours"] / best["each"],
        note=f"raw {best['each']:,.0f} clocks a second",
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


def raw(manager: int, now: datetime, *, together: bool) -> int:
    from django.db import connection, transaction

    done = 0
    with connection.cursor() as cursor:
        while True:
            cursor.execute(CLAIM, {"now": now, "lease": now + LATE, "limit": BATCH})
            clocks = list(dict.fromkeys(clock for (clock,) in cursor.fetchall()))
            if not clocks:
                return done
            for part in [clocks] if together else [[clock] for clock in clocks]:
                with transaction.atomic():
                    handle(cursor, part, manager, now)
            done += len(clocks)


def handle(cursor: Any, clocks: list[int], manager: int, now: datetime) -> None:
    values: dict[str, Any] = {"clocks": clocks, "manager": manager, "now": now}
    cursor.execute(LOCK, values)
    cursor.execute(STILL_LATE, values)
    values["clocks"] = [pk for (pk,) in cursor.fetchall()]
    cursor.execute(HANDLE, values)
    cursor.execute(TELL, values)


def expect_none_left() -> None:
    from sla.models import Escalation

    left = Escalation.objects.filter(state="pending").count()
    if left:
        raise AssertionError(f"{left} steps were not acted on")
