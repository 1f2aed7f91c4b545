from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handoff.rules.timeline import CLOSED_SHARE, Run, Stretch, axis_of, bands_of

START = datetime(2026, 11, 13, 8, tzinfo=UTC)


def at(hours):
    return START + timedelta(hours=hours)


@st.composite
def tiled(draw):
    lengths = draw(st.lists(st.integers(1, 5_000), min_size=1, max_size=40))
    first_open = draw(st.booleans())
    stretches, cursor = [], START
    for index, minutes in enumerate(lengths):
        end = cursor + timedelta(minutes=minutes)
        stretches.append(Stretch(cursor, end, (index % 2 == 0) == first_open))
        cursor = end
    return stretches


@given(tiled())
def test_axis_ascends_from_edge_to_edge(stretches):
    axis = axis_of(stretches)
    positions = [axis.at(each.start) for each in stretches] + [axis.at(stretches[-1].end)]
    assert positions[0] == 0
    assert positions[-1] == 100
    assert all(left <= right for left, right in pairwise(positions))


@given(tiled())
def test_closed_time_never_takes_more_than_its_share(stretches):
    axis = axis_of(stretches)
    closed = [axis.at(each.end) - axis.at(each.start) for each in stretches if not each.is_open]
    if any(each.is_open for each in stretches):
        assert sum(closed) <= CLOSED_SHARE + 0.02 * len(closed)


def test_axis_squeezes_a_weekend_and_keeps_open_hours_in_proportion():
    weekend = [
        Stretch(at(0), at(2), True),
        Stretch(at(2), at(65), False),
        Stretch(at(65), at(73), True),
    ]
    axis = axis_of(weekend)
    assert axis.at(at(65)) - axis.at(at(2)) == pytest.approx(6, abs=0.02)
    friday, monday = axis.at(at(2)), 100 - axis.at(at(65))
    assert monday / friday == pytest.approx(4, rel=0.01)


def test_what_lies_outside_is_drawn_at_the_edge():
    axis = axis_of([Stretch(at(0), at(2), True)])
    assert axis.at(at(-5)) == 0
    assert axis.at(at(9)) == 100


def test_axis_without_any_time_is_refused():
    with pytest.raises(ValueError, match="time line"):
        axis_of([])


def kinds(run, stretches, now):
    return [band.kind for band in bands_of(run, axis_of(stretches), stretches, now=now)]


def test_running_clock_shows_what_ran_and_what_is_ahead():
    day = [Stretch(at(0), at(8), True)]
    assert kinds(Run(at(0), at(4), None, ()), day, at(1)) == ["ran", "ahead"]


def test_overdue_clock_shows_the_time_since_due_as_late():
    day = [Stretch(at(0), at(8), True)]
    assert kinds(Run(at(0), at(4), None, ()), day, at(6)) == ["ran", "late"]


def test_stopped_clock_has_nothing_ahead():
    day = [Stretch(at(0), at(8), True)]
    assert kinds(Run(at(0), at(4), at(2), ()), day, at(6)) == ["ran"]


def test_closed_hours_are_skipped_and_pauses_lie_over_the_lane():
    days = [
        Stretch(at(0), at(2), True),
        Stretch(at(2), at(16), False),
        Stretch(at(16), at(24), True),
    ]
    run = Run(at(0), at(20), None, ((at(16), at(17)),))
    assert kinds(run, days, at(18)) == ["ran", "skipped", "ran", "ahead", "paused"]
