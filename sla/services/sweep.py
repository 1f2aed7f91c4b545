"""The sweep: steps whose time has come become facts, whoever is looking."""

from __future__ import annotations

from datetime import datetime

from django.db import connection, transaction

from sla.choices import ClockState
from sla.models import Clock, Escalation
from sla.services.facts import FIRED_FIELDS, fire_passed, held_until

# Larger batches flip the server's plans and hold their rows longer than a request should wait.
POSTGRESQL_BATCH = 500
# The one writer of SQLite must soon be free again.
SQLITE_BATCH = 100

# The claim repeats state and time under the row's lock: a clock that was met, or swept by
# somebody else, after the snapshot is passed over. Locked rows are skipped, never waited for.
CLAIM_STATEMENT = """
SELECT id
FROM sla_clock
WHERE state = 'running' AND next_step_at < %(now)s
ORDER BY next_step_at, id
LIMIT %(limit)s
FOR UPDATE SKIP LOCKED
"""

# A statement after the claim, so that it sees what was acknowledged until the rows were locked. A
# clock that is due by its index and has no step to fire gets its next instant from the schedule
# again, or it would be found for ever.
FIRE_STATEMENT = """
WITH due AS MATERIALIZED (
    SELECT id, schedule, fired
    FROM sla_clock
    WHERE id = ANY(%(claimed)s)
), passed AS MATERIALIZED (
    SELECT due.id AS clock_id, (rung.value ->> 0)::bigint AS step_id,
           (rung.value ->> 1)::timestamptz AS at, rung.value ->> 2 AS action, rung.n
    FROM due
    CROSS JOIN LATERAL jsonb_array_elements(due.schedule) WITH ORDINALITY AS rung (value, n)
    WHERE rung.n > due.fired AND (rung.value ->> 1)::timestamptz < %(now)s
), written AS (
    INSERT INTO sla_escalation (clock_id, step_id, at, not_before, state, attempts, last_error)
    SELECT clock_id, step_id, at,
           CASE WHEN action = 'breach' THEN at ELSE GREATEST(at, held.until) END,
           'pending', 0, ''
    FROM passed
    LEFT JOIN LATERAL (
        SELECT max(until) AS until FROM sla_acknowledgement seen
        WHERE seen.clock_id = passed.clock_id
    ) AS held ON true
    ORDER BY at, n
    ON CONFLICT (clock_id, step_id) DO NOTHING
), counted AS (
    SELECT clock_id, count(*)::int AS steps, bool_or(action = 'breach') AS has_breach
    FROM passed GROUP BY clock_id
), fired AS (
    SELECT due.id, due.schedule, due.fired + COALESCE(counted.steps, 0) AS fired,
           COALESCE(counted.has_breach, false) AS has_breach
    FROM due LEFT JOIN counted ON counted.clock_id = due.id
)
UPDATE sla_clock AS clock
SET fired = fired.fired,
    next_step_at = (fired.schedule -> fired.fired ->> 1)::timestamptz,
    breached_at = CASE WHEN fired.has_breach THEN COALESCE(clock.breached_at, clock.due_at)
                       ELSE clock.breached_at END,
    detected_at = CASE WHEN fired.has_breach THEN COALESCE(clock.detected_at, %(now)s)
                       ELSE clock.detected_at END
FROM fired
WHERE clock.id = fired.id
"""


def fire_due_steps(now: datetime) -> int:
    """Fire the steps that came due before `now` on one batch of clocks; how many clocks.

    Writes an escalation for every step that has passed, also those that a late sweep finds
    together, and the breach of the due time at the step `breach`. Each batch is a transaction
    that touches clocks and escalations only and waits for no lock; 0 means that nothing is due
    that nobody else is working on.
    """
    if connection.vendor == "postgresql":
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(CLAIM_STATEMENT, {"now": now, "limit": POSTGRESQL_BATCH})
            claimed = [pk for (pk,) in cursor.fetchall()]
            if claimed:
                cursor.execute(FIRE_STATEMENT, {"now": now, "claimed": claimed})
            return len(claimed)
    return _fire_batch(now, SQLITE_BATCH)


def _fire_batch(now: datetime, limit: int) -> int:
    """The same for SQLite, whose write transactions are alone from their beginning."""
    with transaction.atomic():
        due = Clock.objects.filter(state=ClockState.RUNNING, next_step_at__lt=now)
        clocks = list(due.order_by("next_step_at", "pk")[:limit])
        held = held_until([clock.pk for clock in clocks])
        escalations = [
            escalation
            for clock in clocks
            for escalation in fire_passed(clock, until=now, now=now, held=held.get(clock.pk))
        ]
        Escalation.objects.bulk_create(escalations, ignore_conflicts=True)
        Clock.objects.bulk_update(clocks, FIRED_FIELDS)
    return len(clocks)
