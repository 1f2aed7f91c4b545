"""The reasons beside a due time."""

import pytest

from tests.unit.worktime.support import HOUR, at, calendar, utc
from worktime.rules import (
    Break,
    Calendar,
    Holiday,
    Shift,
    SpanReversed,
    Window,
    between,
    explain,
)


def lines(rules, start, end):
    """Each span as day and times on the wall of UTC, its reason and its note."""
    return [
        (f"{span.start:%a %H:%M}-{span.end:%a %H:%M}", str(span.why), span.note)
        for span in explain(rules, start, end)
    ]


def test_explain_over_a_holiday_names_it():
    rules = calendar(
        open_hours="09:00-12:30 13:30-18:00", holidays={"2026-11-18": "Day of Repentance"}
    )
    assert lines(rules, utc("2026-11-17 16:30"), utc("2026-11-19 11:30")) == [
        ("Tue 16:30-Tue 18:00", "open", ""),
        ("Tue 18:00-Wed 00:00", "outside_hours", "outside working hours"),
        ("Wed 00:00-Thu 00:00", "holiday", "Day of Repentance"),
        ("Thu 00:00-Thu 09:00", "outside_hours", "outside working hours"),
        ("Thu 09:00-Thu 11:30", "open", ""),
    ]


def test_explain_over_a_weekend_is_one_closed_span():
    assert lines(calendar(), utc("2026-11-20 16:00"), utc("2026-11-23 10:00")) == [
        ("Fri 16:00-Fri 17:00", "open", ""),
        ("Fri 17:00-Sat 00:00", "outside_hours", "outside working hours"),
        ("Sat 00:00-Mon 00:00", "closed_day", "no working hours that day"),
        ("Mon 00:00-Mon 09:00", "outside_hours", "outside working hours"),
        ("Mon 09:00-Mon 10:00", "open", ""),
    ]


def test_explain_of_a_break_takes_only_what_was_open():
    day = utc("2026-11-20 00:00").date()
    rules = Calendar(
        "UTC",
        windows=[Window(4, 9 * 60, 18 * 60)],
        breaks=[Break(day, 16 * 60, 20 * 60, "team day"), Break(day, 10 * 60, 10 * 60 + 15)],
    )
    assert lines(rules, utc("2026-11-20 09:00"), utc("2026-11-20 21:00")) == [
        ("Fri 09:00-Fri 10:00", "open", ""),
        ("Fri 10:00-Fri 10:15", "break", "break"),
        ("Fri 10:15-Fri 16:00", "open", ""),
        ("Fri 16:00-Fri 18:00", "break", "team day"),
        ("Fri 18:00-Fri 21:00", "outside_hours", "outside working hours"),
    ]


def test_explain_of_a_break_on_a_holiday_names_the_holiday():
    rules = calendar(holidays={"2026-11-18": ""}, breaks={"2026-11-18": "10:00-11:00"})
    assert lines(rules, utc("2026-11-18 09:00"), utc("2026-11-18 12:00")) == [
        ("Wed 09:00-Wed 12:00", "holiday", "holiday")
    ]


def test_explain_of_the_night_after_a_holiday_names_the_holiday_until_its_hours_end():
    rules = calendar(open_hours="22:00-06:00", holidays={"2026-11-18": "Night off"})
    assert lines(rules, utc("2026-11-17 22:00"), utc("2026-11-19 12:00")) == [
        ("Tue 22:00-Wed 06:00", "open", ""),
        ("Wed 06:00-Thu 06:00", "holiday", "Night off"),
        ("Thu 06:00-Thu 12:00", "outside_hours", "outside working hours"),
    ]


def test_explain_of_a_day_closed_by_a_shift_gives_its_name():
    day = utc("2026-11-20 00:00").date()
    rules = Calendar("UTC", windows=[Window(4, 540, 1020)], shifts=[Shift(day, (), "moving")])
    assert lines(rules, utc("2026-11-20 09:00"), utc("2026-11-20 17:00")) == [
        ("Fri 09:00-Fri 17:00", "closed_day", "moving")
    ]


def test_explain_of_an_always_open_calendar_is_one_span():
    rules = calendar("Europe/Berlin", "00:00-24:00", range(7))
    start, end = at("2026-10-20 12:00", "Europe/Berlin"), at("2026-10-28 12:00", "Europe/Berlin")
    (span,) = explain(rules, start, end)
    assert span.counted
    assert span.seconds == between(rules, start, end) == (8 * 24 + 1) * HOUR


def test_explain_starts_and_ends_inside_a_reason():
    assert lines(calendar(), utc("2026-11-21 03:00"), utc("2026-11-21 04:00")) == [
        ("Sat 03:00-Sat 04:00", "closed_day", "no working hours that day")
    ]


def test_explain_of_a_holiday_in_the_gap_of_the_date_line_leaves_the_next_day():
    zone = "Pacific/Apia"
    missing = Holiday(date=at("2011-12-30 12:00").date(), name="the day that was not")
    rules = Calendar(zone, windows=[Window(3, 540, 1020)], holidays=[missing])
    spans = explain(rules, at("2011-12-29 09:00", zone), at("2011-12-31 09:00", zone))
    assert [str(span.why) for span in spans] == ["open", "outside_hours", "closed_day"]


def test_explain_of_nothing_is_empty():
    assert explain(calendar(), utc("2026-11-16 09:00"), utc("2026-11-16 09:00")) == []


def test_explain_backwards_is_refused():
    with pytest.raises(SpanReversed):
        explain(calendar(), utc("2026-11-16 10:00"), utc("2026-11-16 09:00"))
