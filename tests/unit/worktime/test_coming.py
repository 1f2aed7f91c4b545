"""The dates ahead that differ."""

from datetime import date

from tests.unit.worktime.support import calendar
from worktime.rules.coming import coming


def told(said, first="2026-11-20", most=9):
    return [
        (str(one.day), one.words)
        for one in coming(said, first=date.fromisoformat(first), most=most)
    ]


def test_coming_tells_closed_days_breaks_and_shifts_in_order():
    said = calendar(
        holidays={"2026-12-25": "Christmas Day", "2026-11-19": "past", "11-20": ""},
        breaks={"2026-11-21": "14:00-18:00"},
        shifts={"2026-11-22": "10:00-14:00 15:00-16:00", "2026-11-23": ""},
    )
    assert told(said) == [
        ("2026-11-20", "closed"),
        ("2026-11-21", "closed 14:00–18:00"),
        ("2026-11-22", "open 10:00–14:00, 15:00–16:00"),
        ("2026-11-23", "closed"),
        ("2026-12-25", "closed: Christmas Day"),
    ]
    assert len(told(said, most=2)) == 2


def test_coming_tells_a_day_of_every_year_when_it_comes_next():
    assert told(calendar(holidays={"11-19": "Founders"})) == [("2027-11-19", "closed: Founders")]
    assert told(calendar(holidays={"02-29": ""})) == [("2028-02-29", "closed")]
    assert told(calendar(holidays={"02-29": ""}), first="2096-03-01") == [("2104-02-29", "closed")]


def test_coming_says_what_a_closed_day_leaves_without_effect():
    said = calendar(holidays={"2026-12-25": "Christmas Day"}, shifts={"2026-12-25": "10:00-14:00"})
    assert told(said) == [
        ("2026-12-25", "closed: Christmas Day"),
        ("2026-12-25", "open 10:00–14:00 (no effect on a closed day)"),
    ]


def test_coming_names_a_closed_day_once():
    said = calendar(holidays={"2026-12-25": "Own", "12-25": "Every year"})
    assert told(said) == [("2026-12-25", "closed: Own")]
