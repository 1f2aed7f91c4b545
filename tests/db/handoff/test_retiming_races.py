"""Re-timing beside people and the sweep, as real processes. Runs on PostgreSQL and on SQLite."""

import signal
import subprocess
import sys
from collections import Counter
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command

from core.loops import database_now
from handoff.models import Event, HandoffClock
from handoff.selectors.verify import findings
from handoff.services import apply_escalations
from sla.models import Clock, Escalation
from sla.services import fire_due_steps
from tests.db.handoff import retiming_racers
from tests.factories.handoff import NOW, make_world, only_accept
from tests.support.processes import child_environment
from tests.support.race import race

pytestmark = [
    pytest.mark.races,
    pytest.mark.timeout(300),
    pytest.mark.django_db(transaction=True),
]
ROUNDS = 60
# It dies by its own hand, in the middle of a change: how fast it is does not matter.
DIES_AT = f"after:{ROUNDS // 2}:INSERT INTO handoff_event"
KILLED_COMMAND = """
import sys
from tests.support import dying
from django.core.management import call_command
from handoff.management.commands import retime_clocks
retime_clocks.BATCH = 1
call_command("retime_clocks", "--all", "--apply", "--by", sys.argv[1], "--limit", "0")
"""


def test_retime_against_accept_and_sweep_loses_and_doubles_nothing():
    world = make_world(receivers=1)
    only_accept(minutes=240)
    ids, times = [], []
    for n in range(ROUNDS):
        handoff = world.submitted(now=NOW + timedelta(minutes=10 * n))
        ids.append(handoff.pk)
        # A moment before or after what is due next: by the new policy 2 h, by the old one 4.
        hours = timedelta(hours=(2, 4)[n % 2])
        times.append(handoff.submitted_at + hours + timedelta(seconds=(-1, 1)[n // 2 % 2]))
    only_accept(minutes=120)

    accepted, retimed, _ = race(
        retiming_racers.take_part,
        [
            ("accept", world.ae.pk, ids, times),
            ("retime", world.admin.pk, ids, times),
            ("sweep", world.ae.pk, ids, times),
        ],
    )

    assert accepted == ROUNDS
    # Some of either came first, or there was no race.
    assert 0 < retimed < ROUNDS
    current = HandoffClock.objects.filter(is_current=True, kind="accept")
    assert current.count() == ROUNDS
    assert set(current.values_list("clock__state", flat=True)) == {"met"}
    assert Clock.objects.filter(replaces__isnull=False).count() == retimed
    for clock in Clock.objects.filter(handoff_clock__is_current=True):
        assert (clock.breached_at is not None) == (clock.met_at > clock.due_at)
    # The fact stays on the clock that was re-timed, and is written once for each handoff.
    breaches = Escalation.objects.filter(step__action="breach")
    missed = current.filter(clock__breached_at__isnull=False)
    assert Counter(breaches.values_list("clock__handoff_clock__handoff", flat=True)) == Counter(
        missed.values_list("handoff", flat=True)
    )
    late = max(times) + timedelta(hours=1)
    while fire_due_steps(late) or apply_escalations(late):
        pass
    assert [f"{one.check}: {one.text}" for one in findings(late)] == []


def test_retime_killed_half_way_is_finished_by_the_next_run():
    world = make_world()
    only_accept(minutes=6_000)
    now = database_now()
    for _ in range(ROUNDS):
        world.submitted(now=now)
    only_accept(minutes=3_000)
    retimed = Event.objects.filter(kind="retimed")
    command = subprocess.Popen(
        [sys.executable, "-c", KILLED_COMMAND, world.admin.email],
        env=child_environment(DIES_AT=DIES_AT),
        stdout=subprocess.DEVNULL,
        process_group=0,
    )
    assert command.wait() == -signal.SIGKILL
    assert 0 < retimed.count() < ROUNDS
    assert [f"{one.check}: {one.text}" for one in findings(now)] == []

    call_command("retime_clocks", "--all", "--apply", "--by", world.admin.email, stdout=StringIO())
    assert Counter(retimed.values_list("handoff", flat=True)).most_common(1)[0][1] == 1
    assert retimed.count() == ROUNDS
    live = Clock.objects.live()
    assert set(live.values_list("target__amount", flat=True)) == {3_000}
    assert live.count() == ROUNDS
    assert [f"{one.check}: {one.text}" for one in findings(now)] == []
