from datetime import UTC, datetime, timedelta

import pytest

from sla.rules import transitions
from sla.rules.retries import wait_after

DUE = datetime(2026, 11, 20, 9, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def test_stop_exactly_at_due_is_in_time():
    assert not transitions.is_late(DUE, DUE)


def test_stop_one_microsecond_after_due_is_late():
    assert transitions.is_late(DUE, DUE + MICROSECOND)


def test_met_clock_goes_nowhere():
    assert not any(transitions.may_pass("met", state) for state in transitions.TRANSITIONS)


def test_cancelled_clock_may_only_run_on():
    states = transitions.TRANSITIONS
    assert [state for state in states if transitions.may_pass("cancelled", state)] == ["running"]


@pytest.mark.parametrize("live", ["running", "paused"])
@pytest.mark.parametrize("finished", ["met", "cancelled"])
def test_live_clock_may_finish(live, finished):
    assert transitions.may_pass(live, finished)


def test_accept_is_never_paused():
    assert not transitions.may_pause("accept")
    assert transitions.may_pause("contact")


def test_wait_grows_and_ends_after_five_attempts():
    waits = [wait_after(attempts) for attempts in range(1, 6)]
    assert waits == [*(timedelta(seconds=5 * 4**n) for n in range(4)), None]
