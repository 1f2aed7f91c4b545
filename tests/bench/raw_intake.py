"""Handing off in raw SQL: the rows that the product writes, for exactly this case.

It copies the clocks, events and messages of a handoff that the product has made, instead of
working them out, and asks no gate, no rule and no hours.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import connection, transaction

from tests.bench.bench_routing import CHOOSE, FILL, LOCK, NUMBER, PAY, WRITE

DRAFT = """
SELECT lead_id, company_id, owner_id, handoff_handoff.submitted_by_id
FROM handoff_handoff JOIN handoff_lead ON handoff_lead.id = lead_id
WHERE handoff_handoff.id = %(handoff)s AND status = 'draft' FOR UPDATE OF handoff_handoff
"""
THROUGH_COMPANY = "UPDATE handoff_company SET size = size WHERE id = %(company)s"
THROUGH_LEAD = "UPDATE handoff_lead SET temperature = temperature WHERE id = %(lead)s"
LEG = """
INSERT INTO handoff_leg (handoff_id, receiver_id, turn_id, assigned_at, next_step, ended_as, reason,
                         rejected_fields, note)
VALUES (%(handoff)s, %(user)s, %(turn)s, %(now)s, '', '', '', '[]', '') RETURNING id
"""
CLOCKS = """
WITH made AS (
    INSERT INTO sla_clock (kind, started_at, target_id, calendar_version_id, due_at, state,
                           schedule, fired, next_step_at, is_unstaffed, is_due_fixed, has_ladder)
    SELECT clock.kind, started_at, target_id, calendar_version_id, due_at, state, schedule, fired,
           next_step_at, is_unstaffed, is_due_fixed, has_ladder
    FROM sla_clock clock JOIN handoff_handoffclock link ON link.clock_id = clock.id
    WHERE link.handoff_id = %(model)s AND link.is_current AND clock.state = 'running'
    RETURNING id, kind
)
INSERT INTO handoff_handoffclock (clock_id, handoff_id, leg_id, kind, is_current)
SELECT made.id, %(handoff)s, CASE WHEN link.leg_id IS NULL THEN NULL ELSE %(leg)s END, made.kind,
       true
FROM made JOIN handoff_handoffclock link
  ON link.handoff_id = %(model)s AND link.is_current AND link.kind = made.kind
"""
TRANSFER = """
INSERT INTO handoff_transfer (handoff_id, from_user_id, to_user_id, reason, by_id, at, note)
VALUES (%(handoff)s, %(owner)s, %(user)s, 'submitted', %(owner)s, %(now)s, '') RETURNING id
"""
HAND_OVER = """
UPDATE handoff_handoff SET status = 'pending', owner_id = %(user)s, pool_id = %(pool)s,
    submitted_at = %(now)s, last_transfer_id = %(transfer)s, version = handoff_handoff.version + 1,
    next_due_at = model.next_due_at, completeness = model.completeness
FROM handoff_handoff model WHERE model.id = %(model)s AND handoff_handoff.id = %(handoff)s
"""
EVENTS = """
INSERT INTO handoff_event (handoff_id, seq, kind, by_id, at, data)
SELECT %(handoff)s, seq, kind, by_id, at, data FROM handoff_event
WHERE handoff_id = %(model)s AND kind IN ('submitted', 'assigned')
"""
TELL = """
INSERT INTO notify_message (key, kind, recipient_id, channel, subject_ref, payload, not_before,
                            ignores_quiet, state, attempts, last_error, sent_at)
SELECT 'raw:' || %(handoff)s || ':' || channel, kind, %(user)s, channel,
       'handoff:' || %(handoff)s, payload, not_before, ignores_quiet, state, attempts, last_error,
       sent_at
FROM notify_message WHERE subject_ref = 'handoff:' || %(model)s
"""


def hand_off_raw(pk: int, model: int, pool: int, now: datetime) -> None:
    """Give the draft to the next of the pool as the handoff `model` was given."""
    facts: dict[str, Any] = {"handoff": pk, "model": model, "pool": pool, "now": now}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(DRAFT, facts)
        facts["lead"], facts["company"], facts["owner"], _ = cursor.fetchone()
        cursor.execute(THROUGH_COMPANY, facts)
        cursor.execute(THROUGH_LEAD, facts)
        cursor.execute(LOCK, facts)
        facts["sequence"] = cursor.fetchone()[0] + 1
        cursor.execute(CHOOSE, facts)
        member, user, credit, weight, total, candidates = cursor.fetchone()
        facts |= {"member": member, "user": user, "total": total, "candidates": candidates}
        facts |= {"before": credit, "after": credit + weight - total}
        for statement in (FILL, NUMBER, PAY):
            cursor.execute(statement, facts)
        for name, statement in (("turn", WRITE), ("leg", LEG), ("transfer", TRANSFER)):
            cursor.execute(statement, facts)
            facts[name] = cursor.fetchone()[0]
        for statement in (CLOCKS, HAND_OVER, EVENTS, TELL):
            cursor.execute(statement, facts)
