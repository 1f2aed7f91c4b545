from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from review.rules.errors import WeekUnknown
from review.rules.weeks import Week, WeekRow, weeks_in

BERLIN = ZoneInfo("Europe/Berlin")
NEW_YORK = ZoneInfo("America/New_York")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")
ZONES = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Pacific/Chatham",
    "Pacific/Apia",
    "Africa/Cairo",
    "Asia/Beirut",
    "America/Sao_Paulo",
    "America/St_Johns",
    "Antarctica/Troll",
    "Africa/Casablanca",
    "Asia/Kathmandu",
]


@pytest.mark.parametrize("label", ["2026-W47", "2026-W01", "2026-W53", "2020-W53", "1970-W01"])
def test_parse_of_a_label_gives_the_week_with_that_label(label):
    assert Week.parse(label).label == label


@pytest.mark.parametrize(
    "label",
    [
        "",
        "2026",
        "2026-47",
        "2026-W4",
        "2026-W00",
        "2026-W54",
        "2025-W53",
        "0000-W01",
        "0001-W01",
        "9999-W52",
        "2026-w47",
        " 2026-W47",
        "2026-W47\n",
        "2026-W47-1",
        "２０２６-W47",
        "../../etc",
        "x" * 5000,
    ],
)
def test_parse_of_anything_else_is_refused_in_words(label):
    with pytest.raises(WeekUnknown) as refusal:
        Week.parse(label)

    assert refusal.value.status == 400
    assert len(refusal.value.message) < 120


def test_parse_of_week_53_in_a_short_year_says_how_many_there_are():
    with pytest.raises(WeekUnknown, match="2025 has the weeks 1 to 52; 53 is not one of them"):
        Week.parse("2025-W53")


@pytest.mark.parametrize(
    ("week", "start", "end", "hours"),
    [
        # Clocks go forward and back on a Sunday, so within the week.
        (Week(2026, 13), "2026-03-22T23:00", "2026-03-29T22:00", 167),
        (Week(2026, 43), "2026-10-18T22:00", "2026-10-25T23:00", 169),
        (Week(2026, 47), "2026-11-15T23:00", "2026-11-22T23:00", 168),
    ],
)
def test_bounds_in_berlin_are_local_mondays(week, start, end, hours):
    assert week.starts_at(BERLIN) == datetime.fromisoformat(start).replace(tzinfo=UTC)
    assert week.ends_at(BERLIN) == datetime.fromisoformat(end).replace(tzinfo=UTC)
    assert week.hours(BERLIN) == hours


@pytest.mark.parametrize(
    ("zone", "week", "hours"),
    [
        (NEW_YORK, Week(2026, 10), 167),
        (NEW_YORK, Week(2026, 44), 169),
        (NEW_YORK, Week(2026, 43), 168),
        # Half an hour, and the other way round: autumn is in April there.
        (LORD_HOWE, Week(2026, 14), 168.5),
        (LORD_HOWE, Week(2026, 40), 167.5),
    ],
)
def test_hours_of_a_week_with_a_clock_change_are_its_true_length(zone, week, hours):
    assert week.hours(zone) == hours


def test_bounds_of_a_zone_that_skipped_a_day_lose_that_day():
    # Apia went from Thursday 29 to Saturday 31 December 2011.
    assert Week(2011, 52).hours(ZoneInfo("Pacific/Apia")) == 144


@pytest.mark.parametrize(
    ("day", "label"),
    [
        (date(2024, 12, 30), "2025-W01"),
        (date(2021, 1, 3), "2020-W53"),
        (date(2027, 1, 3), "2026-W53"),
        (date(2027, 1, 4), "2027-W01"),
    ],
)
def test_containing_near_new_year_uses_the_iso_year(day, label):
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=BERLIN)

    assert Week.containing(noon, BERLIN).label == label


def test_containing_at_midnight_belongs_to_the_week_that_begins():
    midnight = datetime(2026, 11, 16, tzinfo=BERLIN)

    assert Week.containing(midnight, BERLIN).label == "2026-W47"
    assert Week.containing(midnight - timedelta(microseconds=1), BERLIN).label == "2026-W46"
    # The same instant is still Sunday evening in New York.
    assert Week.containing(midnight, NEW_YORK).label == "2026-W46"


@given(
    instant=st.integers(31_536_000, 4_102_444_800).map(
        lambda seconds: datetime.fromtimestamp(seconds, UTC)
    ),
    zone=st.sampled_from(ZONES).map(ZoneInfo),
)
@settings(max_examples=300, deadline=None)
def test_containing_of_any_instant_is_the_one_week_that_spans_it(instant, zone):
    week = Week.containing(instant, zone)

    assert week.starts_at(zone) <= instant < week.ends_at(zone)
    assert week.ends_at(zone) == week.shifted(1).starts_at(zone)
    assert Week.parse(week.label) == week


@pytest.mark.parametrize(
    ("week", "title"),
    [
        (Week(2026, 46), "Week 46, 9 to 15 Nov 2026"),
        (Week(2026, 44), "Week 44, 26 Oct to 1 Nov 2026"),
        (Week(2026, 53), "Week 53, 28 Dec 2026 to 3 Jan 2027"),
    ],
)
def test_title_says_month_and_year_once_where_they_are_the_same(week, title):
    assert week.title == title


def test_shifted_over_new_year_keeps_counting():
    assert Week(2026, 52).shifted(2) == Week(2027, 1)
    assert Week(2021, 1).shifted(-1) == Week(2020, 53)
    assert weeks_in(2020) == 53
    assert weeks_in(2021) == 52


def test_week_row_of_twelve_weeks_has_thirteen_bounds_in_order():
    row = WeekRow.of(Week(2026, 47).up_to_here(), BERLIN)

    assert len(row.weeks) == 12
    assert row.weeks[0].label == "2026-W36"
    assert row.start == row.weeks[0].starts_at(BERLIN)
    assert row.end == Week(2026, 47).ends_at(BERLIN)
    assert list(row.bounds) == sorted(row.bounds)
    assert len(row.bounds) == 13
