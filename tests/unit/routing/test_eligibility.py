"""Who may be picked at an instant, and the reason where not."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import combinations
from zoneinfo import ZoneInfo

import pytest

from routing.choices import Exclusion
from routing.rules import Code, Excluded, Period, Room, Standing, excluded
from routing.rules.eligibility import first_lacking

NOW = datetime(2026, 11, 17, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)


TODAY = Period.at(NOW, UTC)


def standing(**changes):
    room = {name: changes.pop(name) for name in list(changes) if name in Room.__slots__}
    return Standing(**{"is_active": True, "weight": 1, "room": Room(**room)} | changes)


def test_codes_are_those_that_turns_are_stored_with():
    assert {code.value for code in Code} == set(Exclusion.values)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"open_count": 1_000_000},
        {"open_count": 2, "capacity": 3},
        {"paused_at": NOW + HOUR},
        {"paused_at": NOW + HOUR, "paused_until": NOW + 2 * HOUR},
        {"paused_at": NOW - HOUR, "paused_until": NOW},
        {"day_count": 4, "day_limit": 5, "week_count": 4, "week_limit": 5},
        {"day_count": 1_000_000, "week_count": 1_000_000},
        {"is_at_work": False},
        {"needs_hours": True},
    ],
)
def test_excluded_free_member_is_a_candidate(changes):
    assert excluded(standing(**changes), NOW) is None


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"is_active": False}, Excluded(Code.INACTIVE)),
        ({"weight": 0}, Excluded(Code.NO_WEIGHT)),
        ({"away_until": NOW + HOUR}, Excluded(Code.TIME_OFF, until=NOW + HOUR)),
        ({"paused_at": NOW}, Excluded(Code.PAUSED)),
        (
            {"paused_at": NOW - HOUR, "paused_until": NOW + HOUR},
            Excluded(Code.PAUSED, until=NOW + HOUR),
        ),
        (
            {"open_count": 3, "capacity": 3},
            Excluded(Code.AT_CAPACITY, open_count=3, capacity=3),
        ),
        (
            {"open_count": 5, "capacity": 3},
            Excluded(Code.AT_CAPACITY, open_count=5, capacity=3),
        ),
        ({"capacity": 0}, Excluded(Code.AT_CAPACITY, open_count=0, capacity=0)),
        (
            {"day_count": 5, "day_limit": 5},
            Excluded(Code.AT_DAY_LIMIT, until=TODAY.day_ends, count=5, limit=5),
        ),
        (
            {"week_count": 6, "week_limit": 5},
            Excluded(Code.AT_WEEK_LIMIT, until=TODAY.week_ends, count=6, limit=5),
        ),
        (
            {"needs_hours": True, "is_at_work": False, "opens_at": NOW + HOUR},
            Excluded(Code.OUT_OF_HOURS, until=NOW + HOUR),
        ),
        (
            {"lacks": ("language", "german")},
            Excluded(Code.NO_SKILL, kind="language", value="german"),
        ),
    ],
)
def test_excluded_says_why_and_until_when(changes, expected):
    assert excluded(standing(**changes), NOW, TODAY) == expected


def test_excluded_several_reasons_names_the_most_lasting():
    in_order = {
        "inactive": {"is_active": False},
        "no_weight": {"weight": 0},
        "no_skill": {"lacks": ("product", "crm")},
        "time_off": {"away_until": NOW + HOUR},
        "paused": {"paused_at": NOW},
        "at_week_limit": {"week_limit": 0},
        "out_of_hours": {"needs_hours": True, "is_at_work": False},
        "at_day_limit": {"day_limit": 0},
        "at_capacity": {"capacity": 0},
    }
    assert set(in_order) | {"conflict", "timed_out"} == set(Exclusion.values)
    for first, second in combinations(in_order, 2):
        found = excluded(standing(**in_order[first], **in_order[second]), NOW, TODAY)
        assert found.code == first


@pytest.mark.parametrize(
    ("now", "zone", "day", "week"),
    [
        # Sunday evening in UTC is Monday in Berlin, and still Sunday in New York.
        (datetime(2026, 11, 22, 23, 30, tzinfo=UTC), "Europe/Berlin", (11, 23), (11, 23)),
        (datetime(2026, 11, 22, 23, 30, tzinfo=UTC), "America/New_York", (11, 22), (11, 16)),
        (datetime(2027, 1, 1, 0, 0, tzinfo=UTC), "UTC", (1, 1), (12, 28)),
    ],
)
def test_period_is_the_day_and_the_monday_of_the_zone(now, zone, day, week):
    period = Period.at(now, ZoneInfo(zone))
    assert (period.day.month, period.day.day) == day
    assert (period.week.month, period.week.day) == week
    assert period.week.weekday() == 0


def test_period_ends_with_the_zones_midnight_also_where_clocks_change():
    # Berlin goes back to winter time in the night before.
    period = Period.at(datetime(2026, 10, 25, 12, tzinfo=UTC), ZoneInfo("Europe/Berlin"))
    assert (period.day, period.week) == (date(2026, 10, 25), date(2026, 10, 19))
    assert period.day_ends == period.week_ends == datetime(2026, 10, 25, 23, tzinfo=UTC)


def test_room_taken_counts_everywhere_until_something_is_full():
    room = Room(capacity=9, day_limit=2, week_limit=9)
    assert room.full() is room.taken().full() is None
    assert room.taken().taken().full().code == Code.AT_DAY_LIMIT
    assert replace(room, day_limit=None, capacity=2).taken().taken().full().code == Code.AT_CAPACITY


@pytest.mark.parametrize(
    ("wanted", "asks", "has", "lacks"),
    [
        (["language"], {}, (), None),
        ([], {"language": "german"}, (), None),
        (["language"], {"product": "crm"}, (), None),
        (["language"], {"language": "german"}, {("language", "german")}, None),
        (["language"], {"language": "german"}, {("product", "german")}, ("language", "german")),
        (
            ["product", "language"],
            {"language": "german", "product": "crm"},
            (),
            ("product", "crm"),
        ),
    ],
)
def test_first_lacking_is_what_the_pool_looks_at_and_the_lead_asks_for(wanted, asks, has, lacks):
    assert first_lacking(wanted, asks, has) == lacks
