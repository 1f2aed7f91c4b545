"""What a pick costs in a small and in the largest pool, against the same statements in raw SQL.

The raw side locks the pool, lets the database choose, and writes the same rows. It knows that
nobody is away, barred or back from leave, and stores no list of candidates beyond their ids.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from tests.bench.figures import Context, Figure, seconds

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
# Members of a pool, and how many picks one round takes.
POOLS = ((22, 300), (500, 60))
ROUNDS = 5

LOCK = "SELECT sequence FROM routing_pool WHERE id = %(pool)s FOR NO KEY UPDATE"
CHOOSE = """
SELECT member.id, member.user_id, member.credit, member.weight,
       sum(member.weight) OVER () AS total, jsonb_agg(member.user_id) OVER () AS candidates
FROM routing_member member
JOIN accounts_user person ON person.id = member.user_id
JOIN routing_load load ON load.user_id = member.user_id
WHERE member.pool_id = %(pool)s AND member.is_active AND member.weight > 0 AND person.is_active
  AND (load.capacity IS NULL OR load.open_count < load.capacity)
  AND NOT EXISTS (SELECT FROM accounts_timeoff off WHERE off.user_id = member.user_id
                  AND off.starts_at <= %(now)s AND off.ends_at > %(now)s)
ORDER BY member.credit + member.weight DESC, member.last_picked_sequence, member.id LIMIT 1
"""
FILL = """
UPDATE routing_load SET open_count = open_count + 1
WHERE user_id = %(user)s AND (capacity IS NULL OR open_count < capacity)
"""
NUMBER = "UPDATE routing_pool SET sequence = %(sequence)s WHERE id = %(pool)s"
PAY = """
UPDATE routing_member SET
    credit = credit + weight - CASE WHEN id = %(member)s THEN %(total)s ELSE 0 END,
    last_picked_sequence =
        CASE WHEN id = %(member)s THEN %(sequence)s ELSE last_picked_sequence END,
    last_present_sequence = %(sequence)s
WHERE pool_id = %(pool)s
"""
WRITE = """
INSERT INTO routing_turn (pool_id, sequence, at, user_id, member_id, kind, strategy, candidates,
                          exclusions, credit_before, credit_after)
VALUES (%(pool)s, %(sequence)s, %(now)s, %(user)s, %(member)s, 'rotation', 'weighted_round_robin',
        %(candidates)s, '[]', %(before)s, %(after)s)
RETURNING id
"""


def run(context: Context) -> Iterator[Figure]:
    rates = {size: measured(context, size, count) for size, count in POOLS}
    for size, (ours, raw) in rates.items():
        yield Figure(
            f"picks in a pool of {size} against raw SQL",
            ours / raw,
            note=f"{ours:,.0f} and {raw:,.0f} picks/s",
        )
    (small, _), (large, _) = (rates[size] for size, _ in POOLS)
    yield Figure("a pick in the large pool against one in the small", small / large)


def measured(context: Context, size: int, count: int) -> tuple[float, float]:
    """Picks a second, ours and raw, in turns; the best round of each."""
    from tests.factories.routing import make_pool, take

    pools = {"ours": make_pool([1] * size), "raw": make_pool([1] * size)}
    ways: dict[str, Callable[[], Any]] = {
        "ours": lambda: take(pools["ours"], now=NOW),
        "raw": lambda: raw_pick(pools["raw"].pk),
    }
    rates: dict[str, list[float]] = {name: [] for name in ways}
    for n in range(ROUNDS):
        context.say(f"picks in a pool of {size}, round {n + 1} of {ROUNDS}")
        for name, way in ways.items():
            rates[name].append(count / seconds(lambda way=way: repeat(way, count)))
    return max(rates["ours"]), max(rates["raw"])


def repeat(way: Callable[[], Any], count: int) -> None:
    for _ in range(count):
        way()


def raw_pick(pool_id: int) -> None:
    from django.db import connection, transaction

    facts: dict[str, Any] = {"pool": pool_id, "now": NOW}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(LOCK, facts)
        facts["sequence"] = cursor.fetchone()[0] + 1
        cursor.execute(CHOOSE, facts)
        member, user, credit, weight, total, candidates = cursor.fetchone()
        facts |= {"member": member, "user": user, "total": total, "candidates": candidates}
        facts |= {"before": credit, "after": credit + weight - total}
        for statement in (FILL, NUMBER, PAY, WRITE):
            cursor.execute(statement, facts)
