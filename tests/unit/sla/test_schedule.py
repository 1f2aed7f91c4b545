"""The instants of a ladder's steps, and which have passed."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sla.rules import schedule
from sla.rules.pace import Hold
from sla.rules.schedule import Plan, Rung
from tests.unit.sla.support import at, days, elapsed, ladder, working

MICROSECOND = timedelta(microseconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


def fires(plan):
    return [(rung.action, rung.at) for rung in plan.rungs]


def test_plan_reminds_at_a_quarter_before_due_then_breach_then_alert():
    plan = schedule.plan(ladder(), working(), at("Mon 10:00"))
    assert plan.due_at == at("Mon 14:00")
    assert fires(plan) == [
        ("remind", at("Mon 13:00")),
        ("breach", at("Mon 14:00")),
        ("alert_manager", at("Mon 14:00")),
    ]


def test_plan_percentages_are_taken_of_working_time():
    plan = schedule.plan(ladder(), working(), at("Fri 16:30"))
    assert plan.due_at == at("+Mon 12:30")
    assert plan.rungs[0].at == at("+Mon 11:30")


def test_plan_in_days_takes_percentages_of_working_time_from_start_to_due():
    plan = schedule.plan(ladder(1, "working_days"), days(), at("Mon 13:00"))
    assert plan.due_at == at("Tue 13:00")
    assert plan.rungs[0].at == at("Tue 11:00")


def test_plan_around_the_clock_reminds_by_elapsed_time():
    plan = schedule.plan(ladder(20, "elapsed_minutes"), elapsed(), at("Sat 03:00"))
    assert fires(plan)[0] == ("remind", at("Sat 03:15"))


def test_plan_later_step_counts_on_after_due():
    steps = (*ladder().steps, (4, 100, "alert_manager"))
    plan = schedule.plan(ladder(steps=steps), working(), at("Mon 10:00"))
    assert fires(plan)[-1] == ("alert_manager", at("Tue 10:00"))


def test_plan_counts_minutes_of_a_step_in_the_pace_of_its_clock():
    steps = ((1, 0, "breach"), (2, HOUR * -2, "remind"), (3, HOUR * 2, "alert_manager"))
    in_hours = schedule.plan(ladder(steps=steps), working(), at("Fri 16:00"))
    assert fires(in_hours) == [
        ("remind", at("+Mon 10:00")),
        ("breach", at("+Mon 12:00")),
        ("alert_manager", at("+Mon 14:00")),
    ]
    around = schedule.plan(ladder(240, "elapsed_minutes", steps), elapsed(), at("Fri 16:00"))
    assert [when for _, when in fires(around)] == [
        at("Fri 18:00"),
        at("Fri 20:00"),
        at("Fri 22:00"),
    ]
    in_days = schedule.plan(ladder(1, "working_days", steps), days(), at("Fri 10:00"))
    assert [when for _, when in fires(in_days)] == [
        at("Fri 16:00"),
        at("+Mon 10:00"),
        at("+Mon 12:00"),
    ]


@given(
    st.integers(-239, 1_000),
    st.integers(0, 5 * 24 * 60),
)
def test_plan_percent_and_minutes_of_one_length_come_at_one_instant(percent, minutes_on):
    share = percent * MINUTE
    steps = ((1, 0, "breach"), (2, percent, "alert_manager"), (3, share, "notify_channel"))
    start = at("Mon 09:00") + minutes_on * MINUTE
    # Of a hundred minutes one percent is one minute.
    made = schedule.plan(ladder(100, steps=steps), working(), start)
    instants = {rung.action: rung.at for rung in made.rungs}
    assert instants.get("alert_manager") == instants.get("notify_channel")
    assert percent <= -100 or "alert_manager" in instants


def test_plan_leaves_out_a_step_that_would_come_before_the_start():
    # Begun on Sunday: its day ends on Monday at the close, and the day is eight hours long.
    steps = ((1, 0, "breach"), (2, HOUR * -10, "remind"), (3, HOUR * -9, "alert_manager"))
    plan = schedule.plan(ladder(1, "working_days", steps), days(), at("Mon 09:00"))
    assert [rung.action for rung in plan.rungs] == ["breach"]


def test_moved_plan_takes_a_step_in_minutes_along():
    steps = ((1, 0, "breach"), (2, HOUR * -1, "remind"), (3, HOUR, "alert_manager"))
    before = schedule.plan(ladder(steps=steps), working(), at("Mon 10:00"))
    pace = working(("Mon 11:00", "Mon 12:00"))
    after = schedule.moved(
        before, ladder(steps=steps), pace, at("Mon 10:00"), fired=0, is_breached=False
    )
    assert fires(after) == [(action, when + HOUR) for action, when in fires(before)]


def test_plan_breach_fires_before_another_step_at_its_instant_whatever_the_ids():
    steps = ((9, 0, "breach"), (1, 0, "alert_manager"))
    plan = schedule.plan(ladder(steps=steps), working(), at("Mon 10:00"))
    assert [rung.action for rung in plan.rungs] == ["breach", "alert_manager"]


def test_plan_leaves_out_a_reminder_that_would_fall_on_due():
    # Agreed for the opening after a weekend in which it began: no time at all.
    due_at = at("+Mon 09:00")
    plan = schedule.plan(ladder(1, "working_days"), days(), at("Sat 07:00"), due_at=due_at)
    assert [rung.action for rung in plan.rungs] == ["breach", "alert_manager"]


def test_plan_next_at_after_the_last_step_is_none():
    plan = schedule.plan(ladder(), working(), at("Mon 10:00"))
    assert plan.next_at(0) == at("Mon 13:00")
    assert plan.next_at(3) is None


def test_moved_by_a_pause_moves_due_and_the_steps_to_come():
    before = schedule.plan(ladder(), working(), at("Mon 10:00"))
    pace = working(("Mon 11:00", "Mon 12:00"))
    after = schedule.moved(before, ladder(), pace, at("Mon 10:00"), fired=0, is_breached=False)
    assert after.due_at == at("Mon 15:00")
    assert after.rungs[0].at == at("Mon 14:00")


def test_moved_keeps_fired_steps_where_they_were():
    before = schedule.plan(ladder(), working(), at("Mon 10:00"))
    pace = working(("Mon 13:30", "Mon 15:30"))
    after = schedule.moved(before, ladder(), pace, at("Mon 10:00"), fired=1, is_breached=False)
    assert fires(after) == [
        ("remind", at("Mon 13:00")),
        ("breach", at("Mon 16:00")),
        ("alert_manager", at("Mon 16:00")),
    ]


def test_moved_after_a_breach_keeps_due_and_moves_what_follows():
    steps = (*ladder().steps, (4, 100, "alert_manager"))
    before = schedule.plan(ladder(steps=steps), working(), at("Mon 10:00"))
    pace = working(("Mon 13:00", "Mon 15:00"))
    after = schedule.moved(
        before, ladder(steps=steps), pace, at("Mon 10:00"), fired=3, is_breached=True
    )
    assert after.due_at == at("Mon 14:00")
    assert fires(after)[-1] == ("alert_manager", at("Tue 11:00"))


@pytest.mark.parametrize(
    ("now", "actions"),
    [
        (at("Mon 13:00"), []),
        (at("Mon 13:00") + MICROSECOND, ["remind"]),
        (at("Mon 14:00"), ["remind"]),
        (at("Mon 14:00") + MICROSECOND, ["remind", "breach", "alert_manager"]),
    ],
)
def test_passed_at_its_very_instant_a_step_is_not_due(now, actions):
    rungs = schedule.plan(ladder(), working(), at("Mon 10:00")).rungs
    assert [rung.action for rung in schedule.passed(rungs, 0, now)] == actions


def test_passed_leaves_out_what_has_fired():
    rungs = schedule.plan(ladder(), working(), at("Mon 10:00")).rungs
    assert [rung.action for rung in schedule.passed(rungs, 2, at("Tue 09:00"))] == ["alert_manager"]


def test_encode_is_read_back_to_the_microsecond_in_utc():
    rung = Rung(7, at("Mon 13:00") + MICROSECOND, "remind")
    stored = schedule.encode([rung])
    assert stored == [[7, "2026-11-16T12:00:00.000001+00:00", "remind"]]
    assert schedule.decode(stored) == (rung,)


def test_soon_begins_at_the_first_reminder():
    plan = schedule.plan(ladder(), working(), at("Mon 10:00"))
    assert soon(plan) == at("Mon 13:00")


def test_soon_without_a_reminder_begins_after_three_quarters():
    plan = schedule.plan(ladder(steps=((1, 0, "breach"),)), working(), at("Mon 10:00"))
    assert soon(plan) == at("Mon 13:00")


def soon(plan: Plan):
    return schedule.soon_at(plan.rungs, working(), plan.due_at, timedelta(hours=4))


def test_put_off_leaves_what_was_left_when_the_pause_began():
    before = schedule.plan(ladder(), working(), at("Mon 10:00"), due_at=at("Mon 14:00"))
    pause = Hold(at("Mon 12:00"), at("Tue 12:00"))
    steps, pace = ladder(), working().held([pause], since=at("Mon 10:00"))
    after = schedule.put_off(before, steps, pace, at("Mon 10:00"), fired=0, ended=[pause])
    assert after.due_at == at("Tue 14:00")
    assert [action for action, _ in fires(after)] == ["remind", "breach", "alert_manager"]
    assert at("Tue 12:00") < after.rungs[0].at < at("Tue 14:00")


def test_put_off_keeps_what_has_fired_and_what_was_missed_before_the_pause():
    before = schedule.plan(ladder(), working(), at("Mon 10:00"), due_at=at("Mon 14:00"))
    late = Hold(at("Mon 14:00"), at("Tue 12:00"))
    args = (before, ladder(), working(), at("Mon 10:00"))
    assert schedule.put_off(*args, fired=1, ended=[late]) == before
    assert schedule.put_off(*args, fired=1, ended=[]) == before
    pause = Hold(at("Mon 13:30"), at("Mon 14:30"))
    after = schedule.put_off(*args, fired=1, ended=[pause])
    assert after.rungs[0] == before.rungs[0]
    assert fires(after)[1:] == [("breach", at("Mon 15:00")), ("alert_manager", at("Mon 15:00"))]
