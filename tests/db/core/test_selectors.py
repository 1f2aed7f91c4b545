from datetime import UTC, datetime, timedelta

import pytest

from core.loops import Loop
from core.models import Heartbeat
from core.selectors import loop_states

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
