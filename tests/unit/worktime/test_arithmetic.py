"""What each question answers, rule by rule, on a plain office week in UTC.

2026-11-16 is a Monday.
"""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.unit.worktime.support import DAY, HOUR, at, calendar, utc, week
from worktime.rules import (
    Calendar,
    DurationInvalid,
    InstantNaive,
    InstantOutOfRange,
    NeverCloses,
    NoOpenTime,
    add,
    add_working_days,
    between,
    between_delta,
    elapsed_add,
    is_open,
    next_close,
    next_open,
    open_date,
    prev_close,
    subtract,
)

OFFICE = calendar()
LUNCH = calendar(open_hours="09:00-12:00 13:00-17:00")
NIGHTS = calendar(open_hours="22:00-06:00")
ALWAYS = calendar(open_hours="00:00-24:00", days=range(7))
NEVER = calendar(open_hours="")


class TestIsOpen:
    @pytest.mark.parametrize(
        ("moment", "expected"),
        [
            ("2026-11-16 08:59:59.999999", False),
            ("2026-11-16 09:00", True),
            ("2026-11-16 16:59:59.999999", True),
            ("2026-11-16 17:00", False),
            ("2026-11-14 12:00", False),
        ],
    )
    def test_is_open_around_the_window_is_half_open(self, moment, expected):
        assert is_open(OFFICE, utc(moment)) is expected

    def test_is_open_asked_in_another_zone_is_the_same_instant(self):
        berlin = ZoneInfo("Europe/Berlin")
        assert is_open(OFFICE, datetime(2026, 11, 16, 10, tzinfo=berlin))
        assert not is_open(OFFICE, datetime(2026, 11, 16, 9, 30, tzinfo=berlin))

    def test_is_open_at_midnight_that_ends_the_day_is_closed(self):
        late = calendar(open_hours="16:00-24:00")
        assert is_open(late, utc("2026-11-20 23:59:59.999999"))
        assert not is_open(late, utc("2026-11-21 00:00"))


class TestAdd:
    @pytest.mark.parametrize(
        ("start", "seconds", "expected"),
        [
            ("2026-11-16 09:00", HOUR, "2026-11-16 10:00"),
            ("2026-11-16 09:00", 8 * HOUR, "2026-11-16 17:00"),
            ("2026-11-16 09:00", 8 * HOUR + 1, "2026-11-17 09:00:01"),
            ("2026-11-16 16:30", HOUR, "2026-11-17 09:30"),
            ("2026-11-16 06:00", HOUR, "2026-11-16 10:00"),
            ("2026-11-16 17:00", HOUR, "2026-11-17 10:00"),
            ("2026-11-20 16:00", 2 * HOUR, "2026-11-23 10:00"),
            ("2026-11-21 12:00", HOUR, "2026-11-23 10:00"),
            ("2026-11-16 09:00", 40 * HOUR, "2026-11-20 17:00"),
            ("2026-11-16 09:00", 80 * HOUR, "2026-11-27 17:00"),
        ],
    )
    def test_add_counts_open_time_only(self, start, seconds, expected):
        assert add(OFFICE, utc(start), seconds) == utc(expected)

    def test_add_landing_on_a_close_stays_at_the_close(self):
        assert add(OFFICE, utc("2026-11-20 16:00"), HOUR) == utc("2026-11-20 17:00")
        assert add(LUNCH, utc("2026-11-16 11:00"), HOUR) == utc("2026-11-16 12:00")

    def test_add_nothing_while_open_stays(self):
        assert add(OFFICE, utc("2026-11-16 10:00"), 0) == utc("2026-11-16 10:00")

    @pytest.mark.parametrize("closed", ["2026-11-20 17:00", "2026-11-21 11:11", "2026-11-23 08:59"])
    def test_add_nothing_while_closed_gives_the_next_open(self, closed):
        assert add(OFFICE, utc(closed), 0) == utc("2026-11-23 09:00")

    def test_add_keeps_microseconds(self):
        start = utc("2026-11-16 16:59:59.999999")
        assert add(OFFICE, start, timedelta(microseconds=2)) == utc("2026-11-17 09:00:00.000001")

    def test_add_of_a_fraction_of_a_second_is_exact(self):
        assert add(OFFICE, utc("2026-11-16 09:00"), 0.1) == utc("2026-11-16 09:00:00.100000")

    def test_add_of_a_negative_length_subtracts(self):
        assert add(OFFICE, utc("2026-11-16 10:00"), -2 * HOUR) == utc("2026-11-13 16:00")

    def test_add_answers_in_utc_whatever_zone_was_asked(self):
        answer = add(OFFICE, datetime(2026, 11, 16, 10, tzinfo=ZoneInfo("Asia/Tokyo")), HOUR)
        assert answer.tzinfo is UTC

    def test_add_over_split_shifts_skips_the_lunch_hour(self):
        assert add(LUNCH, utc("2026-11-16 11:30"), HOUR) == utc("2026-11-16 13:30")

    def test_add_to_a_calendar_that_never_opens_ends_with_an_error(self):
        with pytest.raises(NoOpenTime):
            add(NEVER, utc("2026-11-16 09:00"), 1)
        with pytest.raises(NoOpenTime):
            add(NEVER, utc("2026-11-16 09:00"), 0)

    def test_add_beyond_the_last_shift_ends_with_an_error(self):
        only = calendar(open_hours="", shifts={"2026-11-18": "09:00-11:00"})
        assert add(only, utc("2026-11-16 00:00"), 2 * HOUR) == utc("2026-11-18 11:00")
        with pytest.raises(NoOpenTime):
            add(only, utc("2026-11-16 00:00"), 2 * HOUR + 1)

    def test_add_when_every_day_is_a_yearly_holiday_ends_with_an_error(self):
        days = (date(2024, 1, 1) + timedelta(days=n) for n in range(366))
        closed = calendar(holidays={f"{day.month:02}-{day.day:02}": "" for day in days})
        with pytest.raises(NoOpenTime):
            add(closed, utc("2026-11-16 09:00"), 1)

    def test_add_when_only_leap_days_are_open_finds_them_eight_years_on(self):
        days = (date(2023, 1, 1) + timedelta(days=n) for n in range(365))
        leap = calendar(
            days=range(7), holidays={f"{day.month:02}-{day.day:02}": "" for day in days}
        )
        assert add(leap, utc("2096-03-01 00:00"), HOUR) == utc("2104-02-29 10:00")

    @pytest.mark.parametrize("length", [1e12, 1e300, timedelta(days=999_999_999)])
    def test_add_of_an_unreachable_length_is_refused(self, length):
        with pytest.raises(InstantOutOfRange):
            add(ALWAYS, utc("2026-11-16 09:00"), length)

    @pytest.mark.parametrize("length", [float("nan")])
    def test_add_of_no_number_is_refused(self, length):
        with pytest.raises(DurationInvalid):
            add(OFFICE, utc("2026-11-16 09:00"), length)

    @pytest.mark.parametrize("year", [1, 2, 9998, 9999])
    def test_add_at_the_edge_of_the_calendar_is_refused(self, year):
        with pytest.raises(InstantOutOfRange):
            add(OFFICE, datetime(year, 6, 1, tzinfo=UTC), HOUR)

    def test_add_after_the_last_searched_year_ends_with_an_error(self):
        with pytest.raises(NoOpenTime):
            add(OFFICE, utc("9997-12-31 00:00"), 365 * DAY)


class TestSubtract:
    @pytest.mark.parametrize(
        ("start", "seconds", "expected"),
        [
            ("2026-11-16 17:00", HOUR, "2026-11-16 16:00"),
            ("2026-11-16 17:00", 8 * HOUR + 1, "2026-11-13 16:59:59"),
            ("2026-11-16 09:30", HOUR, "2026-11-13 16:30"),
            ("2026-11-16 20:00", HOUR, "2026-11-16 16:00"),
            ("2026-11-15 12:00", HOUR, "2026-11-13 16:00"),
            ("2026-11-16 17:00", 40 * HOUR, "2026-11-10 09:00"),
        ],
    )
    def test_subtract_counts_open_time_only(self, start, seconds, expected):
        assert subtract(OFFICE, utc(start), seconds) == utc(expected)

    def test_subtract_landing_on_an_opening_stays_at_the_opening(self):
        assert subtract(OFFICE, utc("2026-11-16 10:00"), HOUR) == utc("2026-11-16 09:00")
        assert subtract(LUNCH, utc("2026-11-16 14:00"), HOUR) == utc("2026-11-16 13:00")

    @pytest.mark.parametrize("closed", ["2026-11-13 17:00", "2026-11-14 11:11", "2026-11-16 08:59"])
    def test_subtract_nothing_while_closed_gives_the_previous_close(self, closed):
        assert subtract(OFFICE, utc(closed), 0) == utc("2026-11-13 17:00")

    @pytest.mark.parametrize("opened", ["2026-11-16 09:00", "2026-11-16 16:59:59"])
    def test_subtract_nothing_while_open_stays(self, opened):
        assert subtract(OFFICE, utc(opened), 0) == utc(opened)

    def test_subtract_of_a_negative_length_adds(self):
        assert subtract(OFFICE, utc("2026-11-16 16:30"), -HOUR) == utc("2026-11-17 09:30")

    def test_subtract_before_the_first_shift_ends_with_an_error(self):
        only = calendar(open_hours="", shifts={"2026-11-18": "09:00-11:00"})
        assert subtract(only, utc("2027-11-16 00:00"), 2 * HOUR) == utc("2026-11-18 09:00")
        with pytest.raises(NoOpenTime):
            subtract(only, utc("2027-11-16 00:00"), 2 * HOUR + 1)
        with pytest.raises(NoOpenTime):
            subtract(only, utc("2026-11-16 00:00"), 0)


class TestBetween:
    @pytest.mark.parametrize(
        ("start", "end", "expected"),
        [
            ("2026-11-16 09:00", "2026-11-16 17:00", 8 * HOUR),
            ("2026-11-16 00:00", "2026-11-17 00:00", 8 * HOUR),
            ("2026-11-16 16:00", "2026-11-17 10:00", 2 * HOUR),
            ("2026-11-20 17:00", "2026-11-23 09:00", 0),
            ("2026-11-20 16:30", "2026-11-23 09:30", HOUR),
            ("2026-11-16 09:00", "2026-11-16 09:00", 0),
            ("2025-01-01 00:00", "2027-01-01 00:00", 522 * 8 * HOUR),
        ],
    )
    def test_between_counts_open_time(self, start, end, expected):
        assert between(OFFICE, utc(start), utc(end)) == expected

    def test_between_backwards_is_negative(self):
        assert between(OFFICE, utc("2026-11-17 10:00"), utc("2026-11-16 16:00")) == -2 * HOUR

    def test_between_keeps_microseconds(self):
        start, end = utc("2026-11-16 16:59:59.999999"), utc("2026-11-17 09:00:00.000001")
        assert between_delta(OFFICE, start, end) == timedelta(microseconds=2)
        assert between(OFFICE, start, end) == 0.000002

    def test_between_in_a_calendar_that_never_opens_is_nothing(self):
        assert between(NEVER, utc("2026-11-16 09:00"), utc("2036-11-16 09:00")) == 0

    def test_between_always_open_is_elapsed_time(self):
        start, end = utc("2025-02-03 04:05:06.7"), utc("2031-12-11 10:09:08.07")
        assert between_delta(ALWAYS, start, end) == end - start


class TestOpensAndCloses:
    @pytest.mark.parametrize(
        ("moment", "expected"),
        [
            ("2026-11-16 08:00", "2026-11-16 09:00"),
            ("2026-11-16 09:00", "2026-11-16 09:00"),
            ("2026-11-16 12:30", "2026-11-16 13:00"),
            ("2026-11-16 14:00:00.000001", "2026-11-16 14:00:00.000001"),
            ("2026-11-20 17:00", "2026-11-23 09:00"),
        ],
    )
    def test_next_open_is_the_earliest_open_instant(self, moment, expected):
        assert next_open(LUNCH, utc(moment)) == utc(expected)

    @pytest.mark.parametrize(
        ("moment", "expected"),
        [
            ("2026-11-16 09:00", "2026-11-13 17:00"),
            ("2026-11-16 09:00:00.000001", "2026-11-16 09:00:00.000001"),
            ("2026-11-16 12:00", "2026-11-16 12:00"),
            ("2026-11-16 13:00", "2026-11-16 12:00"),
            ("2026-11-16 23:00", "2026-11-16 17:00"),
        ],
    )
    def test_prev_close_is_the_latest_instant_with_open_time_before_it(self, moment, expected):
        assert prev_close(LUNCH, utc(moment)) == utc(expected)

    @pytest.mark.parametrize(
        ("moment", "expected"),
        [
            ("2026-11-16 08:00", "2026-11-16 12:00"),
            ("2026-11-16 11:59:59.999999", "2026-11-16 12:00"),
            ("2026-11-16 12:00", "2026-11-16 17:00"),
            ("2026-11-20 17:00", "2026-11-23 12:00"),
        ],
    )
    def test_next_close_is_strictly_later(self, moment, expected):
        assert next_close(LUNCH, utc(moment)) == utc(expected)

    def test_next_close_of_windows_that_touch_at_midnight_is_the_last_end(self):
        weekend = calendar(open_hours="00:00-24:00", days=(5, 6))
        assert next_close(weekend, utc("2026-11-21 12:00")) == utc("2026-11-23 00:00")

    def test_next_close_years_ahead_is_found(self):
        once = calendar(
            open_hours="00:00-24:00", days=range(7), breaks={"2031-05-05": "12:00-13:00"}
        )
        assert next_close(once, utc("2026-11-21 12:00")) == utc("2031-05-05 12:00")

    def test_next_close_of_an_always_open_calendar_ends_with_an_error(self):
        with pytest.raises(NeverCloses):
            next_close(ALWAYS, utc("2026-11-16 09:00"))

    @pytest.mark.parametrize("question", [next_open, prev_close, next_close])
    def test_questions_to_a_calendar_that_never_opens_end_with_an_error(self, question):
        with pytest.raises(NoOpenTime):
            question(NEVER, utc("2026-11-16 09:00"))


class TestWindows:
    def test_overlapping_and_touching_windows_count_once(self):
        messy = calendar(open_hours="13:00-17:00 09:00-12:00 11:00-13:00 09:30-10:00")
        assert between(messy, utc("2026-11-16 00:00"), utc("2026-11-17 00:00")) == 8 * HOUR
        assert next_close(messy, utc("2026-11-16 09:00")) == utc("2026-11-16 17:00")

    def test_overnight_window_belongs_to_the_day_on_which_it_starts(self):
        assert is_open(NIGHTS, utc("2026-11-21 05:59"))
        assert not is_open(NIGHTS, utc("2026-11-16 05:59"))
        assert add(NIGHTS, utc("2026-11-20 23:00"), 8 * HOUR) == utc("2026-11-23 23:00")

    def test_window_that_ends_as_it_starts_is_a_whole_day(self):
        from_nine = calendar(open_hours="09:00-09:00", days=[0])
        assert next_close(from_nine, utc("2026-11-16 09:00")) == utc("2026-11-17 09:00")

    def test_overnight_window_overlapping_the_next_morning_counts_once(self):
        both = calendar(windows=week("22:00-10:00") + week("09:00-17:00"))
        assert between(both, utc("2026-11-17 00:00"), utc("2026-11-18 00:00")) == 19 * HOUR

    def test_overnight_window_over_new_year_is_whole(self):
        assert between(NIGHTS, utc("2026-12-31 00:00"), utc("2027-01-01 12:00")) == 14 * HOUR


class TestExceptions:
    def test_holiday_is_closed(self):
        free = calendar(holidays={"2026-11-18": "Day of Repentance"})
        assert add(free, utc("2026-11-17 16:00"), 2 * HOUR) == utc("2026-11-19 10:00")

    def test_yearly_holiday_is_closed_every_year(self):
        free = calendar(holidays={"12-24": "own day"})
        for year in (2026, 2027, 2041):
            assert not is_open(free, datetime(year, 12, 24, 12, tzinfo=UTC))

    def test_yearly_holiday_on_29_february_leaves_other_years_alone(self):
        free = calendar(days=range(7), holidays={"02-29": ""})
        assert not is_open(free, utc("2028-02-29 12:00"))
        assert is_open(free, utc("2027-02-28 12:00"))
        assert is_open(free, utc("2027-03-01 12:00"))

    def test_holiday_leaves_the_night_that_began_on_its_eve_open(self):
        free = calendar(open_hours="22:00-06:00", holidays={"2026-11-18": ""})
        assert is_open(free, utc("2026-11-18 05:00"))
        assert not is_open(free, utc("2026-11-18 23:00"))
        assert not is_open(free, utc("2026-11-19 05:00"))
        assert is_open(free, utc("2026-11-19 22:00"))

    def test_yearly_holiday_on_the_last_day_closes_the_night_into_the_new_year(self):
        free = calendar(open_hours="22:00-06:00", days=range(7), holidays={"12-31": ""})
        assert add(free, utc("2026-12-30 22:00"), 9 * HOUR) == utc("2027-01-01 23:00")
        assert not is_open(free, utc("2027-01-01 05:00"))

    @pytest.mark.parametrize("last_day", ["12-31", "2026-12-31"])
    def test_holiday_on_the_last_day_of_a_year_is_counted_in_the_next(self, last_day):
        free = calendar(open_hours="22:00-06:00", days=range(7), holidays={last_day: ""})
        start, end = utc("2027-01-01 00:00"), utc("2027-01-03 00:00")
        assert between(free, start, end) == (2 + 6 + 2) * HOUR
        assert add(free, start, 10 * HOUR) == end

    def test_shift_replaces_the_hours_of_its_date(self):
        fair = calendar(shifts={"2026-11-16": "12:00-14:00", "2026-11-21": "10:00-14:00"})
        assert between(fair, utc("2026-11-16 00:00"), utc("2026-11-17 00:00")) == 2 * HOUR
        assert next_open(fair, utc("2026-11-20 18:00")) == utc("2026-11-21 10:00")

    def test_shift_without_hours_closes_its_date(self):
        closed = calendar(shifts={"2026-11-16": ""})
        assert next_open(closed, utc("2026-11-16 00:00")) == utc("2026-11-17 09:00")

    def test_shift_overnight_runs_into_the_next_date(self):
        night = calendar(shifts={"2026-11-20": "20:00-02:00"})
        assert add(night, utc("2026-11-20 09:00"), 6 * HOUR) == utc("2026-11-21 02:00")

    def test_holiday_wins_over_a_shift(self):
        both = calendar(holidays={"2026-11-21": ""}, shifts={"2026-11-21": "10:00-14:00"})
        assert next_open(both, utc("2026-11-20 18:00")) == utc("2026-11-23 09:00")

    def test_break_takes_its_hours_out(self):
        team_day = calendar(breaks={"2026-11-20": "14:00-18:00", "2026-11-16": "10:00-10:30"})
        assert between(team_day, utc("2026-11-20 00:00"), utc("2026-11-21 00:00")) == 5 * HOUR
        assert add(team_day, utc("2026-11-16 09:30"), HOUR) == utc("2026-11-16 11:00")
        assert next_close(team_day, utc("2026-11-16 09:30")) == utc("2026-11-16 10:00")

    def test_break_applies_to_a_shift_too(self):
        fair = calendar(shifts={"2026-11-21": "10:00-14:00"}, breaks={"2026-11-21": "11:00-12:00"})
        assert between(fair, utc("2026-11-21 00:00"), utc("2026-11-22 00:00")) == 3 * HOUR

    def test_break_after_midnight_cuts_the_night_that_began_the_day_before(self):
        cut = calendar(open_hours="22:00-06:00", breaks={"2026-11-17": "02:00-03:00"})
        assert between(cut, utc("2026-11-16 12:00"), utc("2026-11-17 12:00")) == 7 * HOUR

    def test_break_overnight_cuts_both_dates(self):
        cut = calendar(
            open_hours="00:00-24:00", days=range(7), breaks={"2026-11-16": "23:00-01:00"}
        )
        assert between(cut, utc("2026-11-16 00:00"), utc("2026-11-18 00:00")) == 46 * HOUR

    def test_break_over_a_close_takes_only_what_was_open(self):
        cut = calendar(breaks={"2026-11-16": "16:00-20:00"})
        assert next_close(cut, utc("2026-11-16 09:00")) == utc("2026-11-16 16:00")


class TestAddWorkingDays:
    @pytest.mark.parametrize(
        ("start", "n", "expected"),
        [
            ("2026-11-16 10:00", 1, "2026-11-17 10:00"),
            ("2026-11-20 10:00", 1, "2026-11-23 10:00"),
            ("2026-11-16 10:00", 5, "2026-11-23 10:00"),
            ("2026-11-16 10:00:00.000001", 10, "2026-11-30 10:00:00.000001"),
            ("2026-11-21 10:00", 1, "2026-11-23 10:00"),
            ("2026-11-21 10:00", 2, "2026-11-24 10:00"),
            ("2026-11-16 10:00", -1, "2026-11-13 10:00"),
            ("2026-11-15 10:00", -1, "2026-11-13 10:00"),
            ("2026-11-16 10:00", -5, "2026-11-09 10:00"),
            ("2026-11-16 10:00", 260, "2027-11-15 10:00"),
        ],
    )
    def test_add_working_days_keeps_the_wall_time(self, start, n, expected):
        assert add_working_days(OFFICE, utc(start), n) == utc(expected)

    def test_add_working_days_before_opening_gives_the_opening(self):
        assert add_working_days(OFFICE, utc("2026-11-16 07:00"), 1) == utc("2026-11-17 09:00")

    def test_add_working_days_in_the_lunch_hour_gives_the_end_of_lunch(self):
        assert add_working_days(LUNCH, utc("2026-11-16 12:30"), 1) == utc("2026-11-17 13:00")

    @pytest.mark.parametrize("start", ["2026-11-16 17:00", "2026-11-16 20:00"])
    def test_add_working_days_after_hours_gives_the_end_of_that_day(self, start):
        assert add_working_days(OFFICE, utc(start), 1) == utc("2026-11-17 17:00")

    def test_add_working_days_onto_a_shorter_day_gives_its_end(self):
        short = calendar(shifts={"2026-11-17": "09:00-12:00"})
        assert add_working_days(short, utc("2026-11-16 15:00"), 1) == utc("2026-11-17 12:00")

    def test_add_working_days_onto_a_break_at_the_end_gives_the_last_open_instant(self):
        cut = calendar(breaks={"2026-11-17": "14:00-17:00"})
        assert add_working_days(cut, utc("2026-11-16 15:00"), 1) == utc("2026-11-17 14:00")

    def test_add_working_days_skips_holidays_and_days_without_hours_left(self):
        free = calendar(
            holidays={"2026-11-17": ""},
            breaks={"2026-11-18": "08:00-18:00"},
            shifts={"2026-11-19": "", "2026-11-21": "10:00-14:00"},
        )
        assert add_working_days(free, utc("2026-11-16 11:00"), 1) == utc("2026-11-20 11:00")
        assert add_working_days(free, utc("2026-11-16 11:00"), 2) == utc("2026-11-21 11:00")
        assert add_working_days(free, utc("2026-11-23 11:00"), -3) == utc("2026-11-16 11:00")

    def test_add_no_working_days_is_like_adding_nothing(self):
        assert add_working_days(OFFICE, utc("2026-11-16 10:00"), 0) == utc("2026-11-16 10:00")
        assert add_working_days(OFFICE, utc("2026-11-20 18:00"), 0) == utc("2026-11-23 09:00")

    def test_add_working_days_in_a_night_counts_from_the_day_on_which_it_began(self):
        friday_night = utc("2026-11-21 02:00")
        assert open_date(NIGHTS, friday_night) == date(2026, 11, 20)
        assert add_working_days(NIGHTS, friday_night, 1) == utc("2026-11-24 02:00")
        assert add_working_days(NIGHTS, utc("2026-11-20 23:00"), 1) == utc("2026-11-23 23:00")

    def test_add_working_days_across_years_counts_only_open_days(self):
        assert add_working_days(OFFICE, utc("2020-01-01 09:00"), 2610) == utc("2030-01-02 09:00")

    def test_add_working_days_to_a_calendar_that_never_opens_ends_with_an_error(self):
        with pytest.raises(NoOpenTime):
            add_working_days(NEVER, utc("2026-11-16 09:00"), 1)
        with pytest.raises(NoOpenTime):
            add_working_days(NEVER, utc("2026-11-16 09:00"), -1)


class TestInstants:
    @pytest.mark.parametrize(
        "question",
        [
            lambda moment: add(OFFICE, moment, 1),
            lambda moment: subtract(OFFICE, moment, 1),
            lambda moment: between(OFFICE, moment, utc("2026-11-16 09:00")),
            lambda moment: is_open(OFFICE, moment),
            lambda moment: next_open(OFFICE, moment),
            lambda moment: prev_close(OFFICE, moment),
            lambda moment: next_close(OFFICE, moment),
            lambda moment: add_working_days(OFFICE, moment, 1),
            lambda moment: elapsed_add(moment, 1),
        ],
    )
    @pytest.mark.parametrize(
        "moment", [utc("2026-11-16 09:00").replace(tzinfo=None), date(2026, 11, 16)]
    )
    def test_question_without_a_zone_is_refused(self, question, moment):
        with pytest.raises(InstantNaive):
            question(moment)

    def test_elapsed_add_ignores_hours_and_clock_changes(self):
        start = at("2026-03-28 12:00", "Europe/Berlin")
        assert elapsed_add(start, DAY) == at("2026-03-29 13:00", "Europe/Berlin")
        assert elapsed_add(start, timedelta(minutes=-5)) == at("2026-03-28 11:55", "Europe/Berlin")

    def test_equal_calendars_are_equal_values(self):
        assert calendar() == calendar()
        assert hash(calendar()) == hash(Calendar("UTC", windows=list(week("09:00-17:00"))))
