from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from notify.rules.quiet import quiet_until

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = [
    ZoneInfo(name)
    for name in (
        "UTC",
        "Europe/Berlin",
        "America/New_York",
        "Australia/Lord_Howe",
        "America/Sao_Paulo",
        "Pacific/Apia",
        "Asia/Kathmandu",
    )
]

# To the minute, as a person writes them.
times = st.builds(time, st.integers(0, 23), st.integers(0, 59))
# With clock changes at midnight, and a date that one zone left out.
FIRST = datetime(2005, 1, 1, tzinfo=UTC)
moments = st.integers(0, 25 * 366 * 24 * 60).map(lambda n: FIRST + timedelta(minutes=n))
zones = st.sampled_from(ZONES)


def berlin(day, hour, minute=0, fold=0):
    return datetime(2026, *day, hour, minute, tzinfo=BERLIN, fold=fold)


@pytest.mark.parametrize(
    ("at", "until"),
    [
        (berlin((6, 1), 18, 59), None),
        (berlin((6, 1), 19), berlin((6, 2), 7, 30)),
        (berlin((6, 1), 23, 59), berlin((6, 2), 7, 30)),
        (berlin((6, 2), 0), berlin((6, 2), 7, 30)),
        (berlin((6, 2), 7, 29), berlin((6, 2), 7, 30)),
        (berlin((6, 2), 7, 30), None),
    ],
)
def test_quiet_until_overnight_ends_in_the_morning(at, until):
    assert quiet_until(at, time(19), time(7, 30), BERLIN) == until


@pytest.mark.parametrize(
    ("at", "until"),
    [
        (berlin((6, 1), 11, 59), None),
        (berlin((6, 1), 12), berlin((6, 1), 13)),
        (berlin((6, 1), 13), None),
        (berlin((6, 1), 0), None),
    ],
)
def test_quiet_until_within_a_day_ends_that_day(at, until):
    assert quiet_until(at, time(12), time(13), BERLIN) == until


@pytest.mark.parametrize(
    ("day", "hours"), [((3, 28), 7), ((10, 24), 9), ((6, 1), 8)], ids=["spring", "autumn", "plain"]
)
def test_quiet_until_over_a_clock_change_keeps_the_wall_time(day, hours):
    start = berlin(day, 23)
    end = quiet_until(start, time(23), time(7), BERLIN)
    assert end.astimezone(BERLIN).time() == time(7)
    assert end - start.astimezone(UTC) == timedelta(hours=hours)


def test_quiet_until_a_time_that_the_clock_leaves_out_ends_as_much_later():
    end = quiet_until(berlin((3, 28), 23), time(22), time(2, 30), BERLIN)
    assert end.astimezone(BERLIN) == berlin((3, 29), 3, 30)


def test_quiet_until_a_time_that_comes_twice_ends_at_the_first():
    end = quiet_until(berlin((10, 24), 23), time(22), time(2, 30), BERLIN)
    assert end == berlin((10, 25), 2, 30).astimezone(UTC)
    assert quiet_until(berlin((10, 25), 2, 30, fold=1), time(22), time(2, 30), BERLIN) is None


def test_quiet_until_over_a_date_that_does_not_exist_ends_on_the_next_that_does():
    apia = ZoneInfo("Pacific/Apia")  # which went from the 29th to the 31st of December 2011
    at = datetime(2011, 12, 29, 23, tzinfo=apia)
    end = datetime(2011, 12, 31, 7, tzinfo=apia)
    assert quiet_until(at, time(22), time(7), apia) == end
    assert quiet_until(end - timedelta(minutes=5), time(22), time(7), apia) == end


def test_quiet_until_with_equal_times_is_never_quiet():
    assert quiet_until(berlin((6, 1), 9), time(9), time(9), BERLIN) is None


@given(moments, times, times, zones)
@example(datetime(2026, 3, 29, 0, 30, tzinfo=UTC), time(3), time(2, 50), BERLIN)
def test_quiet_until_is_after_the_moment_soon_and_not_quiet_itself(moment, starts, ends, zone):
    end = quiet_until(moment, starts, ends, zone)
    if end is not None:
        assert moment < end <= moment + timedelta(hours=50)
        assert quiet_until(end, starts, ends, zone) is None


@given(moments, times, times, zones)
def test_quiet_until_holds_by_the_wall_on_a_day_without_clock_changes(moment, starts, ends, zone):
    assume(starts != ends)
    around = [(moment + timedelta(days=n)).astimezone(zone) for n in range(-3, 4)]
    assume(len({one.utcoffset() for one in around}) == 1)
    wall = moment.astimezone(zone).time()
    expected = starts <= wall < ends if starts < ends else wall >= starts or wall < ends
    end = quiet_until(moment, starts, ends, zone)
    assert (end is not None) is expected
    if end is not None:
        assert end.astimezone(zone).time() == ends


@given(moments, times, times, zones, st.integers(0, 3000))
def test_quiet_until_is_one_end_for_all_moments_of_a_span(moment, starts, ends, zone, minutes):
    end = quiet_until(moment, starts, ends, zone)
    assume(end is not None)
    later = moment + timedelta(minutes=minutes)
    if later < end:
        assert quiet_until(later, starts, ends, zone) == end


def test_quiet_until_knows_the_day_in_the_persons_zone():
    auckland = ZoneInfo("Pacific/Auckland")
    at = datetime(2026, 6, 1, 11, tzinfo=UTC)  # 23:00 there
    assert quiet_until(at, time(22), time(6), auckland).astimezone(auckland).date() == date(
        2026, 6, 2
    )
