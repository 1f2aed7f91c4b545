"""The second driver, without a broker, through the loss of its database."""

import os
import signal
import subprocess
import sys
from datetime import datetime

import psycopg
import pytest

from core.loops import registered_loops
from core.models import Heartbeat
from tests.support.processes import MANAGE, child_environment, running
from tests.support.servers import PostgreSQL, wait_for

PATIENCE_SECONDS = 120


@pytest.mark.django_db(transaction=True)
def test_run_clock_ticks_every_loop_and_stops_when_told():
    names = {loop.name for loop in registered_loops()}
    assert names
    with running("run_clock") as run:
        wait_for(
            lambda: set(Heartbeat.objects.values_list("loop", flat=True)) == names,
            PATIENCE_SECONDS,
            "not every loop ticked",
        )

        assert run.stop() == 0
        assert "clock stopped" in run.output


@pytest.mark.django_db(transaction=True)
@pytest.mark.fault(
    "F3",
    "two clocks",
    held="each tick once",
)
def test_two_run_clocks_share_the_loops():
    with running("run_clock") as one, running("run_clock") as other:
        wait_for(Heartbeat.objects.exists, PATIENCE_SECONDS, "nobody ticked")
        one.wait_for_output("clock runs")
        other.wait_for_output("clock runs")

        os.kill(one.process.pid, signal.SIGKILL)
        last = Heartbeat.objects.latest("at").at
        wait_for(
            lambda: Heartbeat.objects.latest("at").at > last,
            PATIENCE_SECONDS,
            "the other did not go on",
        )

        assert other.stop() == 0
        assert "loop failed" not in other.output


def last_tick(server: PostgreSQL) -> datetime | None:
    with psycopg.connect(server.url) as connection:
        return connection.execute("SELECT max(at) FROM core_heartbeat").fetchone()[0]


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
@pytest.mark.fault(
    "F10",
    "database stopped and started",
    held="the clock goes on",
)
def test_run_clock_outlives_a_database_that_is_away(own_postgresql):
    url = own_postgresql.url
    subprocess.run(
        [*MANAGE, "migrate", "--verbosity", "0"],
        env=child_environment(DATABASE_URL=url),
        check=True,
    )
    with running("run_clock", DATABASE_URL=url) as run:
        wait_for(lambda: last_tick(own_postgresql) is not None, PATIENCE_SECONDS, "nothing ticked")
        before = last_tick(own_postgresql)
        own_postgresql.stop()
        run.wait_for_output("loop failed")
        own_postgresql.start()

        wait_for(
            lambda: last_tick(own_postgresql) > before, PATIENCE_SECONDS, "no tick after the outage"
        )

        assert run.stop() == 0


@pytest.mark.fault(
    "F7",
    "worker that is given nothing",
    held="its watchdog ends it",
)
def test_watchdog_ends_a_process_that_is_given_nothing():
    hungry = subprocess.run(
        [
            *(sys.executable, "-c"),
            "from config import watchdog; import time; watchdog.start(0.2); time.sleep(600)",
        ],
        env=child_environment(),
        timeout=PATIENCE_SECONDS,
        check=False,
    )

    assert hungry.returncode == -signal.SIGTERM


@pytest.mark.sqlite  # No database is asked: once is enough.
def test_watchdog_leaves_a_fed_process_alone():
    program = """
import time
from config import watchdog
watchdog.start(6)
end = time.monotonic() + 8
while time.monotonic() < end:
    watchdog.feed()
    time.sleep(0.1)
"""
    fed = subprocess.run(
        [sys.executable, "-c", program],
        env=child_environment(),
        timeout=PATIENCE_SECONDS,
        check=False,
    )

    assert fed.returncode == 0
