import pytest
from hypothesis import given
from hypothesis import strategies as st

from notify.choices import MessageState
from notify.rules.delivery import (
    JITTER_SHARE,
    MAX_CRASHES,
    TRANSITIONS,
    Outcome,
    judge,
    sources_of,
    wait_after,
)

SCHEDULE = (5, 300, 86_400)
jitters = st.floats(0, 1, exclude_max=True)


def verdict(outcome, attempts=1, crashes=0):
    return judge(outcome, attempts=attempts, crashes=crashes, schedule=SCHEDULE, jitter=0)


def test_wait_after_each_attempt_without_jitter_follows_the_schedule():
    assert [wait_after(n, schedule=SCHEDULE, jitter=0) for n in (1, 2, 3)] == [5, 300, 86_400]


def test_wait_after_the_last_attempt_is_none():
    assert wait_after(4, schedule=SCHEDULE, jitter=0) is None


def test_wait_after_no_attempt_is_refused():
    with pytest.raises(ValueError, match="starts at 1"):
        wait_after(0, schedule=SCHEDULE, jitter=0)


@given(attempts=st.integers(1, 3), jitter=jitters)
def test_wait_after_with_jitter_is_never_earlier_and_a_fifth_later_at_most(attempts, jitter):
    plain = SCHEDULE[attempts - 1]
    assert plain <= wait_after(attempts, schedule=SCHEDULE, jitter=jitter)
    assert wait_after(attempts, schedule=SCHEDULE, jitter=jitter) <= plain * (1 + JITTER_SHARE)


def test_judge_delivered_is_sent():
    assert verdict(Outcome.DELIVERED, attempts=99, crashes=99).state == "sent"


def test_judge_obsolete_is_dropped():
    assert verdict(Outcome.OBSOLETE).state == "dropped"


def test_judge_refused_is_dead_at_once():
    assert verdict(Outcome.REFUSED).state == "dead"


def test_judge_failed_waits_then_is_dead_after_the_schedule():
    assert [verdict(Outcome.FAILED, n).state for n in (1, 2, 3, 4)] == [*["pending"] * 3, "dead"]
    assert verdict(Outcome.FAILED, 2).wait_seconds == 300


def test_judge_failed_after_many_crashes_still_waits():
    assert verdict(Outcome.FAILED, 2, crashes=MAX_CRASHES).state == "pending"


def test_judge_crashed_waits_until_the_fifth_crash():
    assert verdict(Outcome.CRASHED, 2, crashes=MAX_CRASHES - 1).state == "pending"
    assert verdict(Outcome.CRASHED, 2, crashes=MAX_CRASHES).state == "dead"


def test_transitions_name_every_state_of_the_column():
    assert set(TRANSITIONS) == set(MessageState.values)
    assert set().union(*TRANSITIONS.values()) <= set(MessageState.values)


def test_sources_of_sending_leave_out_what_is_finished():
    assert set(sources_of("sending")) == {"pending", "sending"}


@pytest.mark.parametrize("outcome", Outcome)
@given(attempts=st.integers(1, 9), crashes=st.integers(0, 9), jitter=jitters)
def test_judge_any_outcome_gives_a_state_that_sending_may_become(
    outcome, attempts, crashes, jitter
):
    found = judge(outcome, attempts=attempts, crashes=crashes, schedule=SCHEDULE, jitter=jitter)
    assert found.state in TRANSITIONS["sending"]
    assert (found.wait_seconds is None) == (found.state != "pending")
