"""Real processes want the same clocks at once. Runs on PostgreSQL and on SQLite."""

import signal
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.db.models import F

from sla.models import Clock, Escalation
from sla.services import fire_due_steps
from tests.db.sla import racers
from tests.factories.sla import HOUR, MICROSECOND, START, make_clock, make_clocks
from tests.support.processes import child_environment
from tests.support.race import race

pytestmark = [
    pytest.mark.races,
    pytest.mark.timeout(300),
    pytest.mark.django_db(transaction=True),
]

DUE = START + 4 * HOUR
LATER = DUE + HOUR
# It dies by its own hand, in the middle of a batch: how fast it is does not matter.
DIES_AT = "after:6:INTO sla_escalation"
KILLED_SWEEPER = """
import sys
from datetime import datetime
from tests.support import dying
from sla.services import sweep
sweep.POSTGRESQL_BATCH = sweep.SQLITE_BATCH = 20
while sweep.fire_due_steps(datetime.fromisoformat(sys.argv[1])):
    pass
"""


def breaches():
    return Escalation.objects.filter(step__action="breach")


def assert_each_fired_once(count):
    assert Clock.objects.filter(breached_at=F("due_at"), fired=3).count() == count
    assert breaches().values("clock").distinct().count() == breaches().count() == count
    assert Escalation.objects.count() == 3 * count


def test_sweep_by_eight_processes_records_each_breach_exactly_once():
    make_clocks(2_000)
    fired = race(racers.sweep_all, [(LATER,)] * 8)
    assert sum(fired) == 2_000
    assert_each_fired_once(2_000)


def test_meet_against_the_sweep_is_a_breach_or_none_by_due_alone():
    clocks = make_clocks(300, apart=timedelta(seconds=10), ladder=((0, "alert_manager"),))
    offsets = [-MICROSECOND, timedelta(0), MICROSECOND]
    rounds = [(clock.pk, clock.due_at + offsets[n % 3]) for n, clock in enumerate(clocks)]

    met, _ = race(racers.meet_or_sweep, [("meet", rounds), ("sweep", rounds)])

    assert met == [True] * 300
    late = {pk for n, (pk, _) in enumerate(rounds) if n % 3 == 2}
    found = Clock.objects.filter(breached_at__isnull=False)
    assert set(found.values_list("pk", flat=True)) == late
    assert Counter(breaches().values_list("clock_id", flat=True)) == Counter(late)
    assert not found.exclude(breached_at=F("due_at")).exists()
    assert not Clock.objects.exclude(state="met", met_at__isnull=False).exists()


def test_met_clock_is_breached_only_by_a_sweep_that_came_before():
    half = [clock.pk for clock in make_clocks(400)[::2]]
    # Each is met at due while three sweep an hour later: whoever is first decides.
    timely, late = [(pk, DUE) for pk in half], [(pk, LATER) for pk in half]
    met, *_ = race(racers.meet_or_sweep, [("meet", timely), *[("sweep", late)] * 3])

    assert met == [True] * 200
    breached = Clock.objects.filter(breached_at=F("due_at")).values_list("pk", flat=True)
    assert Counter(breaches().values_list("clock_id", flat=True)) == Counter(breached)
    assert Clock.objects.filter(breached_at__isnull=False).count() == len(breached)


def is_free(pk):
    """Whether somebody else could have the clock's row now; asked on a connection of its own."""
    try:
        with transaction.atomic():
            return bool(Clock.objects.select_for_update(skip_locked=True).filter(pk=pk))
    finally:
        connection.close()


@pytest.mark.postgresql
def test_sweep_reads_acknowledgements_once_nobody_can_acknowledge_any_more():
    clock = make_clock()
    free = []

    def look(execute, sql, params, many, context):
        if "sla_acknowledgement" in sql:
            with ThreadPoolExecutor(1) as pool:
                free.append(pool.submit(is_free, clock.pk).result())
        return execute(sql, params, many, context)

    with connection.execute_wrapper(look):
        assert fire_due_steps(LATER) == 1
    assert free == [False]


def test_claim_by_four_processes_gives_each_escalation_to_one():
    make_clocks(200)
    while fire_due_steps(LATER):
        pass
    claimed = race(racers.claim_all, [(LATER,)] * 4)
    everything = [pk for own in claimed for pk in own]
    assert len(everything) == len(set(everything)) == 600
    assert set(Escalation.objects.values_list("attempts", flat=True)) == {1}


def test_sweeper_killed_between_batches_loses_nothing():
    make_clocks(1_000)
    sweeper = subprocess.Popen(
        [sys.executable, "-c", KILLED_SWEEPER, LATER.isoformat()],
        env=child_environment(DIES_AT=DIES_AT),
        stdout=subprocess.DEVNULL,
        process_group=0,
    )
    assert sweeper.wait() == -signal.SIGKILL
    begun = Clock.objects.filter(fired=3).count()
    assert breaches().count() == begun
    assert begun == 100

    while fire_due_steps(LATER):
        pass
    assert_each_fired_once(1_000)
