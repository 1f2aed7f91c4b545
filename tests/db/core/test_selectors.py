from datetime import UTC, datetime, timedelta

import pytest

from core import loops
from core.loops import Loop
from core.models import Heartbeat
from core.selectors import late_loops, loop_states

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
FAST = Loop("app.fast", timedelta(seconds=1), lambda now: 0)
SLOW = Loop("app.slow", timedelta(hours=1), lambda now: 0)

pytestmark = pytest.mark.django_db


def state(loop: Loop):
    (found,) = loop_states(NOW, [loop])
    return found


def test_loop_states_of_a_loop_that_never_ran_is_stale():
    assert state(FAST).age_seconds is None
    assert state(FAST).is_stale


@pytest.mark.parametrize(
    ("loop", "age", "stale"),
    [(FAST, 60, False), (FAST, 61, True), (SLOW, 3 * 3600, False), (SLOW, 3 * 3600 + 1, True)],
)
def test_loop_states_depend_on_age_and_period(loop, age, stale):
    Heartbeat.objects.create(loop=loop.name, at=NOW - timedelta(seconds=age), worker="w")

    assert state(loop).age_seconds == age
    assert state(loop).is_stale is stale


def test_loop_states_keep_the_last_error():
    Heartbeat.objects.create(loop=FAST.name, worker="w", last_error="boom", last_error_at=NOW)

    assert (state(FAST).last_error, state(FAST).last_error_at) == ("boom", NOW)


def test_loop_states_are_sorted_and_cost_one_query(django_assert_num_queries):
    with django_assert_num_queries(1):
        assert [found.name for found in loop_states(NOW, [SLOW, FAST])] == ["app.fast", "app.slow"]


@pytest.fixture
def two_loops(monkeypatch, settings):
    monkeypatch.setattr(loops, "_loops", {loop.name: loop for loop in (FAST, SLOW)})
    settings.LOOP_GRACE_SECONDS = 90


def beat(loop: Loop, age: float) -> None:
    Heartbeat.objects.create(loop=loop.name, at=NOW - timedelta(seconds=age), worker="w")


@pytest.mark.parametrize(("up_for", "late"), [(0, []), (90, []), (91, ["app.fast", "app.slow"])])
def test_late_loops_of_a_new_installation_are_late_after_a_while(two_loops, up_for, late):
    assert late_loops(NOW, up_for=up_for) == late


def test_late_loops_counts_who_stood_still_however_young_the_process(two_loops):
    beat(FAST, 61)
    beat(SLOW, 61)
    assert late_loops(NOW, up_for=0) == ["app.fast"]


def test_late_loops_counts_a_loop_that_only_ever_failed_as_one_that_never_ran(two_loops):
    beat(SLOW, 1)
    Heartbeat.objects.create(loop=FAST.name, worker="w", last_error="boom", last_error_at=NOW)
    assert late_loops(NOW, up_for=60) == []
    assert late_loops(NOW, up_for=120) == ["app.fast"]


def test_late_loops_of_ticking_ones_are_none_and_cost_one_query(
    two_loops, django_assert_num_queries
):
    beat(FAST, 60)
    beat(SLOW, 3_600)
    with django_assert_num_queries(1):
        assert late_loops(NOW, up_for=1e6) == []
