"""Acknowledging: the ladder is quiet for some working hours and then goes on."""

from datetime import timedelta

import pytest

from sla.models import Clock, Escalation
from sla.rules.errors import ClockFinished, ClockNotLate
from sla.services import (
    acknowledge_clock,
    claim_escalations,
    defer_escalation,
    finish_escalation,
    fire_due_steps,
    hold_escalations,
    meet_clock,
)
from tests.factories.sla import make_clock, make_target

pytestmark = pytest.mark.django_db(transaction=True)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


def not_before():
    found = Escalation.objects.select_related("step").order_by("at", "pk")
    return {(one.step.action, one.step.offset_percent): one.not_before for one in found}


@pytest.fixture
def clock():
    """Due at 14:00 in Berlin, with an alert at due and one after half the target more."""
    ladder = ((0, "alert_manager"), (50, "alert_manager"))
    return make_clock(make_target(ladder=ladder))


def test_acknowledge_holds_what_waits_and_what_fires_later(clock):
    late = clock.due_at + MINUTE
    fire_due_steps(late)
    made = acknowledge_clock(clock=clock, by_id=7, note=" on it ", now=late)
    # Four hours of Berlin's working time from 14:01, which ends at 18:00.
    assert made.until > late + 3 * HOUR
    assert (made.by_id, made.note) == (7, "on it")
    fire_due_steps(late + 3 * HOUR)
    held = not_before()
    assert held["breach", 0] == clock.due_at
    assert held["alert_manager", 0] == held["alert_manager", 50] == made.until
    (breach,) = claim_escalations(now=late, limit=9)
    assert breach.step.action == "breach"
    finish_escalation(escalation=breach, now=late)
    again = claim_escalations(now=made.until, limit=9)
    assert [one.step.offset_percent for one in again] == [0, 50]


def test_acknowledge_writes_what_no_sweep_has_seen(clock):
    late = clock.due_at + MINUTE
    made = acknowledge_clock(clock=clock, by_id=7, now=late)
    assert Clock.objects.get().breached_at == clock.due_at
    assert not_before() == {("breach", 0): clock.due_at, ("alert_manager", 0): made.until}


def test_acknowledge_before_due_or_after_the_end_is_refused(clock):
    with pytest.raises(ClockNotLate):
        acknowledge_clock(clock=clock, by_id=7, now=clock.due_at)
    meet_clock(clock=clock, at=clock.due_at, now=clock.due_at)
    with pytest.raises(ClockFinished):
        acknowledge_clock(clock=clock, by_id=7, now=clock.due_at + HOUR)


def test_hold_never_brings_forward(clock):
    late = clock.due_at + MINUTE
    fire_due_steps(late)
    hold_escalations(clock_id=clock.pk, until=late + 2 * HOUR)
    hold_escalations(clock_id=clock.pk, until=late + HOUR)
    assert not_before()["alert_manager", 0] == late + 2 * HOUR


def test_defer_is_no_attempt(clock):
    late = clock.due_at + MINUTE
    fire_due_steps(late)
    for claimed in claim_escalations(now=late, limit=9):
        assert defer_escalation(escalation=claimed, until=late + HOUR)
    assert set(Escalation.objects.values_list("attempts", "not_before", "lease_until")) == {
        (0, late + HOUR, None)
    }
