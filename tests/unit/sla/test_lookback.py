from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from sla.rules.lookback import Candidate, Ran, judge, tally, target_for
from sla.rules.pace import Hold
from sla.rules.targets import TargetSpec
from tests.unit.sla.support import OFFICE

# Monday 10:00 in Berlin, an hour into the office hours.
START = datetime(2026, 11, 16, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
NOW = START + 48 * HOUR
MICROSECOND = timedelta(microseconds=1)

MET = Ran(
    kind="accept",
    started_at=START,
    amount=240,
    unit="working_minutes",
    calendar=OFFICE,
    other_calendar=OFFICE,
    due_at=START + 4 * HOUR,
    met_at=START + 2 * HOUR,
    is_cancelled=False,
    is_missed=False,
    is_due_fixed=False,
    holds=(),
)


def accept(minutes, unit="working_minutes"):
    return TargetSpec("accept", minutes, unit)


@pytest.mark.parametrize(
    ("met_at", "would_miss"),
    [(START + HOUR, False), (START + HOUR + MICROSECOND, True), (START + 59 * HOUR / 60, False)],
)
def test_judge_met_exactly_at_the_other_due_is_in_time(met_at, would_miss):
    assert judge(replace(MET, met_at=met_at), accept(60), now=NOW).would_miss is would_miss


def test_judge_says_how_much_of_either_target_was_used():
    judged = judge(MET, accept(60), now=NOW)
    assert (judged.was_used, judged.would_use) == (50, 200)


def test_judge_clock_that_still_runs_is_missed_once_the_other_due_is_past():
    running = replace(MET, met_at=None)
    assert not judge(running, accept(60), now=START + HOUR).would_miss
    judged = judge(running, accept(60), now=START + HOUR + MICROSECOND)
    assert judged.would_miss
    assert judged.would_use is None


def test_judge_leaves_pauses_out_of_the_other_target():
    held = replace(MET, holds=(Hold(START, START + HOUR),))
    assert not judge(held, accept(60), now=NOW).would_miss
    assert judge(held, accept(59), now=NOW).would_miss


def test_judge_agreed_due_time_stays_whatever_the_target():
    agreed = replace(MET, is_due_fixed=True)
    judged = judge(agreed, accept(1), now=NOW)
    assert (judged.would_miss, judged.would_use) == (False, None)


def test_judge_cancelled_clock_is_only_counted():
    judged = judge(replace(MET, is_cancelled=True, is_missed=True), accept(1), now=NOW)
    assert (judged.is_cancelled, judged.was_missed, judged.would_miss) == (True, True, False)


def test_judge_the_same_target_changes_nothing():
    for hours in (2, 4, 5):
        ran = replace(MET, met_at=START + hours * HOUR, is_missed=hours > 4)
        judged = judge(ran, accept(240), now=NOW)
        assert judged.would_miss == judged.was_missed
        assert judged.would_use == judged.was_used


def test_judge_counts_each_unit_in_its_own_time():
    overnight = replace(MET, met_at=START + 24 * HOUR)
    assert not judge(overnight, accept(1, "working_days"), now=NOW).would_miss
    assert judge(overnight, accept(23 * 60, "elapsed_minutes"), now=NOW).would_miss


def test_tally_counts_by_kind_and_cancelled_apart():
    judged = [
        judge(MET, accept(60), now=NOW),
        judge(replace(MET, met_at=START + HOUR), accept(60), now=NOW),
        judge(replace(MET, is_cancelled=True, is_missed=True), accept(60), now=NOW),
    ]
    [accepts, contacts] = tally(["accept", "contact"], judged)
    assert (accepts.count, accepts.would_miss, accepts.was_missed) == (2, 1, 0)
    assert (accepts.cancelled, accepts.cancelled_late) == (1, 1)
    assert (accepts.was_used, accepts.would_use) == (38, 150)
    assert (accepts.would_percent, accepts.was_percent) == (50.0, 0.0)
    assert (contacts.count, contacts.would_use, contacts.would_percent) == (0, None, 0.0)


def test_target_for_is_that_of_the_first_policy_that_fits():
    hot = {"all": [{"field": "temperature", "op": "eq", "value": "hot"}]}
    draft = Candidate({}, [accept(60)])
    assert target_for([draft], {"temperature": "hot"}, "accept") == accept(60)
    assert target_for([draft], {"temperature": "hot"}, "contact") is None
    # Another policy comes first for hot leads: they are not the draft's.
    assert target_for([Candidate(hot), draft], {"temperature": "hot"}, "accept") is None
    assert target_for([Candidate(hot), draft], {"temperature": "cool"}, "accept") == accept(60)
    assert target_for([Candidate(hot)], {"temperature": "cool"}, "accept") is None
