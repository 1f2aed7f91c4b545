import contextlib
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.db import DatabaseError, connection

from core import loops
from core.findings import CLOCK_JUMPED, findings
from core.loops import ClockWatch, Loop, Outcome, database_now, exclusively, tick
from core.models import Finding, Heartbeat
from tests.support.processes import child_environment
from tests.support.servers import wait_for

HOLDER = """
import sys, time, django
django.setup()
from core.loops import exclusively
with exclusively("app.work") as mine:
    print("held" if mine else "busy", flush=True)
    time.sleep(600)
"""


def make_loop(run: Callable[[datetime], int], name: str = "app.work") -> Loop:
    return Loop(name, timedelta(seconds=1), run)


def in_batches(*sizes: int) -> tuple[Loop, list[datetime]]:
    seen: list[datetime] = []
    left = list(sizes)

    def run(now: datetime) -> int:
        seen.append(now)
        return left.pop(0) if left else 0

    return make_loop(run), seen


@pytest.mark.django_db
def test_database_now_is_an_instant_near_ours():
    before = datetime.now(UTC)
    now = database_now()

    assert now.tzinfo is UTC
    # The server's clock may be a little off.
    assert before - timedelta(seconds=5) < now < datetime.now(UTC) + timedelta(seconds=5)


@pytest.mark.django_db(transaction=True)
def test_tick_works_until_a_batch_is_empty_and_reads_the_time_for_each():
    loop, seen = in_batches(100, 100, 7)

    assert tick(loop) == loops.Tick(Outcome.DONE, 207)

    assert len(seen) == 4
    assert seen == sorted(seen)
    assert Heartbeat.objects.get().loop == "app.work"


@pytest.mark.django_db(transaction=True)
def test_tick_with_endless_work_stops_when_its_time_is_over(settings):
    batches = []

    def run(now: datetime) -> int:
        batches.append(now)
        settings.LOOP_BUDGET_SECONDS = 0 if len(batches) == 3 else 3_600
        return 1

    assert tick(make_loop(run)) == loops.Tick(Outcome.DONE, 3)


@pytest.mark.django_db(transaction=True)
def test_tick_after_its_time_leaves_the_rest_to_the_next(settings):
    """The time of a tick bounds how long one loop keeps its lock and its worker."""
    settings.LOOP_BUDGET_SECONDS = 0
    loop, seen = in_batches(100, 100, 7)

    assert [tick(loop).handled for _ in range(4)] == [100, 100, 7, 0]
    assert len(seen) == 4


@pytest.fixture
def watch(monkeypatch):
    fresh = ClockWatch()
    monkeypatch.setattr(loops, "_watch", fresh)
    return fresh


@pytest.mark.django_db(transaction=True)
def test_tick_after_the_clock_jumped_says_so_and_works_on(watch, caplog):
    watch.jump(database_now() - timedelta(hours=2), time.monotonic())

    assert tick(in_batches(3)[0]).handled == 3

    found = findings()[CLOCK_JUMPED]
    assert found.data["seconds"] == pytest.approx(7_200, abs=60)
    assert found.data["worker"] == loops.this_worker()
    assert "clock jumped" in caplog.text


@pytest.mark.django_db(transaction=True)
def test_tick_keeps_the_last_jump_only(watch):
    for hours in (1, -3):
        watch.jump(database_now() - timedelta(hours=hours), time.monotonic())
        tick(in_batches()[0])

    assert round(Finding.objects.get().data["seconds"] / 3600) == -3


@pytest.mark.django_db(transaction=True)
def test_tick_without_a_jump_finds_nothing(watch):
    tick(in_batches(3)[0])
    tick(in_batches(3)[0])

    assert not Finding.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_tick_with_nothing_to_do_writes_its_heartbeat_rarely(settings):
    settings.HEARTBEAT_IDLE_SECONDS = 3_600
    loop, _ = in_batches()
    tick(loop)
    first = Heartbeat.objects.get().at

    tick(loop)
    assert Heartbeat.objects.get().at == first

    settings.HEARTBEAT_IDLE_SECONDS = 0
    tick(loop)
    assert Heartbeat.objects.get().at > first


@pytest.mark.django_db(transaction=True)
def test_tick_that_handled_something_writes_its_heartbeat_at_once():
    tick(in_batches()[0])
    first = Heartbeat.objects.get().at

    tick(in_batches(3)[0])

    assert Heartbeat.objects.get().at > first


@pytest.mark.django_db(transaction=True)
def test_tick_after_the_clock_was_set_back_writes_its_heartbeat():
    future = database_now() + timedelta(hours=1)
    Heartbeat.objects.create(loop="app.work", at=future, worker="before")

    tick(in_batches()[0])

    assert Heartbeat.objects.get().at < future


@pytest.mark.django_db(transaction=True)
def test_tick_that_fails_keeps_the_error_and_lets_the_time_stand(caplog):
    tick(in_batches(1)[0])
    before = Heartbeat.objects.get().at

    def fail(now: datetime) -> int:
        raise KeyError("no such step")

    assert tick(make_loop(fail)).outcome is Outcome.FAILED

    beat = Heartbeat.objects.get()
    assert beat.at == before
    assert beat.last_error == "KeyError: 'no such step'"
    assert beat.last_error_at >= before
    assert "loop failed" in caplog.text


@pytest.mark.django_db(transaction=True)
def test_tick_that_never_worked_and_fails_has_no_time():
    def fail(now: datetime) -> int:
        raise ValueError

    tick(make_loop(fail))

    assert Heartbeat.objects.get().at is None


@pytest.mark.django_db(transaction=True)
def test_tick_whose_database_is_lost_does_not_raise(monkeypatch, caplog):
    def lost(using: str = "default") -> datetime:
        raise DatabaseError("gone")

    monkeypatch.setattr(loops, "database_now", lost)

    assert tick(in_batches(1)[0]).outcome is Outcome.FAILED
    assert "heartbeat not written" in caplog.text


@pytest.mark.django_db(transaction=True)
def test_tick_frees_its_lock_after_a_failure():
    def fail(now: datetime) -> int:
        raise ValueError

    tick(make_loop(fail))

    assert tick(in_batches(2)[0]).handled == 2


@contextlib.contextmanager
def another_process_holding_the_lock():
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER], env=child_environment(), stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "held"
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.mark.races
@pytest.mark.django_db(transaction=True)
def test_tick_while_another_process_is_at_it_returns_at_once():
    with another_process_holding_the_lock():
        assert tick(in_batches(1)[0]).outcome is Outcome.BUSY
        assert tick(make_loop(lambda now: 0, "app.other")).outcome is Outcome.DONE


@pytest.mark.races
@pytest.mark.django_db(transaction=True)
def test_lock_of_a_killed_process_is_free_again():
    with another_process_holding_the_lock() as process:
        process.kill()
        process.wait()

        def is_free() -> bool:
            with exclusively("app.work") as mine:
                return mine

        wait_for(is_free, 60, "the lock of a killed process was not freed")


@pytest.mark.sqlite
@pytest.mark.django_db(transaction=True)
def test_lock_on_sqlite_lies_beside_the_database():
    with exclusively("app.work"):
        pass

    assert list((Path(connection.settings_dict["NAME"]).parent / "locks").iterdir())
