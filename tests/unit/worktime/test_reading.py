"""The JSON form of a calendar, and what is said about data that cannot be read."""

from datetime import date

import pytest

from worktime.rules import (
    Break,
    Calendar,
    CalendarInvalid,
    Holiday,
    Hours,
    Shift,
    Window,
    preset_calendars,
    read_open_calendar,
)
from worktime.rules.public_holidays import holiday_regions, public_holidays

TODAY = date(2026, 11, 20)
OFFICE = preset_calendars("Europe/Berlin")["Mon-Fri 09:00-17:00"]


def problems(change, read=Calendar.from_data):
    with pytest.raises(CalendarInvalid) as refusal:
        read({**OFFICE, **change})
    return [(problem.field, problem.code) for problem in refusal.value.problems]


def test_from_data_reads_every_part():
    data = {
        "zone": "Europe/Berlin",
        "windows": [
            {"day": "mon", "start": "09:00", "end": "17:30"},
            {"day": "sun", "start": "22:00", "end": "24:00"},
        ],
        "holidays": [
            {"date": "2026-12-25", "name": "Christmas Day"},
            {"yearly": "12-24", "name": "own day"},
            {"yearly": "02-29"},
        ],
        "breaks": [{"date": "2026-11-20", "start": "14:00", "end": "18:00", "name": "team day"}],
        "shifts": [
            {"date": "2026-11-21", "windows": [{"start": "10:00", "end": "14:00"}]},
            {"date": "2026-11-24", "windows": []},
        ],
    }
    calendar = Calendar.from_data(data)
    assert calendar == Calendar(
        "Europe/Berlin",
        windows=(Window(0, 540, 1050), Window(6, 1320, 1440)),
        holidays=(
            Holiday(date=date(2026, 12, 25), name="Christmas Day"),
            Holiday(yearly=(12, 24), name="own day"),
            Holiday(yearly=(2, 29)),
        ),
        breaks=(Break(date(2026, 11, 20), 840, 1080, "team day"),),
        shifts=(Shift(date(2026, 11, 21), (Hours(600, 840),)), Shift(date(2026, 11, 24))),
    )
    assert calendar.to_data() == data


def test_from_data_accepts_long_weekdays_and_short_hours():
    data = {"zone": "UTC", "windows": [{"day": "Monday", "start": "9:00", "end": "17:00:00"}]}
    assert Calendar.from_data(data).windows == (Window(0, 540, 1020),)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"zone": "Europe/Berln"}, ("zone", "zone_unknown")),
        ({"zone": "../../etc/passwd"}, ("zone", "zone_unknown")),
        ({"zone": "Europe"}, ("zone", "zone_unknown")),
        ({"zone": "posixrules"}, ("zone", "zone_unknown")),
        ({"zone": "UTC\0"}, ("zone", "zone_unknown")),
        ({"zone": ""}, ("zone", "zone_missing")),
        ({"zone": 2}, ("zone", "zone_missing")),
        ({"windows": {}}, ("windows", "list_expected")),
        ({"windows": None}, ("windows", "list_expected")),
        ({"windows": ["mon"]}, ("windows[0]", "object_expected")),
        ({"holiday": []}, ("holiday", "key_unknown")),
        ({"holidays": [{}]}, ("holidays[0]", "object_expected")),
        ({"holidays": [{"name": "x"}]}, ("holidays[0]", "holiday_date_missing")),
        (
            {"holidays": [{"date": "2026-12-25", "yearly": "12-25"}]},
            ("holidays[0]", "holiday_date_missing"),
        ),
        ({"holidays": [{"date": "2026-02-30"}]}, ("holidays[0].date", "date_invalid")),
        ({"holidays": [{"date": "20261225"}]}, ("holidays[0].date", "date_invalid")),
        ({"holidays": [{"date": 5}]}, ("holidays[0].date", "date_invalid")),
        ({"holidays": [{"yearly": "02-30"}]}, ("holidays[0].yearly", "yearly_invalid")),
        ({"holidays": [{"yearly": "25.12."}]}, ("holidays[0].yearly", "yearly_invalid")),
        ({"holidays": [{"yearly": "12-25", "name": 3}]}, ("holidays[0].name", "name_invalid")),
        (
            {"breaks": [{"date": "2026-12-25", "start": "10:00", "end": "25:00"}]},
            ("breaks[0].end", "time_invalid"),
        ),
        ({"breaks": [{"start": "10:00", "end": "11:00"}]}, ("breaks[0].date", "date_invalid")),
        ({"shifts": [{"date": "2026-12-25"}]}, ("shifts[0].windows", "shift_hours_missing")),
        (
            {"shifts": [{"date": "2026-12-25", "windows": [{"start": "10:00"}]}]},
            ("shifts[0].windows[0].end", "time_invalid"),
        ),
        (
            {"shifts": [{"date": "2026-12-25", "windows": []}] * 2},
            ("shifts[1].date", "shift_twice"),
        ),
    ],
)
def test_from_data_with_one_mistake_names_its_place(change, expected):
    assert problems(change) == [expected]


@pytest.mark.parametrize(
    ("window", "expected"),
    [
        ({"day": "mo", "start": "09:00", "end": "17:00"}, ("day", "day_unknown")),
        ({"day": 0, "start": "09:00", "end": "17:00"}, ("day", "day_unknown")),
        ({"day": "mon", "start": "24:00", "end": "17:00"}, ("start", "time_invalid")),
        ({"day": "mon", "start": "09:60", "end": "17:00"}, ("start", "time_invalid")),
        ({"day": "mon", "start": "09:00", "end": "24:01"}, ("end", "time_invalid")),
        ({"day": "mon", "start": "09:00:30", "end": "17:00"}, ("start", "time_invalid")),
        ({"day": "mon", "start": 540, "end": "17:00"}, ("start", "time_invalid")),
        ({"day": "mon", "start": "٠٩:٠٠", "end": "17:00"}, ("start", "time_invalid")),
    ],
)
def test_from_data_with_a_bad_window_names_its_field(window, expected):
    field, code = expected
    assert problems({"windows": [window]}) == [(f"windows[0].{field}", code)]


def test_from_data_collects_every_mistake():
    change = {"zone": "x", "windows": [{"day": "noday"}], "holidays": [{"date": "never"}]}
    assert problems(change) == [
        ("zone", "zone_unknown"),
        ("windows[0].day", "day_unknown"),
        ("windows[0].start", "time_invalid"),
        ("windows[0].end", "time_invalid"),
        ("holidays[0].date", "date_invalid"),
    ]


@pytest.mark.parametrize("data", [None, [], "office", {}])
def test_from_data_that_is_no_object_is_refused(data):
    with pytest.raises(CalendarInvalid):
        Calendar.from_data(data)


def test_unknown_zone_message_names_a_similar_one():
    with pytest.raises(CalendarInvalid) as refusal:
        Calendar.from_data({**OFFICE, "zone": "Europe/Berln"})
    assert refusal.value.message.endswith("Did you mean Europe/Berlin?")


def test_read_open_calendar_without_any_hours_is_refused():
    assert problems({"windows": []}, lambda data: read_open_calendar(data, today=TODAY)) == [
        ("windows", "never_open")
    ]


@pytest.mark.parametrize(
    ("day", "opens"),
    [("2026-11-19", False), ("2026-11-20", True), ("2028-11-19", True), ("2028-11-22", False)],
)
def test_read_open_calendar_with_one_shift_needs_it_within_two_years(day, opens):
    shift = {"date": day, "windows": [{"start": "10:00", "end": "12:00"}]}
    data = {"zone": "Europe/Berlin", "shifts": [shift]}
    if opens:
        assert read_open_calendar(data, today=TODAY).shifts
    else:
        with pytest.raises(CalendarInvalid):
            read_open_calendar(data, today=TODAY)


def test_presets_are_readable_calendars():
    for data in preset_calendars("Asia/Tokyo").values():
        calendar = read_open_calendar(data, today=TODAY)
        assert calendar.zone == "Asia/Tokyo"
        assert calendar.to_data() == data


@pytest.mark.parametrize(
    "build",
    [
        lambda: Window(7, 540, 1020),
        lambda: Window(0, 1440, 1020),
        lambda: Window(0, 540, 1441),
        lambda: Hours(-1, 60),
        lambda: Break(TODAY, 540, 2000),
        Holiday,
        lambda: Holiday(date=TODAY, yearly=(12, 25)),
    ],
)
def test_value_that_cannot_be_is_refused(build):
    with pytest.raises(ValueError):
        build()


class TestPublicHolidays:
    def test_region_adds_its_own_days(self):
        saxony = {day.date for day in public_holidays("DE", "SN", 2026)}
        germany = {day.date for day in public_holidays("DE", "", 2026)}
        assert date(2026, 11, 18) in saxony - germany
        assert germany < saxony

    def test_years_reach_from_two_before_to_ten_after(self):
        years = {day.date.year for day in public_holidays("FR", "", 2026)}
        assert years == set(range(2024, 2037))

    def test_names_are_english_where_the_tables_have_it(self):
        names = {day.date: day.name for day in public_holidays("DE", "", 2026)}
        assert names[date(2026, 12, 25)] == "Christmas Day"

    def test_no_country_means_no_holidays(self):
        assert public_holidays("", "", 2026) == ()

    @pytest.mark.parametrize(
        ("country", "region", "code"),
        [
            ("XX", "", "country_unknown"),
            ("DEU", "", "country_unknown"),
            ("DE", "Prussia", "region_unknown"),
            ("SM", "North", "region_unknown"),
            ("", "SN", "country_unknown"),
        ],
    )
    def test_unknown_place_is_refused(self, country, region, code):
        with pytest.raises(CalendarInvalid) as refusal:
            public_holidays(country, region, 2026)
        assert [problem.code for problem in refusal.value.problems] == [code]

    def test_table_that_ends_early_gives_what_it_has(self):
        last = max(day.date.year for day in public_holidays("IN", "", 2030))
        assert 2030 <= last <= 2040

    def test_every_offered_country_is_two_letters(self):
        assert all(len(code) == 2 for code in holiday_regions())
        assert "SN" in holiday_regions()["DE"]
