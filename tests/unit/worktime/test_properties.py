"""What holds for every calendar, start and length."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from worktime import rules
from worktime.rules import Break, Calendar, Holiday, Hours, Shift, Window

ZONES = [
    "UTC",
    "Africa/Casablanca",
    "America/Havana",
    "America/New_York",
    "Antarctica/Troll",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "Europe/Berlin",
    "Pacific/Apia",
    "Pacific/Chatham",
]

clock = st.integers(0, 1439)
ends = st.integers(0, 1440)
days = st.dates(date(2011, 12, 1), date(2013, 1, 31))
windows = st.builds(Window, st.integers(0, 6), clock, ends)
calendars = st.builds(
    Calendar,
    zone=st.sampled_from(ZONES),
    windows=st.lists(windows, min_size=1, max_size=10),
    holidays=st.lists(st.builds(Holiday, date=days, name=st.just("")), max_size=10),
    breaks=st.lists(st.builds(Break, days, clock, ends), max_size=10),
    shifts=st.lists(
        st.builds(Shift, days, st.lists(st.builds(Hours, clock, ends), max_size=2)), max_size=5
    ),
)
moments = st.datetimes(
    datetime(2011, 12, 20),  # noqa: DTZ001  # hypothesis wants the bounds without a zone
    datetime(2013, 1, 10),  # noqa: DTZ001
    timezones=st.just(UTC),
)
lengths = st.one_of(
    st.integers(1, 400 * 3600).map(lambda seconds: timedelta(seconds=seconds)),
    st.integers(1, 10**12).map(lambda tiny: timedelta(microseconds=tiny)),
)
thorough = settings(max_examples=150, deadline=None, database=None)


@thorough
@given(calendars, moments, lengths)
def test_between_start_and_sum_is_what_was_added(calendar, start, length):
    assert rules.between_delta(calendar, start, rules.add(calendar, start, length)) == length


@thorough
@given(calendars, moments, lengths)
def test_between_difference_and_start_is_what_was_subtracted(calendar, start, length):
    earlier = rules.subtract(calendar, start, length)
    assert rules.between_delta(calendar, earlier, start) == length
    assert rules.is_open(calendar, earlier)


@thorough
@given(calendars, moments, moments, lengths, lengths)
def test_add_grows_with_the_start_and_with_the_length(calendar, one, other, length, more):
    early, late = sorted((one, other))
    assert rules.add(calendar, early, length) <= rules.add(calendar, late, length)
    assert rules.add(calendar, early, 0) <= rules.add(calendar, early, length)
    assert rules.add(calendar, early, length) < rules.add(calendar, early, length + more)


@thorough
@given(calendars, moments, lengths)
def test_subtract_undoes_add_from_an_open_start(calendar, start, length):
    start = rules.next_open(calendar, start)
    assert rules.subtract(calendar, rules.add(calendar, start, length), length) == start


@thorough
@given(calendars, moments, moments, moments)
def test_between_adds_up_over_any_middle(calendar, start, middle, end):
    total = rules.between_delta(calendar, start, end)
    parts = (
        rules.between_delta(calendar, start, middle),
        rules.between_delta(calendar, middle, end),
    )
    assert sum(parts, timedelta()) == total
    assert rules.between_delta(calendar, end, start) == -total
    assert abs(total) <= abs(end - start)


@thorough
@given(calendars, moments)
def test_opens_and_closes_frame_the_moment(calendar, moment):
    opening = rules.next_open(calendar, moment)
    assert opening >= moment
    assert rules.is_open(calendar, opening)
    assert rules.between_delta(calendar, moment, opening) == timedelta()
    assert (opening == moment) is rules.is_open(calendar, moment)
    before = rules.prev_close(calendar, moment)
    tick = timedelta(microseconds=1)
    assert before <= moment
    assert rules.is_open(calendar, before - tick)
    assert rules.between_delta(calendar, before, moment) == timedelta()


@thorough
@given(calendars, moments)
def test_next_close_ends_an_open_span(calendar, moment):
    try:
        close = rules.next_close(calendar, moment)
    except rules.NeverCloses:
        assume(False)
    opening = rules.next_open(calendar, moment)
    assert close > moment
    assert not rules.is_open(calendar, close)
    assert rules.between_delta(calendar, opening, close) == close - opening


@settings(max_examples=60, deadline=None, database=None)
@given(calendars, moments, st.integers(0, 40 * 86_400))
def test_explain_tiles_the_span_and_adds_up(calendar, start, seconds):
    end = start + timedelta(seconds=seconds)
    spans = rules.explain(calendar, start, end)
    counted = sum((span.end - span.start for span in spans if span.counted), timedelta())
    assert counted == rules.between_delta(calendar, start, end)
    edges = [start, *(span.end for span in spans)]
    assert [span.start for span in spans] == edges[:-1]
    assert edges[-1] == end
    assert all(span.start < span.end for span in spans)
    reasons = [(span.why, span.note) for span in spans]
    assert all(one != other for one, other in pairwise(reasons))
    assert all(span.counted is (span.why == "open") for span in spans)


def walked(calendar, start, n):
    """`add_working_days` in UTC, date by date."""
    step = 1 if n > 0 else -1
    day = dated(calendar, start)
    landing = start.replace(tzinfo=None) - datetime.combine(day, time())
    while n:
        day += timedelta(days=step)
        if hours_on(calendar, day):
            n -= step
    midnight = datetime.combine(day, time(), tzinfo=UTC)
    near = [
        (first + timedelta(days=away), last + timedelta(days=away))
        for away in (-1, 0, 1, 2)
        for first, last in hours_on(calendar, day + timedelta(days=away))
    ]
    if any(first <= landing < last for first, last in near):
        return midnight + landing
    close = max(last for _, last in hours_on(calendar, day))
    if landing >= close:
        return midnight + close
    return midnight + min(first for first, _ in near if first > landing)


def dated(calendar, moment):
    """The date whose hours the moment lies in, its own before the night of the day before."""
    for away in (0, -1):
        day = moment.date() + timedelta(days=away)
        since = moment.replace(tzinfo=None) - datetime.combine(day, time())
        if any(first <= since < last for first, last in hours_on(calendar, day)):
            return day
    return moment.date()


def minutes(count):
    return timedelta(minutes=count)


def hours_on(calendar, day):
    """From the date's midnight on, a night's end in the next date, less the breaks around it."""
    if any(holiday.date == day for holiday in calendar.holidays):
        return []
    spans = [each for each in calendar.windows if each.weekday == day.weekday()]
    for shift in calendar.shifts:
        if shift.date == day:
            spans = shift.windows
    left = [from_midnight(each) for each in spans]
    for pause in calendar.breaks:
        away = pause.date - day
        if abs(away.days) <= 1:
            start, end = from_midnight(pause)
            left = [piece for span in left for piece in less(span, start + away, end + away)]
    return left


def from_midnight(each):
    end = each.end if each.end > each.start else each.end + 1440
    return minutes(each.start), minutes(end)


def less(span, start, end):
    pieces = ((span[0], min(span[1], start)), (max(span[0], end), span[1]))
    return [(first, last) for first, last in pieces if first < last]


by_day = st.tuples(clock, ends).map(sorted).filter(lambda span: span[0] < min(span[1], 1440))
day_calendars = st.builds(
    Calendar,
    zone=st.just("UTC"),
    windows=st.lists(
        st.builds(lambda day, span: Window(day, *span), st.integers(0, 6), by_day), min_size=1
    ),
    holidays=st.lists(st.builds(Holiday, date=days, name=st.just("")), max_size=20),
    shifts=st.lists(
        st.builds(Shift, days, st.lists(by_day.map(lambda span: Hours(*span)), max_size=2)),
        max_size=8,
        unique_by=lambda shift: shift.date,
    ),
)


def every_day(spans):
    """The same hours on each weekday, so that what lies on an edge one day lies on it any day."""
    return [Window(weekday, *span) for weekday in range(7) for span in spans]


# Few times, so that hours of two days meet and overlap, and edges fall on edges.
coarse = st.sampled_from([0, 360, 540, 720, 1080, 1320])
coarse_spans = st.tuples(coarse, st.one_of(coarse, st.just(1440)))
night_windows = st.one_of(
    st.lists(windows, min_size=1, max_size=6),
    st.lists(coarse_spans, min_size=1, max_size=3).map(every_day),
)
night_calendars = st.builds(
    Calendar,
    zone=st.just("UTC"),
    windows=night_windows,
    holidays=st.lists(st.builds(Holiday, date=days, name=st.just("")), max_size=20),
    breaks=st.lists(st.builds(Break, days, clock, ends), max_size=8),
    shifts=st.lists(
        st.builds(Shift, days, st.lists(st.builds(Hours, clock, ends), max_size=2)),
        max_size=8,
        unique_by=lambda shift: shift.date,
    ),
)


@st.composite
def on_an_edge(draw, some_calendars):
    """A calendar, and a moment at or beside an opening or a close: where one off shows."""
    calendar, moment = draw(some_calendars), draw(moments)
    edge = draw(
        st.sampled_from([each for one in calendar.windows for each in (one.start, one.end)])
    )
    tick = timedelta(microseconds=draw(st.sampled_from([0, 0, -1, 1])))
    midnight = datetime.combine(moment.date(), time(), tzinfo=UTC)
    return calendar, midnight + minutes(edge) + tick


far = st.integers(-80, 80).filter(bool)


@pytest.mark.parametrize("some", [day_calendars, night_calendars], ids=["days", "nights"])
def test_add_working_days_agrees_with_walking_the_dates(some):
    @thorough
    @given(st.one_of(st.tuples(some, moments), on_an_edge(some)), far)
    def agrees(example, n):
        calendar, start = example
        assert rules.add_working_days(calendar, start, n) == walked(calendar, start, n)

    agrees()


@settings(thorough, max_examples=600)
@given(st.one_of(st.tuples(night_calendars, moments), on_an_edge(night_calendars)))
def test_open_date_is_the_one_whose_hours_hold_the_moment(example):
    calendar, moment = example
    day = dated(calendar, moment)
    assert rules.open_date(calendar, moment) == day
    into = rules.into_open_day(calendar, moment)
    assert into == (moment if hours_on(calendar, day) else rules.next_open(calendar, moment))


turns = st.sampled_from([date(2011, 12, 31), date(2012, 1, 1)])
turn_calendars = st.builds(
    Calendar,
    zone=st.sampled_from(ZONES),
    windows=night_windows,
    holidays=st.lists(
        st.one_of(
            st.builds(Holiday, date=turns),
            turns.map(lambda day: Holiday(yearly=(day.month, day.day))),
        ),
        max_size=3,
    ),
    breaks=st.lists(st.builds(Break, turns, clock, ends), max_size=3),
    shifts=st.lists(
        st.builds(Shift, turns, st.lists(st.builds(Hours, clock, ends), max_size=2)),
        max_size=2,
        unique_by=lambda shift: shift.date,
    ),
)


NIGHTS_BUT_NEW_YEARS_EVE = Calendar(
    "UTC", windows=every_day([(1320, 360)]), holidays=[Holiday(yearly=(12, 31))]
)


@settings(thorough, max_examples=250)
@example(NIGHTS_BUT_NEW_YEARS_EVE, date(2012, 1, 1), -720, 2880)
@given(turn_calendars, turns, st.integers(-2880, 2880), st.integers(0, 9 * 1440))
def test_open_time_around_a_turn_of_the_year_is_what_the_days_show(calendar, day, offset, length):
    """Sums by year against spans day by day: the last night of a year reaches into the next."""
    start = datetime.combine(day, time(), tzinfo=UTC) + minutes(offset)
    end = start + minutes(length)
    spans = rules.explain(calendar, start, end)
    counted = sum((span.end - span.start for span in spans if span.counted), timedelta())
    assert rules.between_delta(calendar, start, end) == counted


fortnight = st.dates(date(2012, 5, 7), date(2012, 5, 20))
broken_calendars = st.builds(
    Calendar,
    zone=st.just("UTC"),
    windows=st.lists(coarse_spans, min_size=1, max_size=2).map(every_day),
    holidays=st.lists(st.builds(Holiday, date=fortnight), max_size=2),
    breaks=st.lists(
        st.builds(lambda day, span: Break(day, *span), fortnight, coarse_spans),
        min_size=2,
        max_size=12,
    ),
)


@settings(thorough, max_examples=300)
@given(broken_calendars, fortnight, coarse, st.integers(-9, 9).filter(bool))
def test_add_working_days_goes_around_breaks_of_the_dates_beside(calendar, day, minute, n):
    start = datetime.combine(day, time(), tzinfo=UTC) + minutes(minute)
    assert rules.add_working_days(calendar, start, n) == walked(calendar, start, n)


@thorough
@given(calendars, moments)
def test_nothing_added_or_taken_lands_where_time_is_open(calendar, moment):
    opening = rules.next_open(calendar, moment)
    assert rules.add(calendar, moment, 0) == opening
    assert rules.add_working_days(calendar, moment, 0) == opening
    assert rules.subtract(calendar, opening, 0) == opening
    last = moment if rules.is_open(calendar, moment) else rules.prev_close(calendar, moment)
    assert rules.subtract(calendar, moment, 0) == last


@thorough
@given(calendars, moments, lengths)
def test_negative_length_is_the_other_direction(calendar, start, length):
    assert rules.add(calendar, start, -length) == rules.subtract(calendar, start, length)
    assert rules.subtract(calendar, start, -length) == rules.add(calendar, start, length)
    assert rules.elapsed_add(start, length) - start == length


@thorough
@given(calendars, moments, st.integers(-60, 60).filter(bool))
def test_add_working_days_lands_on_open_time_or_a_close(calendar, start, n):
    later = rules.add_working_days(calendar, start, n)
    tick = timedelta(microseconds=1)
    assert rules.is_open(calendar, later) or rules.is_open(calendar, later - tick)


@thorough
@given(day_calendars, moments, st.integers(-60, 60).filter(bool))
def test_add_working_days_grows_with_the_days(calendar, start, n):
    """Where no window runs into the next day: an instant in two days' windows has no one date."""
    later = rules.add_working_days(calendar, start, n)
    if n not in {-1, 60}:
        assert later < rules.add_working_days(calendar, start, n + 1)


@thorough
@given(calendars)
def test_calendar_survives_its_json_form(calendar):
    dates = [shift.date for shift in calendar.shifts]
    assume(len(dates) == len(set(dates)))
    assert Calendar.from_data(calendar.to_data()) == calendar
