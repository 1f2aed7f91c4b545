"""Clocks that go on after all."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from sla.models import Escalation
from sla.services import (
    cancel_clock,
    fire_due_steps,
    meet_clock,
    pause_clock,
    reopen_clock,
    resume_clock,
    retarget_clock,
)
from tests.factories.sla import HOUR, START, make_clock, make_target

pytestmark = pytest.mark.django_db

WHY = {"reason": "Overturned", "by_id": None}


@pytest.fixture
def clock(db):
    """Due at START + 4 h."""
    return make_clock(make_target(kind="contact"))


def test_reopened_clock_counts_the_time_in_between_as_a_pause(clock):
    due = clock.due_at
    cancel_clock(clock=clock, at=START + HOUR, now=START + HOUR)
    assert reopen_clock(clock=clock, now=START + 2 * HOUR, **WHY)
    assert (clock.state, clock.cancelled_at, clock.due_at) == ("running", None, due + HOUR)
    pause = clock.pauses.get()
    assert (pause.starts_at, pause.ends_at) == (START + HOUR, START + 2 * HOUR)


def test_reopened_at_once_is_as_before(clock):
    due = clock.due_at
    cancel_clock(clock=clock, at=START + HOUR, now=START + HOUR)
    assert reopen_clock(clock=clock, now=START + HOUR, **WHY)
    assert (clock.due_at, clock.pauses.count()) == (due, 0)


def test_reopened_time_that_was_paused_already_counts_once(clock):
    due = clock.due_at
    pause_clock(
        clock=clock,
        starts_at=START + HOUR,
        ends_at=START + 2 * HOUR,
        now=START,
        **WHY,
    )
    cancel_clock(clock=clock, at=START + HOUR, now=START + HOUR)
    assert reopen_clock(clock=clock, now=START + 3 * HOUR, **WHY)
    assert clock.due_at == due + 2 * HOUR


def test_reopened_clock_that_was_late_stays_late_where_it_was(clock):
    due = clock.due_at
    cancel_clock(clock=clock, at=due + HOUR, now=due + HOUR)
    assert reopen_clock(clock=clock, now=due + 2 * HOUR, **WHY)
    assert (clock.state, clock.breached_at, clock.due_at) == ("running", due, due)


@pytest.mark.parametrize("state", ["running", "met", "replaced"])
def test_only_a_cancelled_clock_that_nothing_replaced_is_reopened(clock, state):
    if state == "met":
        meet_clock(clock=clock, at=START, now=START)
    if state == "replaced":
        assert retarget_clock(clock=clock, now=START)
    before = type(clock).objects.filter(pk=clock.pk).values().get()
    assert not reopen_clock(clock=clock, now=START + HOUR, **WHY)
    assert type(clock).objects.filter(pk=clock.pk).values().get() == before


def test_retargeted_clock_counts_from_the_other_start_and_replaces_the_first(clock):
    new = retarget_clock(clock=clock, started_at=START - HOUR / 2, now=START + HOUR)
    clock.refresh_from_db()
    assert (clock.state, new.replaces_id) == ("cancelled", clock.pk)
    assert (new.started_at, new.due_at) == (START - HOUR / 2, clock.due_at - HOUR / 2)
    assert (new.target_id, new.state, new.breached_at) == (clock.target_id, "running", None)


def test_retargeted_there_and_back_is_due_as_before(clock):
    shorter = make_target(kind="contact", amount=60)
    there = retarget_clock(clock=clock, target=shorter, now=START)
    back = retarget_clock(clock=there, target=clock.target, now=START)
    assert there.due_at == START + HOUR
    assert back.due_at == clock.due_at


def test_retargeted_clock_keeps_its_pauses_and_stays_paused(clock):
    pause_clock(clock=clock, starts_at=START, ends_at=START + HOUR, now=START, **WHY)
    pause_clock(clock=clock, starts_at=START + 2 * HOUR, now=START + 2 * HOUR, **WHY)
    new = retarget_clock(clock=clock, now=START + 3 * HOUR)
    assert new.state == "paused"
    assert [(p.starts_at, p.ends_at) for p in new.pauses.all()] == [
        (START, START + HOUR),
        (START + 2 * HOUR, None),
    ]


def test_retargeted_clock_that_was_extended_and_then_paused_goes_on_from_its_pause(clock):
    due = clock.due_at
    pause_clock(clock=clock, starts_at=START, ends_at=START + 2 * HOUR, now=START, **WHY)
    pause_clock(clock=clock, starts_at=START + HOUR, now=START + HOUR, **WHY)
    new = retarget_clock(clock=clock, now=START + HOUR)
    assert new.state == "paused"
    assert [(p.starts_at, p.ends_at) for p in new.pauses.all()] == [
        (START, START + 2 * HOUR),
        (START + 2 * HOUR, None),
    ]
    assert resume_clock(clock=new, now=START + 3 * HOUR)
    assert (new.state, new.due_at, new.breached_at) == ("running", due + 3 * HOUR, None)


def test_retargeted_past_due_is_one_breach_at_once_and_no_reminder(clock):
    now = clock.due_at - HOUR / 2
    new = retarget_clock(clock=clock, started_at=START - HOUR, now=now)
    assert new.breached_at == new.due_at == clock.due_at - HOUR
    assert [each.step.action for each in new.escalations.order_by("pk")] == [
        "breach",
        "alert_manager",
    ]
    assert not fire_due_steps(now)


def test_retargeted_steps_that_have_fired_do_not_fire_again(clock):
    late = clock.due_at + HOUR
    while fire_due_steps(late):
        pass
    new = retarget_clock(clock=clock, started_at=START - HOUR, now=late)
    assert new.breached_at == new.due_at
    assert new.escalations.count() == 0
    assert not fire_due_steps(late + timedelta(days=30))


def test_clock_that_has_stopped_is_not_retargeted(clock):
    meet_clock(clock=clock, at=START, now=START)
    assert retarget_clock(clock=clock, started_at=START - HOUR, now=START) is None


def test_retargeted_for_the_sixth_time_takes_as_many_queries_as_for_the_second(clock):
    taken = []
    for _ in range(6):
        with CaptureQueriesContext(connection) as queries:
            clock = retarget_clock(clock=clock, started_at=START - HOUR, now=clock.due_at + HOUR)
        taken.append(len(queries))
    assert taken[1] == taken[5]


def test_retargeted_line_of_clocks_is_told_of_once(clock):
    late = clock.due_at + HOUR
    while fire_due_steps(late):
        pass
    for _ in range(3):
        clock = retarget_clock(clock=clock, now=late)
    steps = Escalation.objects.values_list("step__action", flat=True)
    assert sorted(steps) == ["alert_manager", "breach", "remind"]
    assert clock.breached_at == clock.due_at
