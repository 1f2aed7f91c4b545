"""Rule 2: a clock keeps its versions; re-timing is the one way to others, from the same start."""

from datetime import timedelta

import pytest

from sla.models import Clock, Escalation
from sla.rules.targets import StepSpec, TargetSpec
from sla.selectors import match_target
from sla.services import (
    acknowledge_clock,
    cancel_clock,
    claim_escalations,
    finish_escalation,
    fire_due_steps,
    hold_escalations,
    meet_clock,
    pause_clock,
    resume_clock,
    retarget_clock,
    retime_clock,
    start_clock,
)
from tests.factories.sla import (
    HOUR,
    START,
    make_always_open,
    make_calendar_version,
    make_clock,
    make_target,
    publish_one,
)

pytestmark = pytest.mark.django_db

WHY = {"reason": "Buyer asked", "by_id": None}
MOVING = ((-25, "remind"), (0, "alert_manager"), (0, "reassign"))


@pytest.fixture
def clock(db):
    """Due at START + 4 h; reminded an hour before."""
    return make_clock(make_target(kind="contact"))


def retimed(clock, target=None, *, now, version=None):
    version = version or clock.calendar_version
    return retime_clock(
        clock=clock, target=target or clock.target, calendar_version=version, now=now
    )


def sweep(now):
    while fire_due_steps(now):
        pass


def handle(now):
    for escalation in claim_escalations(now=now, limit=100):
        finish_escalation(escalation=escalation, now=now)


def actions(clock):
    found = clock.escalations.order_by("pk").values_list("step__action", flat=True)
    return list(found)


def publish(minutes):
    ladder = (StepSpec(0, "alert_manager", ("manager",)),)
    return publish_one(TargetSpec("contact", minutes, "working_minutes", ladder))


def test_rule_2_an_edit_touches_new_clocks_only():
    publish(240)
    version = make_calendar_version()

    def started():
        target = match_target({}, "contact")
        return start_clock(target=target, started_at=START, calendar_version=version)

    before = started()
    publish(60)
    after = started()
    before.refresh_from_db()
    assert before.target.version.n == 1
    assert (before.due_at, after.due_at) == (START + 4 * HOUR, START + HOUR)


def test_rule_2_retimed_counts_from_the_original_start(clock):
    new = retimed(clock, make_target(kind="contact", amount=360), now=START + 3 * HOUR)
    clock.refresh_from_db()
    assert (clock.state, new.replaces_id, new.state) == ("cancelled", clock.pk, "running")
    assert (new.started_at, new.due_at) == (START, START + 6 * HOUR)
    assert (clock.breached_at, new.breached_at) == (None, None)


def test_rule_2_retimed_counts_in_the_other_calendar():
    target = make_target(kind="contact", amount=600)
    clock = make_clock(target)
    new = retimed(clock, version=make_always_open(), now=START + HOUR)
    assert new.due_at == START + 10 * HOUR < clock.due_at
    assert new.target_id == target.pk


def test_rule_2_retimed_by_the_same_versions_is_left_alone(clock):
    assert retimed(clock, now=START + HOUR) is None
    assert Clock.objects.count() == 1


def test_rule_2_retimed_carries_pauses_and_stays_paused(clock):
    pause_clock(clock=clock, starts_at=START, ends_at=START + HOUR, now=START, **WHY)
    pause_clock(clock=clock, starts_at=START + 2 * HOUR, now=START + 2 * HOUR, **WHY)
    now = START + 3 * HOUR
    new = retimed(clock, make_target(kind="contact", amount=120), now=now)
    # As with every paused clock, the pause that goes on counts once it has ended.
    assert (new.state, new.due_at) == ("paused", START + 3 * HOUR)
    assert not actions(new)
    resume_clock(clock=new, now=now)
    # An hour and an hour of pauses on top of the two of the target.
    assert (new.state, new.due_at) == ("running", START + 4 * HOUR)


def test_rule_2_pause_that_ended_the_moment_the_next_began_stays_ended(clock):
    now = START + 2 * HOUR
    pause_clock(clock=clock, starts_at=START + HOUR, ends_at=now, now=START, **WHY)
    pause_clock(clock=clock, starts_at=now, now=now, **WHY)
    new = retimed(clock, make_target(kind="contact", amount=120), now=now)
    ends = sorted((pause.starts_at, pause.ends_at is None) for pause in new.pauses.all())
    assert ends == [(START + HOUR, False), (now, True)]


def test_rule_2_retimed_past_its_new_due_is_one_breach_at_once(clock):
    now = START + 2 * HOUR
    new = retimed(clock, make_target(kind="contact", amount=60), now=now)
    clock.refresh_from_db()
    assert clock.breached_at is None
    assert (new.due_at, new.breached_at, new.detected_at) == (START + HOUR, START + HOUR, now)
    assert actions(new) == ["breach", "alert_manager"]
    sweep(now + HOUR)
    assert Escalation.objects.filter(step__action="breach").count() == 1


def test_rule_2_a_breach_stays_where_it_was(clock):
    late = clock.due_at + HOUR
    sweep(late)
    handle(late)
    new = retimed(clock, make_target(kind="contact", amount=6000), now=late)
    clock.refresh_from_db()
    assert (new.breached_at, new.due_at) == (clock.breached_at, clock.due_at)
    assert new.detected_at == clock.detected_at
    sweep(late + 1000 * HOUR)
    assert not actions(new)


def test_rule_2_a_breach_that_no_sweep_has_seen_is_one_all_the_same(clock):
    late = clock.due_at + HOUR
    new = retimed(clock, make_target(kind="contact", amount=6000), now=late)
    clock.refresh_from_db()
    assert new.breached_at == clock.breached_at == clock.due_at == new.due_at
    assert actions(clock) == ["remind", "breach", "alert_manager"]


def test_rule_2_what_follows_a_breach_is_timed_by_the_new_ladder():
    clock = make_clock(make_target(kind="contact"))
    late = clock.due_at + HOUR
    sweep(late)
    handle(late)
    ladder = ((0, "alert_manager"), (50, "return_to_submitter"))
    new = retimed(clock, make_target(kind="contact", amount=240, ladder=ladder), now=late)
    assert new.next_step_at == clock.due_at + 2 * HOUR
    sweep(clock.due_at + 3 * HOUR)
    assert actions(new) == ["return_to_submitter"]


def test_rule_2_steps_that_have_fired_do_not_fire_again(clock):
    now = clock.due_at - HOUR / 2
    sweep(now)
    handle(now)
    new = retimed(clock, make_target(kind="contact", amount=360), now=now)
    sweep(new.due_at + HOUR)
    assert actions(new) == ["breach", "alert_manager"]


def test_rule_2_steps_in_minutes_that_have_fired_do_not_fire_again_and_others_do():
    ladder = ((-HOUR, "remind"), (HOUR, "alert_manager"))
    clock = make_clock(make_target(kind="contact", ladder=ladder))
    late = clock.due_at + 1.5 * HOUR
    sweep(late)
    handle(late)
    assert actions(clock) == ["remind", "breach", "alert_manager"]
    # An hour after due is done; another time after due is another step, and so is a percent.
    other = ((HOUR, "alert_manager"), (2 * HOUR, "alert_manager"), (75, "alert_manager"))
    new = retimed(clock, make_target(kind="contact", ladder=other), now=late)
    sweep(late + 10 * HOUR)
    fired = Escalation.objects.filter(clock=new).values_list("at", flat=True)
    assert sorted(fired) == [clock.due_at + 2 * HOUR, clock.due_at + 3 * HOUR]


def test_rule_2_a_step_at_due_is_the_same_in_percent_and_in_minutes(clock):
    late = clock.due_at + HOUR
    sweep(late)
    handle(late)
    at_due = make_target(kind="contact", ladder=((timedelta(0), "alert_manager"),))
    new = retimed(clock, at_due, now=late)
    sweep(late + HOUR)
    assert actions(new) == []


def test_rule_2_a_pause_afterwards_does_not_bring_back_what_has_fired(clock):
    now = clock.due_at - HOUR / 2
    sweep(now)
    handle(now)
    new = retimed(clock, make_target(kind="contact", amount=360), now=now)
    pause_clock(clock=new, starts_at=now, ends_at=now + HOUR, now=now, **WHY)
    assert new.due_at == START + 7 * HOUR
    sweep(new.due_at + HOUR)
    assert actions(new) == ["breach", "alert_manager"]


def test_rule_2_steps_that_fired_two_clocks_ago_do_not_fire_again(clock):
    now = clock.due_at - HOUR / 2
    sweep(now)
    handle(now)
    first = retimed(clock, make_target(kind="contact", amount=360), now=now)
    second = retimed(first, make_target(kind="contact", amount=420), now=now)
    sweep(second.due_at + HOUR)
    assert actions(second) == ["breach", "alert_manager"]


def test_rule_2_a_move_that_still_waits_is_made_by_the_new_clock():
    clock = make_clock(make_target(ladder=MOVING))
    late = clock.due_at + HOUR
    sweep(late)
    acknowledge_clock(clock=clock, by_id=1, now=late)
    until = clock.escalations.get(step__action="reassign").not_before
    new = retimed(clock, make_target(amount=60, ladder=MOVING), now=late)
    assert actions(new) == ["reassign"]
    assert new.escalations.get().not_before == until > late
    assert new.acknowledgements.get().until == until


def test_rule_2_a_move_that_was_put_off_waits_as_long_on_the_new_clock():
    clock = make_clock(make_target(ladder=MOVING))
    late = clock.due_at + HOUR
    sweep(late)
    hold_escalations(clock_id=clock.pk, until=late + 3 * HOUR)
    new = retimed(clock, make_target(amount=60, ladder=MOVING), now=late)
    assert new.escalations.get(step__action="reassign").not_before == late + 3 * HOUR


def test_rule_2_a_reminder_that_still_waits_is_not_lost(clock):
    now = START + 3.5 * HOUR
    sweep(now)
    new = retimed(clock, version=make_calendar_version(), now=now)
    assert actions(new) == ["remind"]


def test_rule_2_nobody_is_reminded_of_a_due_time_that_is_past(clock):
    now = START + 3.5 * HOUR
    sweep(now)
    new = retimed(clock, make_target(kind="contact", amount=60), now=now)
    assert actions(new) == ["breach", "alert_manager"]


def test_rule_2_an_agreed_due_time_does_not_move():
    target = make_target(kind="hand_off", amount=60)
    clock = make_clock(target, is_due_fixed=True)
    Clock.objects.filter(pk=clock.pk).update(due_at=START + 5 * HOUR)
    new = retimed(clock, make_target(kind="hand_off", amount=120), now=START)
    assert (new.due_at, new.is_due_fixed) == (START + 5 * HOUR, True)


@pytest.mark.parametrize("stop", [meet_clock, cancel_clock])
def test_rule_2_a_finished_clock_is_never_touched(clock, stop):
    stop(clock=clock, at=START, now=START)
    before = Clock.objects.values().get()
    assert retimed(clock, make_target(kind="contact", amount=60), now=START + HOUR) is None
    assert Clock.objects.values().get() == before


def test_rule_3_changed_target_does_not_repeat_the_steps_that_have_fired(clock):
    now = clock.due_at - HOUR / 2
    sweep(now)
    handle(now)
    new = retarget_clock(clock=clock, target=make_target(kind="contact", amount=360), now=now)
    sweep(new.due_at + HOUR)
    assert actions(new) == ["breach", "alert_manager"]
