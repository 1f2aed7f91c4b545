"""Whole schedules as help desks and shops keep them, each with the promises made on them."""

from datetime import timedelta

import pytest

from tests.unit.worktime.support import HOUR, at, calendar, week
from worktime.rules import add, add_working_days, between, is_open, next_open, subtract

MINUTE = 60

# A support desk: long weekdays, Saturday mornings, public holidays.
DESK_ZONE = "America/Los_Angeles"
DESK = calendar(
    DESK_ZONE,
    windows=week("08:00-20:00") + week("09:00-13:00", [5]),
    holidays={"2026-11-26": "Thanksgiving", "2026-12-25": "Christmas", "01-01": "New Year"},
    shifts={"2026-11-27": "10:00-14:00", "2026-12-24": "08:00-12:00"},
)

# A shop: another day off, a siesta, late Fridays until after midnight.
SHOP_ZONE = "Europe/Madrid"
SHOP = calendar(
    SHOP_ZONE,
    windows=week("10:00-14:00 17:00-21:00", [1, 2, 3, 5]) + week("10:00-14:00 17:00-01:00", [4]),
    breaks={"2026-11-18": "11:00-11:45"},
)

# A Sunday-to-Thursday week, half an hour off the hour.
GULF_ZONE = "Asia/Tehran"
GULF = calendar(GULF_ZONE, "08:30-16:30", [5, 6, 0, 1, 2])

# A control room that never closes but for one test.
ROOM = calendar("UTC", "00:00-24:00", range(7), breaks={"2026-11-18": "02:00-02:30"})


@pytest.mark.parametrize(
    ("start", "hours", "due"),
    [
        ("2026-11-20 19:00", 1, "2026-11-20 20:00"),
        ("2026-11-20 19:00", 2, "2026-11-21 10:00"),
        ("2026-11-20 19:00", 5, "2026-11-21 13:00"),
        ("2026-11-20 19:00", 6, "2026-11-23 09:00"),
        ("2026-11-20 23:30", 4, "2026-11-21 13:00"),
        ("2026-11-22 03:00", 0, "2026-11-23 08:00"),
        ("2026-11-25 19:30", 1, "2026-11-27 10:30"),
        ("2026-11-25 20:00", 4, "2026-11-27 14:00"),
        ("2026-11-26 12:00", 4.5, "2026-11-28 09:30"),
        ("2026-12-24 11:00", 2, "2026-12-26 10:00"),
        ("2026-12-31 19:59", 0.5, "2027-01-02 09:29"),
        ("2026-10-31 12:00", 2, "2026-11-02 09:00"),
        ("2026-11-16 08:00", 64, "2026-11-21 13:00"),
    ],
)
def test_desk_replies_within_its_hours(start, hours, due):
    start, due = at(start, DESK_ZONE), at(due, DESK_ZONE)
    assert add(DESK, start, hours * HOUR) == due
    assert between(DESK, start, due) == hours * HOUR


@pytest.mark.parametrize(
    ("start", "days", "due"),
    [
        ("2026-11-20 15:00", 1, "2026-11-21 13:00"),
        ("2026-11-20 15:00", 2, "2026-11-23 15:00"),
        ("2026-11-25 15:00", 1, "2026-11-27 14:00"),
        ("2026-11-25 09:00", 1, "2026-11-27 10:00"),
        ("2026-11-22 15:00", 1, "2026-11-23 15:00"),
        ("2026-12-23 11:00", 2, "2026-12-26 11:00"),
        ("2026-12-31 11:00", 1, "2027-01-02 11:00"),
        ("2027-01-02 11:00", -1, "2026-12-31 11:00"),
    ],
)
def test_desk_counts_its_days(start, days, due):
    assert add_working_days(DESK, at(start, DESK_ZONE), days) == at(due, DESK_ZONE)


@pytest.mark.parametrize(
    ("start", "minutes", "due"),
    [
        ("2026-11-17 13:30", 60, "2026-11-17 17:30"),
        ("2026-11-17 13:30", 30, "2026-11-17 14:00"),
        ("2026-11-17 15:00", 1, "2026-11-17 17:01"),
        ("2026-11-18 10:30", 60, "2026-11-18 12:15"),
        ("2026-11-18 11:10", 1, "2026-11-18 11:46"),
        ("2026-11-20 23:00", 120, "2026-11-21 01:00"),
        ("2026-11-20 23:00", 121, "2026-11-21 10:01"),
        ("2026-11-21 20:30", 31, "2026-11-24 10:01"),
        ("2026-11-23 12:00", 0, "2026-11-24 10:00"),
    ],
)
def test_shop_serves_within_its_hours(start, minutes, due):
    start, due = at(start, SHOP_ZONE), at(due, SHOP_ZONE)
    assert add(SHOP, start, minutes * MINUTE) == due
    if minutes:
        assert subtract(SHOP, due, minutes * MINUTE) == next_open(SHOP, start)


def test_shop_week_adds_up():
    start, end = at("2026-11-16 00:00", SHOP_ZONE), at("2026-11-23 00:00", SHOP_ZONE)
    assert between(SHOP, start, end) == (4 * 8 + 12) * HOUR - 45 * MINUTE


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-11-19 10:00", False),
        ("2026-11-20 10:00", False),
        ("2026-11-21 08:29", False),
        ("2026-11-21 08:30", True),
        ("2026-11-22 16:29", True),
        ("2026-11-22 16:30", False),
    ],
)
def test_gulf_week_starts_on_saturday(moment, expected):
    assert is_open(GULF, at(moment, GULF_ZONE)) is expected


def test_gulf_weekend_lies_between_wednesday_and_saturday():
    start = at("2026-11-18 16:00", GULF_ZONE)
    assert add(GULF, start, HOUR) == at("2026-11-21 09:00", GULF_ZONE)
    assert add_working_days(GULF, start, 1) == at("2026-11-21 16:00", GULF_ZONE)


def test_room_loses_only_its_break():
    start = at("2026-11-18 00:00")
    assert add(ROOM, start, timedelta(days=1)) == at("2026-11-19 00:30")
    assert between(ROOM, at("2026-11-01 00:00"), at("2026-12-01 00:00")) == 30 * 24 * HOUR - 1800


def test_promises_made_in_one_zone_are_kept_in_another():
    """A ticket opened on a Tokyo morning reaches Los Angeles on its afternoon before."""
    start = at("2026-11-17 09:00", "Asia/Tokyo")
    assert start == at("2026-11-16 16:00", DESK_ZONE)
    assert add(DESK, start, 6 * HOUR) == at("2026-11-18 03:00", "Asia/Tokyo")
