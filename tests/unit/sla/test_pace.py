"""How a clock's time passes: due times, and pauses."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sla.rules.pace import Hold, Pace
from tests.unit.sla.support import BERLIN, OFFICE, at, days, elapsed, hold, working

HOUR = timedelta(hours=1)
MONDAY = datetime(2026, 11, 16, tzinfo=BERLIN)


@pytest.mark.parametrize(
    ("pace", "amount", "start", "due"),
    [
        (working(), 240, "Mon 10:00", "Mon 14:00"),
        (working(), 240, "Mon 15:00", "Tue 11:00"),
        (working(), 240, "Fri 15:00", "+Mon 11:00"),
        (working(), 240, "Mon 13:00", "Mon 17:00"),
        (working(), 60, "Sat 12:00", "+Mon 10:00"),
        (elapsed(), 5, "Sat 12:00", "Sat 12:05"),
        (elapsed(), 24 * 60, "Fri 15:00", "Sat 15:00"),
        (days(), 1, "Mon 10:30", "Tue 10:30"),
        (days(), 1, "Fri 10:30", "+Mon 10:30"),
        (days(), 1, "Fri 18:30", "+Mon 17:00"),
        (days(), 1, "Sat 00:30", "+Tue 09:00"),
        (days(), 1, "Sun 23:59", "+Tue 09:00"),
        (days(), 2, "Sat 12:00", "+Wed 09:00"),
    ],
)
def test_due_each_unit_counts_its_own_time(pace, amount, start, due):
    assert pace.due(at(start), amount) == at(due)


@pytest.mark.parametrize(
    ("pace", "amount", "start", "hours"),
    [
        (working(), 240, "Fri 15:00", 4),
        (elapsed(), 120, "Sat 12:00", 2),
        (days(), 1, "Mon 10:30", 8),
        (days(), 1, "Sat 10:00", 8),
    ],
)
def test_length_is_working_time_from_start_to_due(pace, amount, start, hours):
    assert pace.length(at(start), amount) == hours * HOUR


@given(minutes=st.integers(0, 14 * 24 * 60), amount=st.integers(1, 12))
def test_due_in_days_leaves_that_many_working_days_or_up_to_the_close(minutes, amount):
    start = MONDAY + timedelta(minutes=minutes)
    due = days().due(start, amount)
    # A day has 8 hours; who begins within one has the rest of it and of the last.
    assert 8 * HOUR * (amount - 1) < days().counted(start, due) <= 8 * HOUR * amount
    assert due <= days().due(start + timedelta(minutes=1), amount)


@pytest.mark.parametrize(
    ("pace", "due"),
    [
        (working(("Mon 11:00", "Mon 12:00")), "Mon 15:00"),
        (working(("Mon 16:00", "Tue 10:00")), "Mon 14:00"),
        (working(("Mon 13:00", "Tue 10:00")), "Tue 11:00"),
        (working(("Sun 10:00", "+Mon 09:00")), "Mon 14:00"),
        (working(("Mon 14:00", "Mon 16:00")), "Mon 14:00"),
        (working(("Mon 13:00", "Mon 14:30"), ("Mon 15:00", "Mon 15:30")), "Mon 16:00"),
        (elapsed(("Mon 11:00", "Mon 12:00")), "Mon 15:00"),
        (days(("Mon 11:00", "Mon 12:00")), "Tue 11:00"),
    ],
)
def test_due_with_holds_moves_by_the_open_time_inside_them(pace, due):
    amount = 1 if pace.unit == "working_days" else 240
    assert pace.due(at("Mon 10:00"), amount) == at(due)


def test_due_hold_over_a_closed_night_costs_nothing():
    assert working(("Mon 17:00", "Tue 09:00")).due(at("Mon 15:00"), 240) == at("Tue 11:00")


def test_due_empty_hold_changes_nothing():
    assert working(("Mon 11:00", "Mon 11:00")).holds == ()


def test_due_hold_before_the_start_changes_nothing():
    early = Pace(OFFICE, "working_minutes").held(
        [hold("Mon 09:00", "Mon 11:00")], since=at("Mon 10:00")
    )
    assert early.due(at("Mon 10:00"), 240) == at("Mon 15:00")


def test_earlier_skips_back_over_holds():
    pace = working(("Mon 11:00", "Mon 13:00"))
    assert pace.due(at("Mon 10:00"), 240) == at("Mon 16:00")
    assert pace.earlier(at("Mon 16:00"), HOUR) == at("Mon 15:00")
    assert pace.earlier(at("Mon 16:00"), 3.5 * HOUR) == at("Mon 10:30")


def test_later_skips_holds_after_due_only():
    pace = working(("Mon 11:00", "Mon 12:00"), ("Mon 15:30", "Mon 16:00"))
    assert pace.later(at("Mon 15:00"), HOUR) == at("Mon 16:30")


def test_left_is_signed_and_leaves_holds_out():
    pace = working(("Mon 11:00", "Mon 12:00"))
    assert pace.left(at("Mon 10:00"), at("Mon 14:00")) == 3 * HOUR
    assert pace.left(at("Mon 14:00"), at("Mon 10:00")) == -3 * HOUR


def test_due_across_the_clock_change_counts_true_length():
    pace = Pace(OFFICE, "elapsed_minutes")
    start = datetime(2026, 10, 24, 22, tzinfo=BERLIN)
    assert pace.due(start, 24 * 60) == datetime(2026, 10, 25, 21, tzinfo=BERLIN)


quarters = st.integers(min_value=0, max_value=14 * 96)
spans = st.lists(st.tuples(quarters, st.integers(0, 120)), max_size=4)
paces = st.sampled_from(["working_minutes", "elapsed_minutes"])


def moment(quarter):
    return (MONDAY + timedelta(minutes=15) * quarter).astimezone(UTC)


def disjoint(pairs):
    """Pauses that do not overlap, as the service keeps them."""
    holds, free_from = [], 0
    for wanted, length in sorted(pairs):
        begin = max(wanted, free_from)
        free_from = begin + length
        holds.append(Hold(moment(begin), moment(free_from)))
    return holds


def counts(pace, instant):
    """The slow way: does the quarter of an hour that begins here count?"""
    if any(hold.starts_at <= instant < hold.ends_at for hold in pace.holds):
        return False
    wall = instant.astimezone(BERLIN)
    return pace.unit == "elapsed_minutes" or (wall.weekday() < 5 and 9 <= wall.hour < 17)


@settings(deadline=None, max_examples=150)
@given(unit=paces, start=quarters, amount=st.integers(1, 60), pairs=spans)
def test_due_with_any_holds_agrees_with_counting_quarters(unit, start, amount, pairs):
    pace = Pace(OFFICE, unit).held(disjoint(pairs), since=moment(start))
    instant, left = moment(start), amount
    while left:
        left -= counts(pace, instant)
        instant += timedelta(minutes=15)
    assert pace.due(moment(start), amount * 15) == instant


@settings(deadline=None, max_examples=150)
@given(unit=paces, start=quarters, amount=st.integers(1, 60), pairs=spans, share=st.integers(1, 99))
def test_earlier_with_any_holds_leaves_exactly_that_much(unit, start, amount, pairs, share):
    pace = Pace(OFFICE, unit).held(disjoint(pairs), since=moment(start))
    due = pace.due(moment(start), amount * 15)
    length = timedelta(minutes=15) * amount * share // 100
    instant = pace.earlier(due, length)
    assert pace.left(instant, due) == length
    assert pace.left(moment(start), instant) == timedelta(minutes=15) * amount - length
