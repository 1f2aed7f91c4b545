"""Spans of time drawn by day."""

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.worktime.support import HOUR, at, calendar, utc
from worktime.rules import between, explain
from worktime.rules.days import KEPT_DAYS, MOST_DAYS, by_day

OFFICE = {"open_hours": "09:00-17:00"}


def drawn(rules, start, due, zone="UTC"):
    first, last = utc(f"{start:%Y-%m-%d} 00:00"), utc(f"{due:%Y-%m-%d} 00:00") + timedelta(days=1)
    return by_day(explain(rules, first, last), zone=zone, start=start, due=due)


def told(days):
    return [
        (
            f"{row.day:%a}",
            [(piece.kind, piece.x, piece.width) for piece in row.pieces],
            row.seconds / HOUR,
            row.notes,
        )
        for row in days.rows
    ]


def test_days_tell_what_counted_from_what_was_only_open():
    days = drawn(calendar(**OFFICE), utc("2026-11-17 13:00"), utc("2026-11-18 11:00"))
    assert told(days) == [
        ("Tue", [("open", 0, 50), ("counted", 50, 50)], 4, ()),
        ("Wed", [("counted", 0, 25), ("open", 25, 75)], 2, ()),
    ]
    assert [row.due_x for row in days.rows] == [None, 25]
    assert [(hour.x, hour.text) for hour in days.hours] == [
        (0, "09:00"),
        (37.5, "12:00"),
        (75, "15:00"),
    ]


def test_days_draw_holidays_and_breaks_and_name_them():
    rules = calendar(
        **OFFICE, holidays={"2026-11-18": "Day off"}, breaks={"2026-11-19": "09:00-11:00"}
    )
    days = drawn(rules, utc("2026-11-17 15:00"), utc("2026-11-19 13:00"))
    assert told(days) == [
        ("Tue", [("open", 0, 75), ("counted", 75, 25)], 2, ()),
        ("Wed", [("holiday", 0, 100)], 0, ("Day off",)),
        ("Thu", [("break", 0, 25), ("counted", 25, 25), ("open", 50, 50)], 2, ("break",)),
    ]


def test_days_of_a_long_time_fold_those_in_the_middle():
    rules = calendar(**OFFICE, holidays={"2026-11-25": "Feast"})
    days = drawn(rules, utc("2026-11-16 09:00"), utc("2026-12-04 17:00"))
    assert len(days.rows) == 2 * KEPT_DAYS + 1 == MOST_DAYS
    folded = days.rows[KEPT_DAYS]
    assert folded.is_folded
    assert (f"{folded.day:%m-%d}", f"{folded.last:%m-%d}") == ("11-20", "11-30")
    assert (folded.seconds / HOUR, folded.notes) == (6 * 8, ("Feast",))


def test_days_are_those_of_the_zone_and_a_night_belongs_to_two():
    zone = "Asia/Kolkata"
    rules = calendar(zone, "22:00-02:00", range(7))
    start, due = at("2026-11-17 23:00", zone), at("2026-11-18 01:00", zone)
    first, last = at("2026-11-17 00:00", zone), at("2026-11-19 00:00", zone)
    days = by_day(explain(rules, first, last), zone=zone, start=start, due=due)
    assert [row.seconds / HOUR for row in days.rows] == [1, 1]
    assert days.hours[0].text == "00:00"


def test_days_of_a_moment_are_one_day():
    days = drawn(calendar(**OFFICE), utc("2026-11-17 10:00"), utc("2026-11-17 10:00"))
    assert [(row.seconds, row.due_x) for row in days.rows] == [(0, 12.5)]


moments = st.integers(0, 60 * 24 * 60).map(
    lambda minute: utc("2026-10-05 00:00") + timedelta(minutes=minute)
)


@settings(max_examples=100, deadline=None, database=None)
@given(moments, moments)
def test_days_count_together_what_the_calendar_counts(one, other):
    start, due = min(one, other), max(one, other)
    rules = calendar("Europe/Berlin", "09:00-12:00 13:00-18:00", holidays={"2026-11-18": ""})
    first, last = start - timedelta(days=2), due + timedelta(days=2)
    days = by_day(explain(rules, first, last), zone="Europe/Berlin", start=start, due=due)
    assert sum(row.seconds for row in days.rows) == between(rules, start, due)
    assert len(days.rows) <= MOST_DAYS
    for row in days.rows:
        assert all(0 <= piece.x <= piece.x + piece.width <= 100.001 for piece in row.pieces)
