"""Handing off at 1, 8 and 16 connections, against a raw view and with the pool's lock taken early.

Each connection is a person at the page, who hands off drafts of their own as fast as they can, all
into one pool. The raw view stands behind the same server, session and sign-in, and writes the
same rows by SQL for exactly this case (`raw_intake`). With the lock taken early, the pool is held
for the whole of each transaction. At last the same without the web: processes that call the
service, and processes that run the SQL.
"""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tests.bench.figures import Context, Figure

MEMBERS = 22
CONNECTIONS = (1, 8, 16)
# Handoffs of one round, whatever the number of connections.
PER_ROUND = {"ours": 160, "early": 160, "raw": 320}
ROUNDS = 2
BARRED_AT = 8
START_SECONDS = 120
# First of each server thread: what it imports and reads once is not what is measured.
WARM_UP = 24


@dataclass(frozen=True)
class Scene:
    """What is copied by the raw side, and where; and who hands off."""

    model: int
    pool: int
    now: datetime
    email: str


def run(context: Context) -> Iterator[Figure]:
    scene = prepare()
    yield from through_the_web(context, scene)
    rates = dict.fromkeys(("ours", "raw"), 0.0)
    for n in range(ROUNDS):
        context.say(f"the service alone, round {n + 1} of {ROUNDS}")
        for way in rates:
            rates[way] = max(rates[way], race(context, way, BARRED_AT, scene))
    yield Figure(
        f"the service alone at {BARRED_AT} connections against raw SQL alone",
        rates["ours"] / rates["raw"],
        note=rates_words(rates),
    )
    yield Figure("numbers missing or given twice", astray(), must=0, at_most=True)


def through_the_web(context: Context, scene: Scene) -> Iterator[Figure]:
    from tests.support.box import box
    from tests.support.servers import wait_for
    from tests.support.visitor import Visitor

    with box(TIME_SCALE="1") as machine:
        machine.start_broker()
        machine.start("web", app="tests.bench.raw_wsgi")
        person = Visitor(machine.port)
        wait_for(person.is_answered, START_SECONDS, "the web does not answer")
        person.sign_in(scene.email)
        for way in PER_ROUND:
            press(person, way, WARM_UP, BARRED_AT, scene)
        for count in CONNECTIONS:
            rates = dict.fromkeys(PER_ROUND, 0.0)
            for n in range(ROUNDS):
                context.say(f"handing off at {count} connections, round {n + 1} of {ROUNDS}")
                for way, many in PER_ROUND.items():
                    rates[way] = max(rates[way], press(person, way, many, count, scene))
            is_bar = count == BARRED_AT
            yield Figure(
                f"handing off at {count} connections against the raw view",
                rates["ours"] / rates["raw"],
                must=0.4 if is_bar else None,
                reach=0.65 if is_bar else None,
                note=rates_words(rates),
            )
            yield Figure(
                f"the same against the lock taken early, {count}", rates["ours"] / rates["early"]
            )


def press(person: Any, way: str, count: int, connections: int, scene: Scene) -> float:
    """Handoffs a second through so many connections at once, until the last is answered."""
    address = ADDRESSES[way]
    ids = iter(drafts(count, scene))
    failed: list[Any] = []

    def one_by_one(_: int) -> None:
        # Two threads may not ask one iterator at the same time, but for this one of C.
        for pk in iter(lambda: next(ids, None), None):
            answer = person.send(address(pk, scene), {"version": 1})
            if answer != (302, f"/handoffs/{pk}/"):
                failed.append((answer, person.read[:500]))

    began = time.monotonic()
    with ThreadPoolExecutor(connections) as people:
        list(people.map(one_by_one, range(connections)))
    took = time.monotonic() - began
    if failed:
        raise AssertionError(f"{way}: {len(failed)} of {count} failed: {failed[0]}")
    return count / took


ADDRESSES: dict[str, Callable[[int, Scene], str]] = {
    "ours": lambda pk, scene: f"/handoffs/{pk}/submit/",
    "early": lambda pk, scene: f"/early/{pk}/{scene.pool}/",
    "raw": lambda pk, scene: f"/raw/{pk}/{scene.model}/{scene.pool}/",
}


def rates_words(rates: dict[str, float]) -> str:
    return ", ".join(f"{way} {rate:,.0f}/s" for way, rate in rates.items())


def prepare() -> Scene:
    """A pool whose people work always, and one handoff there for the raw side to copy."""
    from django.conf import settings
    from django.test import override_settings

    from core.loops import database_now
    from handoff.services import submit_handoff
    from tests.factories.handoff import make_world
    from tests.support.hours import work_always
    from tests.support.visitor import with_real_password

    world = make_world(receivers=MEMBERS)
    work_always()
    with override_settings(PASSWORD_HASHERS=list(settings.PASSWORD_HASHERS)):
        with_real_password(world.sdr, settings)
    now = database_now()
    row = submit_handoff(world.draft(now=now), by=world.sdr, now=now)
    return Scene(row.pk, row.pool_id, now, world.sdr.email)


def drafts(count: int, scene: Scene) -> list[int]:
    """The ids of so many new drafts, each of a lead and a company of its own."""
    from django.db import connection

    from accounts.models import User
    from core.loops import database_now
    from handoff.models import Handoff, HandoffType
    from handoff.services import create_draft
    from tests.factories.bulk import multiply
    from tests.factories.handoff import answers

    sdr = User.objects.get(email=scene.email)
    type_ = HandoffType.objects.get(key="qualified_lead")
    row = create_draft(type=type_, answers=answers(), by=sdr, now=database_now())
    if count > 1:
        multiply([row], count - 1)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE) handoff_handoff, handoff_lead, handoff_company, sla_clock")
    return list(Handoff.objects.filter(pk__gte=row.pk, status="draft").values_list("pk", flat=True))


def race(context: Context, way: str, connections: int, scene: Scene) -> float:
    """Handoffs a second of so many processes, from the common start until the last is done."""
    count = PER_ROUND[way]
    ids = drafts(count, scene)
    spawn = multiprocessing.get_context("spawn")
    barrier, spans = spawn.Barrier(connections), spawn.Queue()
    shared = (context.environment, barrier, spans)
    workers = [
        spawn.Process(target=worker, args=(*shared, way, ids[n::connections], scene), daemon=True)
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
    environment: dict[str, str], barrier: Any, spans: Any, way: str, ids: list[int], scene: Scene
) -> None:
    os.environ.update(environment)
    import django

    django.setup()
    from tests.bench.raw_intake import hand_off_raw

    try:
        barrier.wait(START_SECONDS)
        start = time.time()
        for pk in ids:
            if way == "raw":
                hand_off_raw(pk, scene.model, scene.pool, scene.now)
            else:
                ours(pk, scene.now)
        spans.put((start, time.time()))
    except BaseException as error:  # noqa: BLE001  # a deadlock is what this would show
        barrier.abort()
        spans.put(repr(error))


def ours(pk: int, now: datetime) -> None:
    from handoff.models import Handoff
    from handoff.services import submit_handoff

    row = Handoff.objects.select_related("submitted_by").get(pk=pk)
    submit_handoff(row, by=row.submitted_by, now=now)


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
