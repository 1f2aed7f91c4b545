"""What a calendar can say and nobody means is refused, at the entry that says it."""

import pytest

from tests.unit.worktime.support import calendar, week
from worktime.rules import Calendar, CalendarInvalid, Holiday, Window
from worktime.rules.judging import MOST_ENTRIES, refuse_slips, slips


def codes(**said):
    return [(problem.field, problem.code) for problem in slips(calendar(**said))]


@pytest.mark.parametrize(
    "hours",
    [
        "09:00-17:00",
        "09:00-12:00 13:00-17:00",
        "09:00-12:00 12:00-17:00",
        "22:00-06:00",
        "19:00-07:00",
        "00:00-24:00",
        "06:00-00:00",
        "00:00-23:59",
    ],
)
def test_hours_that_can_be_meant_are_kept(hours):
    assert codes(open_hours=hours) == []


@pytest.mark.parametrize("hours", ["17:00-09:00", "18:00-06:01", "09:00-08:59", "00:02-00:01"])
def test_night_of_more_than_half_a_day_is_taken_for_hours_the_wrong_way_round(hours):
    assert codes(open_hours=hours, days=[2]) == [("windows[0]", "night_too_long")]


def test_hours_the_wrong_way_round_are_offered_the_right_way_round():
    (problem,) = slips(calendar(open_hours="17:00-09:00", days=[2]))
    assert "Write 09:00–17:00" in problem.message
    assert "for 16 h" in problem.message


@pytest.mark.parametrize("hours", ["09:00-09:00", "00:00-00:00"])
def test_hours_without_a_length_are_refused(hours):
    assert codes(open_hours=hours, days=[0]) == [("windows[0]", "hours_empty")]


def test_hours_of_breaks_and_shifts_are_judged_too():
    found = codes(
        breaks={"2026-11-20": "14:00-13:00"}, shifts={"2026-11-21": "08:00-09:00 7:00-7:00"}
    )
    assert found == [("breaks[0]", "night_too_long"), ("shifts[0].windows[1]", "hours_empty")]


@pytest.mark.parametrize(
    ("windows", "path"),
    [
        (week("09:00-12:00 11:59-17:00", days=[3]), "windows[1]"),
        (week("09:00-17:00 10:00-11:00", days=[3]), "windows[1]"),
        (week("09:00-17:00 09:00-17:00", days=[3]), "windows[1]"),
        (week("22:00-06:00", days=[0]) + week("05:59-09:00", days=[1]), "windows[1]"),
        (week("05:59-09:00", days=[0]) + week("22:00-06:00", days=[6]), "windows[0]"),
    ],
)
def test_windows_that_overlap_are_refused_at_the_later_one(windows, path):
    assert codes(windows=windows) == [(path, "hours_overlap")]


@pytest.mark.parametrize(
    "windows",
    [
        week("22:00-06:00", days=[0]) + week("06:00-09:00", days=[1]),
        week("06:00-09:00", days=[0]) + week("22:00-06:00", days=[6]),
        week("22:00-06:00", days=range(7)),
        week("00:00-24:00", days=range(7)),
    ],
)
def test_windows_that_touch_are_kept(windows):
    assert codes(windows=windows) == []


def test_overlap_names_both_windows():
    windows = week("22:00-06:00", days=[6]) + week("05:00-09:00", days=[0])
    (problem,) = slips(calendar(windows=windows))
    assert "Sunday's 22:00–06:00 and Monday's 05:00–09:00 overlap" in problem.message


def test_breaks_overlap_on_one_date_only():
    assert codes(breaks={"2026-11-20": "10:00-12:00 11:00-13:00"}) == [
        ("breaks[1]", "hours_overlap")
    ]
    assert codes(breaks={"2026-11-20": "10:00-12:00", "2026-11-21": "11:00-13:00"}) == []


def test_hours_of_one_shift_overlap():
    found = codes(shifts={"2026-11-20": "10:00-12:00 11:00-13:00"})
    assert found == [("shifts[0].windows[1]", "hours_overlap")]


def test_closed_day_twice_is_refused_at_the_second():
    twice = Calendar(
        "UTC",
        windows=week("09:00-17:00"),
        holidays=[
            *calendar(holidays={"2026-12-24": "", "12-24": "", "2026-12-25": ""}).holidays,
            *calendar(holidays={"12-24": "again", "2026-12-25": "again"}).holidays,
        ],
    )
    found = [(problem.field, problem.code) for problem in slips(twice)]
    assert found == [("holidays[3]", "holiday_twice"), ("holidays[4]", "holiday_twice")]


@pytest.mark.parametrize(
    ("day", "is_kept"), [("1999-12-31", False), ("2000-01-01", True), ("2101-01-01", False)]
)
def test_years_that_are_typing_errors_are_refused(day, is_kept):
    for found in (
        codes(holidays={day: ""}),
        codes(breaks={day: "9:00-10:00"}),
        codes(shifts={day: ""}),
    ):
        assert (found == []) is is_kept


def test_name_that_nobody_reads_is_refused():
    assert codes(holidays={"2026-12-24": "x" * 100}) == []
    assert codes(holidays={"2026-12-24": "x" * 101}) == [("holidays[0].name", "name_too_long")]


def test_a_thousand_entries_are_kept_and_more_are_refused_at_once():
    many = [Holiday(yearly=(12, 24))] * (MOST_ENTRIES + 1)
    (problem,) = slips(Calendar("UTC", windows=[Window(0, 540, 1020)], holidays=many))
    assert (problem.field, problem.code) == ("holidays", "too_many")
    assert len(slips(Calendar("UTC", holidays=many[1:]))) == MOST_ENTRIES - 1


def test_refusal_names_everything_at_once():
    with pytest.raises(CalendarInvalid) as refusal:
        refuse_slips(calendar(open_hours="9:00-9:00", days=[0, 1]))
    assert len(refusal.value.problems) == 2
    refuse_slips(calendar())
