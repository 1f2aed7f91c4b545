"""An impact review of 50,000 handoffs through 50 rules into pools of 100 people.

The raw side only reads the same rows: every handoff with what rules ask about, its first leg and
its contact clock, in one statement each, and does nothing with them.
"""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from tests.bench.figures import Context, Figure, seconds

HANDOFFS = 50_000
WEEKS = 4
RULES = 50
POOLS = 10
MEMBERS = 100
PEOPLE = 400
NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
APART = timedelta(weeks=WEEKS) / HANDOFFS
CHUNK = 5_000
ROUNDS = 3

RAW = (
    """
    SELECT row.id, row.submitted_at, row.lead_id, row.pool_id, type.key, row.temperature,
           lead.source, lead.product, lead.language, lead.score, company.country,
           company.industry, company.segment, company.size, company.owner_id
    FROM handoff_handoff row
    JOIN handoff_handofftype type ON type.id = row.type_id
    JOIN handoff_lead lead ON lead.id = row.lead_id
    JOIN handoff_company company ON company.id = lead.company_id
    WHERE row.submitted_at >= %(since)s AND row.submitted_at < %(until)s
    ORDER BY row.submitted_at, row.id
    """,
    """
    SELECT leg.handoff_id, leg.receiver_id, leg.assigned_at, leg.contacted_at, leg.ended_at,
           turn.kind, turn.pool_id
    FROM handoff_leg leg JOIN routing_turn turn ON turn.id = leg.turn_id
    JOIN handoff_handoff row ON row.id = leg.handoff_id
    WHERE row.submitted_at >= %(since)s AND row.submitted_at < %(until)s
    """,
    """
    SELECT link.handoff_id, clock.due_at
    FROM handoff_handoffclock link JOIN sla_clock clock ON clock.id = link.clock_id
    JOIN handoff_handoff row ON row.id = link.handoff_id
    WHERE row.submitted_at >= %(since)s AND row.submitted_at < %(until)s AND link.kind = 'contact'
    """,
)


def run(context: Context) -> Iterator[Figure]:
    from django.core.management import call_command

    from core import triggers
    from routing.models import ImpactReview
    from routing.services.impact_reviews import ask_for_review
    from tests.factories.review import make_scene

    scene = make_scene()
    context.say(f"filling {HANDOFFS:,} handoffs")
    with triggers.suspended():
        pools = make_pools(scene)
        fill(scene, pools)
        draft = make_draft(scene, pools)
    analyse()
    taken, slices = [], []
    for n in range(ROUNDS):
        context.say(f"replaying them, round {n + 1} of {ROUNDS}")
        ask_for_review(ruleset=draft, weeks=WEEKS, by=None, now=NOW)
        times = list(slices_of())
        taken.append(sum(times))
        slices.append(max(times))
    review = ImpactReview.objects.filter(ruleset=draft).first()
    if review.done != HANDOFFS or review.state != "done":
        raise AssertionError(f"the review {review.state}, {review.done:,} handoffs: {review.error}")
    raw = min(seconds(read_raw) for _ in range(ROUNDS))
    yield Figure(
        f"impact review of {HANDOFFS:,} handoffs, seconds",
        min(taken),
        must=60,
        reach=30,
        at_most=True,
        note=f"{RULES} rules, {POOLS} pools of {MEMBERS}, {HANDOFFS / min(taken):,.0f} a second",
    )
    yield Figure("its longest slice, seconds", min(slices), must=10, reach=5, at_most=True)
    yield Figure(
        "impact review against only reading the rows in raw SQL",
        min(taken) / raw,
        at_most=True,
        note=f"{min(taken):.1f} against {raw:.2f} s",
    )
    with triggers.suspended():
        call_command("flush", verbosity=0, interactive=False)


def slices_of() -> Iterator[float]:
    """How long each slice takes, until no review is left to be made."""
    from handoff.services import replay_drafts

    counts = [1]
    while counts[-1]:
        yield seconds(lambda: counts.append(replay_drafts(NOW)))


def read_raw() -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        for statement in RAW:
            cursor.execute(statement, {"since": NOW - timedelta(weeks=WEEKS), "until": NOW})
            cursor.fetchall()


def make_pools(scene: Any) -> list[Any]:
    """Everybody is in two or three of the pools, with a capacity that is sometimes reached."""
    from routing.models import Load, Pool
    from tests.factories.routing import make_people, make_pool

    people = make_people(PEOPLE)
    Load.objects.bulk_create(
        Load(user=user, capacity=60 + n % 40, day_limit=40 if n % 3 == 0 else None)
        for n, user in enumerate(people)
    )
    made = []
    for n in range(POOLS):
        seated = [people[(n * PEOPLE // POOLS + k) % PEOPLE] for k in range(MEMBERS)]
        pool = make_pool([1 + k % 3 for k in range(MEMBERS)], people=seated)
        # Each in its own way, so that every kind of pick is measured.
        ways = itertools.cycle(["ignored", "preferred"])
        hours = next(itertools.islice(ways, n, None))
        strategy = "least_loaded" if n % 5 == 4 else "weighted_round_robin"
        Pool.objects.filter(pk=pool.pk).update(hours=hours, strategy=strategy)
        made.append((pool, seated))
    return made


def make_draft(scene: Any, pools: list[Any]) -> Any:
    from routing.services import save_draft

    rules = [
        {
            "name": f"Source {n}",
            "conditions": {
                "all": [
                    {"field": "source", "op": "eq", "value": f"source {n}"},
                    {"field": "score", "op": "gte", "value": 10},
                ]
            },
            "pool": pools[n % POOLS][0],
        }
        for n in range(RULES - 1)
    ]
    rules.append({"name": "Everything", "conditions": {}, "pool": pools[0][0]})
    return save_draft(rules=rules, by=None, now=NOW, saves=0)


def fill(scene: Any, pools: list[Any]) -> None:
    for first in range(0, HANDOFFS, CHUNK):
        fill_chunk(scene, pools, range(first, min(first + CHUNK, HANDOFFS)))


def fill_chunk(scene: Any, pools: list[Any], numbers: range) -> None:
    from handoff.models import Handoff, HandoffClock, Lead, Leg
    from routing.models import Turn
    from sla.models import Clock

    chance, since = Random(numbers.start), NOW - timedelta(weeks=WEEKS)
    leads = Lead.objects.bulk_create(
        Lead(
            company=scene.company,
            first_name="Ana",
            last_name=f"Ruiz {n}",
            source=f"source {chance.randrange(RULES)}",
            score=chance.randrange(100),
        )
        for n in numbers
    )
    rows, turns, legs, clocks = [], [], [], []
    for n, lead in zip(numbers, leads, strict=True):
        pool, seated = pools[n % POOLS]
        at, user = since + n * APART, seated[n // POOLS % MEMBERS]
        row = Handoff(
            pk=100_000_000 + n,
            chain_id=100_000_000 + n,
            lead=lead,
            type=scene.type,
            form_version=scene.form,
            temperature="warm",
            status="pending",
            submitted_by=scene.sdr,
            owner=user,
            pool=pool,
            submitted_at=at,
            submission_uuid=uuid.uuid4(),
        )
        rows.append(row)
        turns.append(
            Turn(
                pool=pool,
                sequence=n // POOLS + 1,
                at=at,
                user=user,
                kind="rotation",
                # Only those of a pool's first turn are read.
                candidates=[[one.pk, 1, 0] for one in seated] if n < POOLS else [],
                exclusions=[],
                credit_before=0,
                credit_after=0,
            )
        )
        freed = at + timedelta(hours=chance.randint(1, 48))
        legs.append((row, user, at, freed))
        clocks.append(
            Clock(
                kind="contact",
                started_at=at,
                target=scene.target,
                calendar_version=scene.hours,
                due_at=at + timedelta(hours=8),
            )
        )
    Handoff.objects.bulk_create(rows)
    Turn.objects.bulk_create(turns)
    Clock.objects.bulk_create(clocks)
    made = Leg.objects.bulk_create(
        Leg(handoff=row, receiver=user, turn=turn, assigned_at=at, contacted_at=freed)
        for (row, user, at, freed), turn in zip(legs, turns, strict=True)
    )
    HandoffClock.objects.bulk_create(
        HandoffClock(clock=clock, handoff=row, leg=leg, kind="contact")
        for clock, row, leg in zip(clocks, rows, made, strict=True)
    )


def analyse() -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
