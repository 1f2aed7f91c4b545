"""Pausing and resuming."""

from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sla.models import Clock, Escalation, Pause
from sla.rules.errors import ClockFinished, ClockNotPausable, PauseInvalid
from sla.services import cancel_clock, fire_due_steps, meet_clock, pause_clock, resume_clock
from tests.factories.sla import (
    HOUR,
    MICROSECOND,
    START,
    make_always_open,
    make_calendar_version,
    make_clock,
    make_target,
)

pytestmark = pytest.mark.django_db

DUE = START + 4 * HOUR
NIGHT = 16 * HOUR


@pytest.fixture
def clock():
    """First contact within 4 h of working time: started 10:00, due 14:00, reminder 13:00."""
    return make_clock(make_target(kind="contact"))


def pause(clock, start, end=None, now=START, reason="The buyer asked for it"):
    return pause_clock(
        clock=clock,
        starts_at=START + start,
        ends_at=None if end is None else START + end,
        reason=reason,
        by_id=7,
        now=now,
    )


def test_pause_with_an_end_moves_due_and_the_next_step_at_once(clock):
    pause(clock, HOUR, 2 * HOUR)
    stored = Clock.objects.get()
    assert stored.state == "running"
    assert (stored.due_at, stored.next_step_at) == (DUE + HOUR, START + 4 * HOUR)
    kept = Pause.objects.get()
    assert (kept.reason, kept.made_by) == ("The buyer asked for it", 7)


def test_pause_without_an_end_stops_the_sweep_until_resumed(clock):
    pause(clock, HOUR, now=START + HOUR)
    assert Clock.objects.get().state == "paused"
    assert fire_due_steps(START + 100 * HOUR) == 0

    assert resume_clock(clock=clock, now=START + 3 * HOUR)
    stored = Clock.objects.get()
    assert (stored.state, stored.due_at) == ("running", DUE + 2 * HOUR)
    assert Pause.objects.get().ends_at == START + 3 * HOUR
    assert fire_due_steps(DUE + 2 * HOUR + MICROSECOND) == 1
    assert Clock.objects.get().breached_at == DUE + 2 * HOUR


def test_pause_only_open_time_inside_it_counts(clock):
    # 16:00 to 10:00 of the next morning holds two open hours, and begins after due.
    pause(clock, 6 * HOUR, 24 * HOUR)
    assert clock.due_at == DUE
    # 13:00 to 10:00: five open hours, of which due moves over all.
    pause(clock, 3 * HOUR, 6 * HOUR)
    assert clock.due_at == START + 25 * HOUR


def test_pause_twice_is_one_pause(clock):
    assert len(pause(clock, HOUR, 2 * HOUR)) == 1
    assert pause(clock, HOUR, 2 * HOUR) == []
    assert clock.due_at == DUE + HOUR


def test_pause_over_another_adds_only_what_was_not_paused(clock):
    pause(clock, HOUR, 2 * HOUR)
    pause(clock, timedelta(minutes=30), 3 * HOUR)
    assert clock.due_at == DUE + 2.5 * HOUR
    assert Pause.objects.count() == 3


def test_pause_open_twice_is_one_open_pause(clock):
    pause(clock, HOUR, now=START + HOUR)
    assert pause(clock, 2 * HOUR, now=START + 2 * HOUR) == []
    assert resume_clock(clock=clock, now=START + 3 * HOUR)
    assert clock.due_at == DUE + 2 * HOUR


def test_pause_open_over_one_with_an_end_goes_on_after_it(clock):
    pause(clock, HOUR, 3 * HOUR)
    pause(clock, 2 * HOUR, now=START + 2 * HOUR)
    assert resume_clock(clock=clock, now=START + 4 * HOUR)
    assert clock.due_at == DUE + 3 * HOUR


def test_resume_before_an_open_pause_begins_to_count_makes_it_empty(clock):
    pause(clock, HOUR, 3 * HOUR)
    pause(clock, 2 * HOUR, now=START + 2 * HOUR)
    assert resume_clock(clock=clock, now=START + 2.5 * HOUR)
    assert clock.due_at == DUE + 2 * HOUR


def test_resume_of_a_running_clock_changes_nothing(clock):
    assert not resume_clock(clock=clock, now=START + HOUR)
    assert Clock.objects.get().due_at == DUE


def test_pause_of_accept_is_refused():
    accept = make_clock()
    with pytest.raises(ClockNotPausable):
        pause(accept, HOUR, 2 * HOUR)
    assert not Pause.objects.exists()


def test_pause_of_a_finished_clock_is_refused(clock):
    meet_clock(clock=clock, at=START + HOUR, now=START + HOUR)
    with pytest.raises(ClockFinished):
        pause(clock, HOUR, 2 * HOUR)


@pytest.mark.parametrize(
    ("start", "end", "reason", "code"),
    [
        (HOUR, HOUR, "why", "end_not_after_start"),
        (2 * HOUR, HOUR, "why", "end_not_after_start"),
        (HOUR, None, "why", "open_pause_in_future"),
        (HOUR, 2 * HOUR, "  ", "reason_missing"),
    ],
)
def test_pause_that_cannot_be_is_refused(clock, start, end, reason, code):
    with pytest.raises(PauseInvalid) as refused:
        pause(clock, start, end, reason=reason)
    assert refused.value.problems[0].code == code
    assert not Pause.objects.exists()


def test_pause_after_a_breach_does_not_undo_it(clock):
    fire_due_steps(DUE + MICROSECOND)
    pause(clock, HOUR, 3 * HOUR, now=DUE + HOUR)
    stored = Clock.objects.get()
    assert (stored.breached_at, stored.due_at) == (DUE, DUE)


def test_pause_after_due_before_the_sweep_records_the_breach(clock):
    pause(clock, 5 * HOUR, now=START + 5 * HOUR)
    stored = Clock.objects.get()
    assert (stored.state, stored.breached_at) == ("paused", DUE)
    assert Escalation.objects.filter(step__action="breach").count() == 1


def test_pause_exactly_at_due_moves_nothing(clock):
    pause(clock, 4 * HOUR, 5 * HOUR, now=DUE)
    assert Clock.objects.get().due_at == DUE


def test_pause_does_not_fire_a_reminder_again(clock):
    fire_due_steps(START + 3 * HOUR + MICROSECOND)
    pause(clock, 3.5 * HOUR, 5.5 * HOUR, now=START + 3.5 * HOUR)
    assert Clock.objects.get().next_step_at == DUE + 2 * HOUR
    assert fire_due_steps(DUE + HOUR) == 0
    assert Escalation.objects.count() == 1


def test_meet_while_paused_ends_the_pause_and_is_judged_by_the_moved_due(clock):
    pause(clock, HOUR, now=START + HOUR)
    assert meet_clock(clock=clock, at=START + 6 * HOUR, now=START + 6 * HOUR)
    stored = Clock.objects.get()
    # An hour had run before the pause: three are left from 16:00, so until 11:00 tomorrow.
    assert (stored.state, stored.due_at) == ("met", DUE + 5 * HOUR + NIGHT)
    assert stored.breached_at is None
    assert Pause.objects.get().ends_at == START + 6 * HOUR


def test_cancel_while_paused_as_of_before_the_pause_makes_the_pause_empty(clock):
    pause(clock, 3 * HOUR, now=START + 3 * HOUR)
    assert cancel_clock(clock=clock, at=START + HOUR, now=START + 6 * HOUR)
    stored = Clock.objects.get()
    assert (stored.state, stored.due_at, stored.breached_at) == ("cancelled", DUE, None)


minutes = st.integers(0, 600)
spans = st.lists(st.tuples(minutes, st.integers(1, 200)), min_size=1, max_size=4)


@settings(
    deadline=None,
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(spans=spans)
def test_pauses_in_any_order_give_the_same_due_time_and_stay_disjoint(db, spans):
    target, version = make_target(kind="contact"), make_always_open()
    found = set()
    for order in (spans, spans[::-1], spans + spans):
        each = make_clock(target, version)
        for start, length in order:
            begin = timedelta(minutes=start)
            pause(each, begin, begin + timedelta(minutes=length))
        rows = sorted(each.pauses.values_list("starts_at", "ends_at"))
        assert all(a[1] <= b[0] for a, b in pairwise(rows))
        found.add(each.due_at)
    assert len(found) == 1


@settings(
    deadline=None,
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(start=st.integers(0, 239), length=st.integers(1, 3_000))
def test_open_pause_that_is_resumed_equals_one_with_that_end(db, start, length):
    target, version = make_target(kind="contact"), make_calendar_version()
    begin, end = timedelta(minutes=start), timedelta(minutes=start + length)
    resumed, extended = make_clock(target, version), make_clock(target, version)
    pause(resumed, begin, now=START + begin)
    resume_clock(clock=resumed, now=START + end)
    pause(extended, begin, end, now=START + begin)
    assert resumed.due_at == extended.due_at
    assert resumed.schedule == extended.schedule
    assert resumed.next_step_at == extended.next_step_at
