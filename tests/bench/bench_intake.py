"""Handing off at 1, 8 and 16 connections, against raw SQL and against the pool's lock taken early.

Each connection is a process that hands off drafts of its own as fast as it can, all into one pool.
The raw side writes the same rows for exactly this case: it copies the clocks, events and messages
of a handoff that the product has made, instead of working them out, and asks no gate, no rule and
no hours. Taken early, the lock of the pool is held for the whole of each transaction.
"""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from tests.bench.bench_routing import CHOOSE, FILL, LOCK, NUMBER, PAY, WRITE
from tests.bench.figures import Context, Figure

MEMBERS = 22
CONNECTIONS = (1, 8, 16)
# Handoffs of one round, whatever the number of connections; raw SQL is done with more in its time.
PER_ROUND = {"ours": 120, "early": 120, "raw": 480}
ROUNDS = 2
BARRED_AT = 8
START_SECONDS = 120

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


def run(context: Context) -> Iterator[Figure]:
    model, now = prepare()
    for count in CONNECTIONS:
        rates = dict.fromkeys(PER_ROUND, 0.0)
        for n in range(ROUNDS):
            context.say(f"handing off at {count} connections, round {n + 1} of {ROUNDS}")
            for way, many in PER_ROUND.items():
                rates[way] = max(rates[way], race(context, way, count, many, model, now))
        is_bar = count == BARRED_AT
        note = ", ".join(f"{way} {rate:,.0f}/s" for way, rate in rates.items())
        yield Figure(
            f"handing off at {count} connections against raw SQL",
            rates["ours"] / rates["raw"],
            must=0.4 if is_bar else None,
            reach=0.65 if is_bar else None,
            note=note,
        )
        yield Figure(
            f"the same against the lock taken early, {count}", rates["ours"] / rates["early"]
        )
    yield Figure("numbers missing or given twice", astray(), must=0, at_most=True)


def prepare() -> tuple[int, datetime]:
    """A pool whose people work always, and one handoff there for the raw side to copy."""
    from core.loops import database_now
    from handoff.services import submit_handoff
    from tests.factories.handoff import make_world
    from tests.support.hours import work_always

    world = make_world(receivers=MEMBERS)
    work_always()
    now = database_now()
    row = submit_handoff(world.draft(now=now), by=world.sdr, now=now)
    return row.pk, now


def drafts(count: int) -> list[int]:
    """The ids of so many new drafts, each of a lead and a company of its own."""
    from django.db import connection

    from accounts.models import User
    from core.loops import database_now
    from handoff.models import Handoff, HandoffType
    from handoff.services import create_draft
    from tests.factories.bulk import multiply
    from tests.factories.handoff import answers

    sdr = User.objects.get(email__startswith="sam.okafor")
    type_ = HandoffType.objects.get(key="qualified_lead")
    row = create_draft(type=type_, answers=answers(), by=sdr, now=database_now())
    if count > 1:
        multiply([row], count - 1)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE) handoff_handoff, handoff_lead, handoff_company, sla_clock")
    return list(Handoff.objects.filter(pk__gte=row.pk, status="draft").values_list("pk", flat=True))


def race(
    context: Context, way: str, connections: int, count: int, model: int, now: datetime
) -> float:
    """Handoffs a second from the common start until the last process is done."""
    ids = drafts(count)
    spawn = multiprocessing.get_context("spawn")
    barrier, spans = spawn.Barrier(connections), spawn.Queue()
    shared = (context.environment, barrier, spans)
    workers = [
        spawn.Process(
            target=worker, args=(*shared, way, ids[n::connections], model, now), daemon=True
        )
        for n in range(connections)
    ]
    for each in workers:
        each.start()
    found = [spans.get(timeout=START_SECONDS + 120) for _ in workers]
    for each in workers:
        each.join(30)
    failed = [one for one in found if isinstance(one, str)]
    if failed:
        raise AssertionError(f"handing off failed: {failed[0]}")
    return count / (max(end for _, end in found) - min(start for start, _ in found))


def worker(
    environment: dict[str, str],
    barrier: Any,
    spans: Any,
    way: str,
    ids: list[int],
    model: int,
    now: datetime,
) -> None:
    os.environ.update(environment)
    import django

    django.setup()
    from handoff.models import Handoff

    try:
        pool = Handoff.objects.values_list("pool", flat=True).get(pk=model)
        hand_off = WAYS[way]
        barrier.wait(START_SECONDS)
        start = time.time()
        for pk in ids:
            hand_off(pk, model, pool, now)
        spans.put((start, time.time()))
    except BaseException as error:  # noqa: BLE001  # a deadlock is what this would show
        barrier.abort()
        spans.put(repr(error))


def ours(pk: int, model: int, pool: int, now: datetime) -> None:
    from handoff.models import Handoff
    from handoff.services import submit_handoff

    row = Handoff.objects.select_related("submitted_by").get(pk=pk)
    submit_handoff(row, by=row.submitted_by, now=now)


def early(pk: int, model: int, pool: int, now: datetime) -> None:
    from django.db import transaction

    from routing.services import lock_pools

    with transaction.atomic():
        lock_pools([pool])
        ours(pk, model, pool, now)


def raw(pk: int, model: int, pool: int, now: datetime) -> None:
    from django.db import connection, transaction

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


WAYS = {"ours": ours, "early": early, "raw": raw}


def astray() -> int:
    """Numbers of turns that are missing or there twice, and drafts that were left behind."""
    from django.db.models import Count, Max

    from handoff.models import Handoff
    from routing.models import Turn

    wrong = Handoff.objects.filter(status="draft").count()
    pools = (
        Turn.objects.order_by().values("pool").annotate(n=Count("sequence"), last=Max("sequence"))
    )
    for pool in pools:
        numbers = set(Turn.objects.filter(pool=pool["pool"]).values_list("sequence", flat=True))
        wrong += pool["last"] - len(numbers) + pool["n"] - len(numbers)
    return wrong
