"""Hours across clock changes, in the zones that have surprised people."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from tests.unit.worktime.support import HOUR, at, calendar, week
from worktime.rules import (
    ZoneUnknown,
    add,
    add_working_days,
    between,
    is_open,
    next_close,
    next_open,
    prev_close,
)

BERLIN = "Europe/Berlin"
EVERY_DAY = range(7)
MINUTE = 60


def open_on(day, hours, zone, next_day=None):
    """Seconds open on one local date of a calendar that has these hours every day."""
    rules = calendar(zone, hours, EVERY_DAY)
    return between(rules, at(f"{day} 00:00", zone), at(f"{next_day or day} 23:59:59", zone))


class TestTrueLength:
    def test_night_over_the_spring_change_is_an_hour_shorter(self):
        rules = calendar(BERLIN, "22:00-06:00", [5])
        start, end = at("2026-03-28 22:00", BERLIN), at("2026-03-29 06:00", BERLIN)
        assert between(rules, start, end) == 7 * HOUR
        assert add(rules, start, 4 * HOUR) == at("2026-03-29 03:00", BERLIN)

    def test_night_over_the_autumn_change_is_an_hour_longer(self):
        rules = calendar(BERLIN, "22:00-06:00", [5])
        start, end = at("2026-10-24 22:00", BERLIN), at("2026-10-25 06:00", BERLIN)
        assert between(rules, start, end) == 9 * HOUR
        assert add(rules, start, 5 * HOUR) == at("2026-10-25 02:00", BERLIN, fold=1)

    def test_always_open_days_have_23_and_25_hours(self):
        assert open_on("2026-03-29", "00:00-24:00", BERLIN) == 23 * HOUR - 1
        assert open_on("2026-10-25", "00:00-24:00", BERLIN) == 25 * HOUR - 1

    def test_office_hours_keep_their_wall_time_over_the_weekend_of_a_change(self):
        rules = calendar(BERLIN)
        start = at("2026-03-27 16:00", BERLIN)
        assert add(rules, start, 2 * HOUR) == at("2026-03-30 10:00", BERLIN)

    def test_working_day_keeps_its_wall_time_over_a_change(self):
        rules = calendar("America/New_York", days=EVERY_DAY)
        start = at("2026-03-07 09:30", "America/New_York")
        assert add_working_days(rules, start, 1) == at("2026-03-08 09:30", "America/New_York")


class TestSpringGap:
    def test_opening_in_the_gap_moves_forward_by_the_gap(self):
        rules = calendar(BERLIN, "02:30-05:00", EVERY_DAY)
        assert next_open(rules, at("2026-03-29 00:00", BERLIN)) == at("2026-03-29 03:30", BERLIN)

    def test_close_in_the_gap_moves_forward_by_the_gap(self):
        rules = calendar(BERLIN, "01:00-02:30", EVERY_DAY)
        assert next_close(rules, at("2026-03-29 01:30", BERLIN)) == at("2026-03-29 03:30", BERLIN)
        assert open_on("2026-03-29", "01:00-02:30", BERLIN) == 90 * MINUTE

    def test_window_inside_the_gap_moves_whole(self):
        assert open_on("2026-03-29", "02:00-02:30", BERLIN) == 30 * MINUTE

    def test_window_from_the_gap_to_its_end_vanishes(self):
        assert open_on("2026-03-29", "02:30-03:00", BERLIN) == 0
        rules = calendar(BERLIN, "02:30-03:00", EVERY_DAY)
        assert add_working_days(rules, at("2026-03-28 02:45", BERLIN), 1) == at(
            "2026-03-30 02:45", BERLIN
        )

    def test_window_moved_onto_another_counts_once(self):
        assert open_on("2026-03-29", "02:00-03:00 03:00-04:00 02:15-02:45", BERLIN) == HOUR

    def test_break_in_the_gap_moves_with_it(self):
        rules = calendar(BERLIN, "00:00-24:00", EVERY_DAY, breaks={"2026-03-29": "02:00-02:30"})
        assert next_close(rules, at("2026-03-29 00:00", BERLIN)) == at("2026-03-29 03:00", BERLIN)

    def test_working_day_landing_in_the_gap_moves_forward_by_the_gap(self):
        rules = calendar(BERLIN, "00:00-24:00", EVERY_DAY)
        start = at("2026-03-28 02:30", BERLIN)
        assert add_working_days(rules, start, 1) == at("2026-03-29 03:30", BERLIN)

    def test_day_that_starts_with_a_gap_still_touches_its_eve(self):
        zone = "America/Sao_Paulo"
        rules = calendar(zone, "00:00-24:00", EVERY_DAY, breaks={"2018-11-06": "12:00-13:00"})
        start = at("2018-11-03 12:00", zone)
        assert next_close(rules, start) == at("2018-11-06 12:00", zone)
        assert between(rules, start, at("2018-11-04 12:00", zone)) == 23 * HOUR


class TestAutumnFold:
    def test_opening_at_an_ambiguous_time_is_its_first_occurrence(self):
        rules = calendar(BERLIN, "02:30-05:00", EVERY_DAY)
        opening = at("2026-10-25 02:30", BERLIN)
        assert next_open(rules, at("2026-10-25 00:00", BERLIN)) == opening
        assert is_open(rules, at("2026-10-25 02:00", BERLIN, fold=1))
        assert between(rules, opening, at("2026-10-25 05:00", BERLIN)) == 3.5 * HOUR

    def test_close_at_an_ambiguous_time_is_its_first_occurrence(self):
        rules = calendar(BERLIN, "01:00-02:30", EVERY_DAY)
        assert next_close(rules, at("2026-10-25 01:30", BERLIN)) == at("2026-10-25 02:30", BERLIN)
        assert not is_open(rules, at("2026-10-25 02:15", BERLIN, fold=1))

    def test_moment_given_in_its_own_zone_keeps_its_fold(self):
        rules = calendar(BERLIN, "01:00-02:30", EVERY_DAY)
        moment = datetime(2026, 10, 25, 2, 15, tzinfo=ZoneInfo(BERLIN))
        assert is_open(rules, moment)
        assert not is_open(rules, moment.replace(fold=1))

    def test_start_in_the_second_occurrence_is_an_hour_later(self):
        rules = calendar(BERLIN, "00:00-24:00", EVERY_DAY)
        first, second = (at("2026-10-25 02:30", BERLIN, fold=fold) for fold in (0, 1))
        assert between(rules, first, second) == HOUR

    def test_working_day_landing_on_an_ambiguous_time_is_its_first_occurrence(self):
        rules = calendar(BERLIN, "00:00-24:00", EVERY_DAY)
        start = at("2026-10-24 02:30", BERLIN)
        assert add_working_days(rules, start, 1) == at("2026-10-25 02:30", BERLIN, fold=0)

    def test_working_day_from_the_second_occurrence_keeps_the_wall_time(self):
        rules = calendar(BERLIN, "00:00-24:00", EVERY_DAY)
        start = at("2026-10-25 02:30", BERLIN, fold=1)
        assert add_working_days(rules, start, 1) == at("2026-10-26 02:30", BERLIN)

    def test_midnight_that_comes_twice_ends_the_day_at_the_first(self):
        # Havana turns its clocks back from 01:00 to 00:00.
        zone = "America/Havana"
        rules = calendar(zone, "20:00-24:00", EVERY_DAY)
        close = at("2026-11-01 00:00", zone, fold=0)
        assert next_close(rules, at("2026-10-31 21:00", zone)) == close
        assert not is_open(rules, at("2026-11-01 00:00", zone, fold=1))


class TestNamedZones:
    def test_lord_howe_changes_by_half_an_hour(self):
        zone = "Australia/Lord_Howe"
        assert open_on("2026-10-04", "00:00-24:00", zone) == 23.5 * HOUR - 1
        assert open_on("2026-04-05", "00:00-24:00", zone) == 24.5 * HOUR - 1
        rules = calendar(zone, "02:15-05:00", EVERY_DAY)
        assert next_open(rules, at("2026-10-04 00:00", zone)) == at("2026-10-04 02:45", zone)

    def test_chatham_is_three_quarters_of_an_hour_off(self):
        zone = "Pacific/Chatham"
        rules = calendar(zone)
        assert add(rules, at("2026-11-20 16:45", zone), HOUR) == at("2026-11-23 09:45", zone)
        assert open_on("2026-09-27", "02:00-04:00", zone) == HOUR

    def test_troll_changes_by_two_hours(self):
        zone = "Antarctica/Troll"
        assert open_on("2026-03-29", "00:00-24:00", zone) == 22 * HOUR - 1
        assert open_on("2026-10-25", "00:00-24:00", zone) == 26 * HOUR - 1

    def test_casablanca_leaves_and_returns_around_ramadan(self):
        zone = "Africa/Casablanca"
        assert open_on("2026-02-15", "00:00-24:00", zone) == 25 * HOUR - 1
        assert open_on("2026-03-22", "00:00-24:00", zone) == 23 * HOUR - 1
        rules = calendar(zone)
        assert add(rules, at("2026-02-13 16:00", zone), 2 * HOUR) == at("2026-02-16 10:00", zone)

    def test_recife_changes_back_after_a_week(self):
        zone = "America/Recife"
        rules = calendar(zone, "00:00-24:00", EVERY_DAY)
        start, end = at("2000-10-01 12:00", zone), at("2000-10-16 12:00", zone)
        assert between(rules, start, end) == 15 * 24 * HOUR

    def test_kathmandu_moved_by_fifteen_minutes(self):
        assert open_on("1986-01-01", "00:00-24:00", "Asia/Kathmandu") == 23.75 * HOUR - 1


class TestMidnightInsideTheChange:
    def test_clock_that_falls_back_into_the_evening_before_stays_open(self):
        # One minute after midnight St. John's went back to 23:01 of Saturday.
        zone = "America/St_Johns"
        rules = calendar(zone, "00:00-24:00", [6])
        assert next_open(rules, at("2010-11-06 12:00", zone)) == at("2010-11-07 00:00", zone)
        assert is_open(rules, at("2010-11-06 23:30", zone, fold=1))
        assert not is_open(rules, at("2010-11-06 23:30", zone, fold=0))
        end = at("2010-11-08 00:00", zone)
        assert between(rules, at("2010-11-06 23:30", zone, fold=1), end) == 24.5 * HOUR

    def test_gap_over_midnight_moves_the_close_past_it(self):
        # Half an hour before midnight Toronto went on to 00:30 of Monday.
        zone = "America/Toronto"
        rules = calendar(zone, "22:00-24:00", [6])
        assert is_open(rules, at("1919-03-31 00:45", zone))
        assert next_close(rules, at("1919-03-30 22:00", zone)) == at("1919-03-31 01:00", zone)
        assert add(rules, at("1919-03-30 22:00", zone), 2 * HOUR) == at("1919-03-31 01:00", zone)


class TestDateLeftOut:
    """Apia went from Thursday 29 to Saturday 31 December 2011."""

    ZONE = "Pacific/Apia"

    def test_hours_of_the_missing_friday_are_not_worked_on_saturday(self):
        rules = calendar(self.ZONE)
        start = at("2011-12-29 16:00", self.ZONE)
        assert add(rules, start, 2 * HOUR) == at("2012-01-02 10:00", self.ZONE)
        assert not is_open(rules, at("2011-12-31 12:00", self.ZONE))

    def test_missing_friday_is_no_working_day(self):
        rules = calendar(self.ZONE)
        start = at("2011-12-29 12:00", self.ZONE)
        assert add_working_days(rules, start, 1) == at("2012-01-02 12:00", self.ZONE)

    def test_night_over_the_missing_day_keeps_its_length(self):
        rules = calendar(self.ZONE, windows=week("22:00-06:00", [3]))
        start = at("2011-12-29 22:00", self.ZONE)
        assert next_close(rules, start) == at("2011-12-31 06:00", self.ZONE)
        assert between(rules, start, at("2011-12-31 12:00", self.ZONE)) == 8 * HOUR

    def test_always_open_has_no_hole(self):
        rules = calendar(self.ZONE, "00:00-24:00", EVERY_DAY, breaks={"2012-01-05": "12:00-13:00"})
        start = at("2011-12-29 12:00", self.ZONE)
        assert next_close(rules, start) == at("2012-01-05 12:00", self.ZONE)
        assert between(rules, start, at("2011-12-31 12:00", self.ZONE)) == 24 * HOUR

    def test_break_on_the_missing_day_takes_nothing(self):
        rules = calendar(self.ZONE, "00:00-24:00", EVERY_DAY, breaks={"2011-12-30": "12:00-13:00"})
        start, end = at("2011-12-31 00:00", self.ZONE), at("2012-01-01 00:00", self.ZONE)
        assert between(rules, start, end) == 24 * HOUR
        assert prev_close(rules, end) == end


@pytest.mark.parametrize("zone", ["Mars/Olympus", "../../etc/passwd", "localtime", "Europe"])
def test_question_to_a_calendar_in_an_unknown_zone_is_refused(zone):
    with pytest.raises(ZoneUnknown):
        is_open(calendar(zone), at("2026-11-16 09:00"))
