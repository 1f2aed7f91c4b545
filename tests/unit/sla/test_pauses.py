from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from sla.rules import pauses
from sla.rules.pace import Hold
from tests.unit.sla.support import at, hold

EARLY, LATE = hold("Mon 10:00", "Mon 12:00"), hold("Mon 14:00", "Mon 15:00")


def test_uncovered_without_other_pauses_is_the_whole_span():
    assert pauses.uncovered(EARLY, []) == [EARLY]


def test_uncovered_same_span_twice_is_nothing():
    assert pauses.uncovered(EARLY, [EARLY]) == []


def test_uncovered_around_others_is_the_pieces_between():
    wanted = hold("Mon 09:00", "Mon 16:00")
    assert pauses.uncovered(wanted, [LATE, EARLY]) == [
        hold("Mon 09:00", "Mon 10:00"),
        hold("Mon 12:00", "Mon 14:00"),
        hold("Mon 15:00", "Mon 16:00"),
    ]


def test_uncovered_open_pause_over_an_open_one_is_what_lies_before():
    open_one = pauses.hold_of(at("Mon 12:00"), None)
    assert pauses.uncovered(pauses.hold_of(at("Mon 11:00"), None), [open_one]) == [
        hold("Mon 11:00", "Mon 12:00")
    ]


def test_uncovered_touching_pauses_are_left_alone():
    assert pauses.uncovered(hold("Mon 12:00", "Mon 14:00"), [EARLY, LATE]) == [
        hold("Mon 12:00", "Mon 14:00")
    ]


def test_closed_leaves_out_the_open_pause():
    assert pauses.closed([EARLY, pauses.hold_of(at("Mon 14:00"), None)]) == [EARLY]


def test_current_is_half_open():
    assert pauses.current([EARLY], at("Mon 10:00")) == EARLY
    assert pauses.current([EARLY], at("Mon 12:00")) is None


hours = st.integers(0, 100)


@given(wanted=st.tuples(hours, hours), others=st.lists(st.tuples(hours, hours), max_size=5))
def test_uncovered_pieces_cover_the_rest_exactly_once(wanted, others):
    def span(pair):
        low, high = sorted(pair)
        start = at("Mon 00:00")
        return Hold(start + timedelta(hours=low), start + timedelta(hours=high))

    def covers(spans, instant):
        return sum(each.starts_at <= instant < each.ends_at for each in spans)

    target, existing = span(wanted), [span(pair) for pair in others]
    pieces = pauses.uncovered(target, existing)
    for hour in range(100):
        instant = at("Mon 00:00") + timedelta(hours=hour)
        wished = covers([target], instant) and not covers(existing, instant)
        assert covers(pieces, instant) == int(bool(wished))
