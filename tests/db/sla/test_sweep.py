"""The sweep finds every step that has come due, once, on both databases."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from core.loops import registered_loops, tick
from sla.models import Clock, Escalation
from sla.services import fire_due_steps, meet_clock, sweep
from tests.factories.sla import (
    ALERT,
    HOUR,
    MICROSECOND,
    REMIND,
    START,
    make_clock,
    make_clocks,
    make_target,
)

pytestmark = pytest.mark.django_db

REMINDER_AT = START + 3 * HOUR
DUE = START + 4 * HOUR


def fired():
    """(action, instant) of all escalations as they were written."""
    return list(Escalation.objects.order_by("pk").values_list("step__action", "at"))


def test_sweep_before_anything_is_due_finds_nothing():
    make_clock()
    assert fire_due_steps(REMINDER_AT) == 0
    assert fired() == []


def test_sweep_after_the_reminder_fires_it_and_moves_on():
    make_clock()
    assert fire_due_steps(REMINDER_AT + MICROSECOND) == 1
    clock = Clock.objects.get()
    assert (clock.fired, clock.next_step_at, clock.breached_at) == (1, DUE, None)
    assert fired() == [("remind", REMINDER_AT)]


def test_sweep_at_due_is_no_breach_and_a_microsecond_later_is():
    make_clock()
    fire_due_steps(DUE)
    assert Clock.objects.get().breached_at is None
    fire_due_steps(DUE + MICROSECOND)
    clock = Clock.objects.get()
    assert (clock.breached_at, clock.detected_at) == (DUE, DUE + MICROSECOND)


def test_sweep_breached_clock_runs_on_and_the_breach_comes_first():
    make_clock()
    fire_due_steps(DUE + HOUR)
    clock = Clock.objects.get()
    assert (clock.state, clock.next_step_at, clock.fired) == ("running", None, 3)
    assert [action for action, _ in fired()] == ["remind", "breach", "alert_manager"]


def test_sweep_late_records_every_passed_step_with_its_own_instant():
    make_clock(make_target(ladder=(REMIND, ALERT, (50, "alert_manager"), (900, "alert_manager"))))
    fire_due_steps(datetime(2026, 11, 17, 16, tzinfo=UTC))
    clock = Clock.objects.get()
    assert clock.breached_at == DUE
    assert fired() == [
        ("remind", REMINDER_AT),
        ("breach", DUE),
        ("alert_manager", DUE),
        ("alert_manager", DUE + 2 * HOUR),
    ]
    assert clock.fired == 4
    assert clock.next_step_at > datetime(2026, 11, 17, 16, tzinfo=UTC)


def test_sweep_escalations_wait_until_the_step_was_due():
    make_clock()
    fire_due_steps(DUE + HOUR)
    for escalation in Escalation.objects.all():
        assert (escalation.state, escalation.attempts) == ("pending", 0)
        assert escalation.not_before == escalation.at
        assert escalation.lease_until is None


def test_sweep_again_changes_nothing():
    make_clock()
    fire_due_steps(DUE + HOUR)
    before = Clock.objects.values().get()
    assert fire_due_steps(DUE + 2 * HOUR) == 0
    assert Clock.objects.values().get() == before
    assert Escalation.objects.count() == 3


def test_sweep_steps_one_after_the_other_equals_one_late_sweep():
    first, second = make_clock(), make_clock()
    Clock.objects.filter(pk=second.pk).update(state="cancelled", cancelled_at=START)
    for minutes in range(170, 260, 10):
        fire_due_steps(START + timedelta(minutes=minutes))
    Clock.objects.filter(pk=second.pk).update(state="running", cancelled_at=None)
    fire_due_steps(START + 5 * HOUR)

    def facts(clock):
        clock.refresh_from_db()
        steps = clock.escalations.order_by("pk").values_list("step__action", "at")
        return clock.fired, clock.next_step_at, clock.breached_at, list(steps)

    assert facts(first) == facts(second)


def test_sweep_takes_batches_and_the_longest_due_first(monkeypatch):
    monkeypatch.setattr(sweep, "POSTGRESQL_BATCH", 10)
    monkeypatch.setattr(sweep, "SQLITE_BATCH", 10)
    clocks = make_clocks(25, apart=timedelta(seconds=1))
    now = DUE + HOUR
    assert fire_due_steps(now) == 10
    swept = Clock.objects.filter(breached_at__isnull=False).values_list("pk", flat=True)
    assert set(swept) == {clock.pk for clock in clocks[:10]}
    assert [fire_due_steps(now) for _ in range(3)] == [10, 5, 0]
    assert Escalation.objects.filter(step__action="breach").count() == 25


def test_sweep_query_count_does_not_grow_with_the_batch(django_assert_max_num_queries):
    make_clocks(100)
    # A claim and what fires, in a transaction: a savepoint within that of the test.
    most = 4 if connection.vendor == "postgresql" else 9
    with django_assert_max_num_queries(most):
        assert fire_due_steps(DUE + HOUR) == 100


def test_sweep_found_breach_before_is_not_dated_anew():
    clock = make_clock()
    early = DUE + MICROSECOND
    Clock.objects.filter(pk=clock.pk).update(breached_at=DUE, detected_at=early)
    fire_due_steps(DUE + HOUR)
    assert Clock.objects.get().detected_at == early


def test_sweep_escalation_that_is_there_already_is_not_written_twice():
    clock = make_clock()
    breach = clock.target.steps.get(action="breach")
    Escalation.objects.create(clock=clock, step=breach, at=DUE, not_before=DUE)
    fire_due_steps(DUE + HOUR)
    assert Escalation.objects.filter(step=breach).count() == 1
    assert Clock.objects.get().fired == 3


def test_sweep_clock_whose_next_step_is_not_in_its_schedule_is_put_right():
    clock = make_clock()
    Clock.objects.filter(pk=clock.pk).update(next_step_at=START)
    assert fire_due_steps(START + HOUR) == 1
    assert Clock.objects.get().next_step_at == REMINDER_AT
    assert fire_due_steps(START + HOUR) == 0


def test_sweep_leaves_met_paused_and_cancelled_clocks_alone():
    met, paused, cancelled = make_clocks(3, kind="contact")
    meet_clock(clock=met, at=START, now=START)
    Clock.objects.filter(pk=paused.pk).update(state="paused")
    Clock.objects.filter(pk=cancelled.pk).update(state="cancelled", cancelled_at=START)
    assert fire_due_steps(DUE + HOUR) == 0


@pytest.mark.django_db(transaction=True)
def test_tick_works_off_several_batches(monkeypatch):
    monkeypatch.setattr(sweep, "POSTGRESQL_BATCH", 10)
    monkeypatch.setattr(sweep, "SQLITE_BATCH", 10)
    make_clocks(25, started_at=datetime(2026, 1, 5, 9, tzinfo=UTC))
    (loop,) = (each for each in registered_loops() if each.name == "sla.fire_due_steps")
    assert loop.every == timedelta(seconds=1)
    assert tick(loop).handled == 25
    assert Escalation.objects.filter(step__action="breach").count() == 25
