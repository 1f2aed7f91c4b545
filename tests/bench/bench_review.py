"""The weekly review of an organisation that hands off 10,000 leads a week.

The raw side asks the same questions of the same tables in SQL written for exactly them: the
twelve weeks of both rates, the week's and the twelve medians, the week's misses, the receivers.
It knows of no pause, no replaced clock, no unstaffed one and nobody who is on both sides.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.bench.figures import Context, Figure, quietest, seconds

HANDOFFS = 300_000
WEEKS = 30
RECEIVERS = 200
SUBMITTERS = 100
ROUNDS = 12
NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
TEAM = (10, 5)
# Far above what the sequences of an empty database give to other rows.
FIRST_ID = 100_000_000

# Spread evenly over the weeks before NOW; seven in ten accepted, the rest rejected.
FILL = """
CREATE TEMP TABLE made ON COMMIT DROP AS
SELECT %(first_id)s + n AS n, %(now)s - n * %(apart)s AS at,
       %(receiver)s + n %% %(receivers)s AS receiver,
       %(submitter)s + n / 7 %% %(submitters)s AS submitter,
       n %% 10 < 7 AS is_accepted,
       interval '1 second' * (600 + n %% 20000 * 7919 %% 15000) AS waited
FROM generate_series(1, %(count)s) AS n;

INSERT INTO handoff_lead (id, created_at, company_id, first_name, last_name, title, email, phone,
                          source, product, language, external_id, temperature, details)
SELECT n, at, %(company)s, 'Ana', 'Ruiz', '', '', '', '', '', '', '', 'warm', '{}' FROM made;

INSERT INTO handoff_handoff (id, created_at, lead_id, type_id, form_version_id, temperature,
    answers, completeness, status, closed_as, reason, submitted_by_id, owner_id, chain_id, pool_id,
    submitted_at, first_accepted_at, accept_seconds, closed_at, version, submission_uuid,
    currency, deal_outcome, deal_note, disqualified_for)
SELECT n, at, n, %(type)s, %(form)s, 'warm', '{}', 90,
       CASE WHEN is_accepted THEN 'accepted' ELSE 'closed' END,
       CASE WHEN is_accepted THEN '' ELSE 'conceded' END, '', submitter, receiver, n, %(pool)s,
       at, CASE WHEN is_accepted THEN at + waited END,
       CASE WHEN is_accepted THEN extract(epoch FROM waited)::bigint END,
       CASE WHEN is_accepted THEN NULL ELSE at + waited END, 1, gen_random_uuid(),
       '', '', '', ''
FROM made;

INSERT INTO routing_turn (id, created_at, pool_id, sequence, at, user_id, kind, strategy,
                          candidates, exclusions, credit_before, credit_after)
SELECT n, at, %(pool)s, n, at, receiver, 'rotation', 'weighted_round_robin', '[]', '[]', 0, 0
FROM made;

INSERT INTO handoff_leg (id, created_at, handoff_id, receiver_id, turn_id, assigned_at,
                         accepted_at, ended_at, next_step, ended_as, reason, rejected_fields,
                         note)
SELECT n, at, n, receiver, n, at, CASE WHEN is_accepted THEN at + waited END,
       CASE WHEN is_accepted THEN NULL ELSE at + waited END, '',
       CASE WHEN is_accepted THEN '' ELSE 'rejected' END,
       CASE WHEN is_accepted THEN '' ELSE 'no_budget' END, '[]', ''
FROM made;

INSERT INTO sla_clock (id, created_at, kind, started_at, target_id, calendar_version_id, due_at,
                       state, met_at, breached_at, detected_at, schedule, fired, is_unstaffed,
                       is_due_fixed, has_ladder)
SELECT n, at, 'accept', at, %(target)s, %(calendar)s, at + interval '4 hours', 'met', at + waited,
       CASE WHEN waited > interval '4 hours' THEN at + interval '4 hours' END,
       CASE WHEN waited > interval '4 hours' THEN at + interval '4 hours' END, '[]', 0, false,
       false, true
FROM made;

INSERT INTO handoff_handoffclock (id, created_at, clock_id, handoff_id, leg_id, kind, is_current)
SELECT n, at, n, n, n, 'accept', false FROM made;
"""

RAW = (
    """
    SELECT width_bucket(coalesce(accepted_at, ended_at), %(bounds)s), ended_as, count(*)
    FROM handoff_leg
    WHERE ((accepted_at >= %(first)s AND accepted_at < %(end)s)
           OR (accepted_at IS NULL AND ended_at >= %(first)s AND ended_at < %(end)s))
    GROUP BY 1, 2
    """,
    """
    SELECT width_bucket(due_at, %(bounds)s), count(*) FILTER (WHERE met_at <= due_at), count(*)
    FROM sla_clock WHERE kind = 'accept' AND due_at >= %(first)s AND due_at < %(end)s GROUP BY 1
    """,
    """
    SELECT status, closed_as, count(*) FROM handoff_handoff
    WHERE submitted_at >= %(start)s AND submitted_at < %(end)s GROUP BY 1, 2
    """,
    """
    SELECT width_bucket(submitted_at, %(bounds)s), count(*),
           percentile_cont(0.5) WITHIN GROUP (ORDER BY accept_seconds),
           percentile_disc(0.9) WITHIN GROUP (ORDER BY accept_seconds)
    FROM handoff_handoff
    WHERE submitted_at >= %(first)s AND submitted_at < %(end)s AND accept_seconds IS NOT NULL
    GROUP BY 1
    """,
    """
    SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY first_accepted_at - submitted_at),
           percentile_disc(0.9) WITHIN GROUP (ORDER BY first_accepted_at - submitted_at)
    FROM handoff_handoff
    WHERE submitted_at >= %(start)s AND submitted_at < %(end)s AND accept_seconds IS NOT NULL
    """,
    """
    SELECT due_at, met_at, target_id, calendar_version_id FROM sla_clock
    WHERE kind = 'accept' AND due_at >= %(start)s AND due_at < %(end)s AND met_at > due_at
    """,
    """
    SELECT receiver_id, ended_as, count(*)
    FROM handoff_leg
    WHERE ((accepted_at >= %(start)s AND accepted_at < %(end)s)
           OR (accepted_at IS NULL AND ended_at >= %(start)s AND ended_at < %(end)s))
    GROUP BY 1, 2
    """,
    """
    SELECT receiver_id, count(*) FILTER (WHERE met_at <= due_at), count(*)
    FROM sla_clock JOIN handoff_handoffclock ON clock_id = sla_clock.id
    JOIN handoff_leg ON handoff_leg.id = leg_id
    WHERE sla_clock.kind = 'accept' AND due_at >= %(start)s AND due_at < %(end)s GROUP BY 1
    """,
)


def run(context: Context) -> Iterator[Figure]:
    from django.core.management import call_command

    from core import triggers
    from review.selectors.report import week_frame
    from tests.factories.review import make_scene

    scene = make_scene()
    # By the pool the manager would see everybody's handoffs, not those of one team.
    type(scene.pool).objects.update(manager=scene.admin)
    context.say(f"filling {HANDOFFS:,} handoffs over {WEEKS} weeks")
    fill(scene)
    context.say("the weekly review")
    frame = week_frame("2026-W46", now=NOW)
    yield against_raw(scene, frame)
    yield from whole_report(scene, frame)
    with triggers.suspended():
        call_command("flush", verbosity=0, interactive=False)


def fill(scene: Any) -> None:
    from django.db import connection, transaction

    from accounts.models import Membership, User

    people = User.objects.bulk_create(
        User(email=f"bench{n}@people.example", name=f"Person {n}")
        for n in range(RECEIVERS + SUBMITTERS)
    )
    receivers, submitters = TEAM
    team = people[:receivers] + people[RECEIVERS : RECEIVERS + submitters]
    Membership.objects.bulk_create(Membership(team=scene.team, user=user) for user in team)
    values = {
        "now": NOW,
        "apart": timedelta(weeks=WEEKS) / HANDOFFS,
        "first_id": FIRST_ID,
        "receiver": people[0].pk,
        "receivers": RECEIVERS,
        "submitter": people[RECEIVERS].pk,
        "submitters": SUBMITTERS,
        "count": HANDOFFS,
        "company": scene.company.pk,
        "type": scene.type.pk,
        "form": scene.form.pk,
        "pool": scene.pool.pk,
        "target": scene.target.pk,
        "calendar": scene.hours.pk,
    }
    with connection.cursor() as cursor:
        with transaction.atomic():
            for statement in FILL.split(";"):
                if statement.strip():
                    cursor.execute(statement, values)
        cursor.execute("VACUUM ANALYZE")


def against_raw(scene: Any, frame: Any) -> Figure:
    """The queries alone, all of the report against all of the raw ones, in turns."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    ours, raw = [], []
    with CaptureQueriesContext(connection) as queries:
        report(scene.admin, frame)
    # As the page sends them, so that nothing but the database is timed on either side.
    sent = [query["sql"] for query in queries.captured_queries]
    values = {
        "bounds": list(frame.trend.bounds),
        "first": frame.trend.start,
        "start": frame.row.start,
        "end": frame.row.end,
    }
    with connection.cursor() as cursor:

        def ask(statements: Sequence[str], parameters: dict[str, Any] | None) -> float:
            def all_of_them() -> None:
                for statement in statements:
                    cursor.execute(statement, parameters)
                    cursor.fetchall()

            return seconds(all_of_them)

        for _ in range(ROUNDS):
            ours.append(ask(sent, None))
            raw.append(ask(RAW, values))
    return Figure(
        "weekly review, its queries against raw SQL",
        quietest(ours) / quietest(raw),
        must=2,
        reach=1.3,
        at_most=True,
        note=f"{quietest(ours) * 1_000:.0f} against {quietest(raw) * 1_000:.0f} ms",
    )


def whole_report(scene: Any, frame: Any) -> Iterator[Figure]:
    """What one report takes, all told; the absolute number belongs to this machine."""
    for name in ("admin", "manager"):
        user = getattr(scene, name)
        taken = [seconds(lambda user=user: report(user, frame)) for _ in range(ROUNDS)]
        yield Figure(
            f"weekly review of {'everybody' if name == 'admin' else 'one team'}, ms",
            quietest(taken) * 1_000,
            note=f"{HANDOFFS:,} handoffs, {RECEIVERS} receivers, {WEEKS} weeks",
        )


def report(user: Any, frame: Any) -> Any:
    from review.selectors.report import weekly_report

    return weekly_report(user, frame, now=NOW)
