"""Starting and stopping clocks, and what due means."""

from datetime import timedelta

import pytest

from sla.models import Clock, Escalation
from sla.rules.targets import TargetSpec
from sla.selectors import match_target
from sla.services import (
    cancel_clock,
    fire_due_steps,
    install_preset,
    meet_clock,
    publish_policy,
    start_clock,
)
from tests.factories.sla import HOUR, MICROSECOND, START, make_calendar_version, make_clock
from worktime.rules import preset_calendars
from worktime.rules.presets import ALWAYS
from worktime.services import publish_calendar_version

pytestmark = pytest.mark.django_db

DUE = START + 4 * HOUR


def started(facts=None, version=None, **fields):
    return start_clock(
        target=match_target(facts or {}, "accept"),
        started_at=START,
        calendar_version=version or make_calendar_version(),
        **fields,
    )


def actions(clock):
    return list(clock.escalations.order_by("pk").values_list("step__action", flat=True))


@pytest.fixture
def standard():
    install_preset(name="standard", by_id=None, now=START)


def test_start_plans_due_and_the_steps(standard):
    clock = started(is_unstaffed=True)
    clock.refresh_from_db()
    assert (clock.state, clock.due_at, clock.fired) == ("running", DUE, 0)
    assert clock.next_step_at == START + 3 * HOUR
    assert [entry[2] for entry in clock.schedule] == [
        "remind",
        "breach",
        "alert_manager",
        "reassign",
    ]
    assert clock.is_unstaffed


def test_start_takes_a_constant_number_of_queries(standard, django_assert_num_queries):
    version = make_calendar_version()
    # The first to ask reads the policies in force, which the process then keeps.
    with django_assert_num_queries(5):
        started(version=version)
    with django_assert_num_queries(2):
        started(version=version)


@pytest.mark.parametrize(("temperature", "hours"), [("hot", 1), ("warm", 4), ("cool", 24)])
def test_start_by_temperature_has_the_target_of_its_policy(temperature, hours):
    install_preset(name="temperatures", by_id=None, now=START)
    assert started({"temperature": temperature}).due_at == START + hours * HOUR


def test_start_keeps_the_versions_it_started_with(standard):
    version = make_calendar_version()
    clock = started(version=version)
    publish_policy(
        key="standard",
        name="Standard",
        position=100,
        conditions={},
        is_default=True,
        targets=[TargetSpec("accept", 10, "working_minutes")],
        by_id=None,
        now=START,
    )
    publish_calendar_version(
        version.calendar, data=preset_calendars("UTC")[ALWAYS], by=None, now=START
    )
    clock.refresh_from_db()
    assert clock.due_at == DUE
    assert clock.target.amount == 240
    assert clock.calendar_version == version
    assert started(version=version).due_at == START + timedelta(minutes=10)


@pytest.mark.parametrize("early", [4 * HOUR, MICROSECOND, timedelta(0)])
def test_meet_at_or_before_due_is_met(early):
    clock = make_clock()
    assert meet_clock(clock=clock, at=DUE - early, now=DUE - early)
    stored = Clock.objects.get()
    assert (stored.state, stored.met_at, stored.breached_at) == ("met", DUE - early, None)
    assert not Escalation.objects.exists()


def test_meet_a_microsecond_after_due_is_a_breach_even_when_no_sweep_has_run():
    clock = make_clock()
    at, now = DUE + MICROSECOND, DUE + HOUR
    assert meet_clock(clock=clock, at=at, now=now)
    stored = Clock.objects.get()
    assert (stored.state, stored.met_at) == ("met", at)
    assert (stored.breached_at, stored.detected_at) == (DUE, now)
    assert actions(stored) == ["remind", "breach", "alert_manager"]
    assert {each.at for each in Escalation.objects.exclude(step__action="remind")} == {DUE}


def test_meet_after_the_sweep_keeps_its_breach_and_adds_none():
    clock = make_clock()
    fire_due_steps(DUE + MICROSECOND)
    assert meet_clock(clock=clock, at=DUE + HOUR, now=DUE + HOUR)
    stored = Clock.objects.get()
    assert (stored.breached_at, stored.detected_at) == (DUE, DUE + MICROSECOND)
    assert Escalation.objects.count() == 3


def test_meet_logged_after_the_sweep_keeps_the_breach_beside_a_timely_met():
    clock = make_clock()
    fire_due_steps(DUE + MICROSECOND)
    assert meet_clock(clock=clock, at=DUE - HOUR, now=DUE + HOUR)
    stored = Clock.objects.get()
    assert (stored.met_at, stored.breached_at) == (DUE - HOUR, DUE)


def test_meet_twice_the_second_changes_nothing():
    clock = make_clock()
    assert meet_clock(clock=clock, at=START + HOUR, now=START + HOUR)
    assert not meet_clock(clock=clock, at=DUE + HOUR, now=DUE + HOUR)
    assert not cancel_clock(clock=clock, at=DUE + HOUR, now=DUE + HOUR)
    assert Clock.objects.get().met_at == START + HOUR
    assert not Escalation.objects.exists()


def test_meet_updates_the_instance_that_was_passed():
    clock = make_clock()
    meet_clock(clock=clock, at=DUE + HOUR, now=DUE + HOUR)
    assert (clock.state, clock.breached_at) == ("met", DUE)


def test_meet_a_stale_instance_goes_by_the_stored_due_time():
    clock = make_clock()
    stale = Clock.objects.get()
    Clock.objects.update(due_at=DUE + 2 * HOUR)
    assert meet_clock(clock=stale, at=DUE + HOUR, now=DUE + HOUR)
    assert Clock.objects.get(pk=clock.pk).breached_at is None


def test_cancel_at_due_leaves_no_breach():
    clock = make_clock()
    assert cancel_clock(clock=clock, at=DUE, now=DUE)
    stored = Clock.objects.get()
    assert (stored.state, stored.cancelled_at, stored.breached_at) == ("cancelled", DUE, None)


def test_cancel_after_due_is_breached_first():
    clock = make_clock()
    assert cancel_clock(clock=clock, at=DUE + MICROSECOND, now=DUE + HOUR)
    stored = Clock.objects.get()
    assert (stored.state, stored.breached_at) == ("cancelled", DUE)
    assert stored.met_at is None
    assert "breach" in actions(stored)


def test_stopped_clock_is_never_swept():
    clock = make_clock()
    meet_clock(clock=clock, at=START + HOUR, now=START + HOUR)
    assert fire_due_steps(DUE + HOUR) == 0
    stored = Clock.objects.get()
    assert stored.breached_at is None
    assert not Escalation.objects.exists()


def test_meet_in_time_takes_few_queries(django_assert_max_num_queries):
    clock = make_clock()
    with django_assert_max_num_queries(4):
        meet_clock(clock=clock, at=DUE, now=DUE)
