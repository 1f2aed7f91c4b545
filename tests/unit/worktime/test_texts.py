"""Hours as people write them, to the JSON form and back."""

import pytest

from worktime.rules import Calendar
from worktime.rules.texts import differences, read_texts, written

WEEK = {
    "zone": "Europe/Berlin",
    "mon": "09:00-12:30, 13:30-18:00",
    "tue": "22:00-06:00",
    "holidays": "2026-12-31 Year's end\n12-24 Christmas Eve",
    "breaks": "2026-11-20 14:00-18:00 Team day",
    "shifts": "2026-11-21 10:00-14:00, 15:00-16:00 Trade fair\n2026-11-23 closed Stocktaking",
}


def form(text, field="mon"):
    return read_texts({field: text}).data


def test_texts_become_a_calendar_that_is_written_the_same():
    data = read_texts(WEEK).data
    texts = written(data, "Europe/Berlin", "", "")
    assert texts["shifts"] == WEEK["shifts"]
    assert {name: texts[name] for name in WEEK} == WEEK
    again = read_texts(texts).data
    assert Calendar.from_data(again) == Calendar.from_data(data)


@pytest.mark.parametrize(
    "text", ["9-17", "9.00-17.00", "09:00–17:00", "09:00 — 17:00", " 9:00 - 17:00 ;"]
)
def test_hours_are_read_however_they_are_typed(text):
    (window,) = Calendar.from_data(
        {"zone": "UTC", **read_texts({"mon": text, "zone": "UTC"}).data}
    ).windows
    assert (window.start, window.end) == (540, 1020)


@pytest.mark.parametrize("text", ["", "closed", "Closed", " , "])
def test_nothing_is_closed(text):
    assert form(text)["windows"] == []


@pytest.mark.parametrize("text", ["09:00", "09:00-", "-17:00", "nine to five"])
def test_hours_that_are_none_say_how_to_write_them(text):
    ((field, said),) = read_texts({"wed": text}).problems
    assert field == "wed"
    assert "09:00-12:30, 13:30-18:00" in said


@pytest.mark.parametrize(
    "line", ["2026-11-20 14:00 – 18:00 Team day", "2026-11-20\t14-18\tTeam day"]
)
def test_line_may_come_from_a_table_or_a_letter(line):
    (pause,) = Calendar.from_data(read_texts({"zone": "UTC", "breaks": line}).data).breaks
    assert (str(pause.date), pause.start, pause.end) == ("2026-11-20", 14 * 60, 18 * 60)
    assert pause.name == "Team day"


def test_dash_in_a_name_is_kept():
    line = "2026-11-21 10:00-14:00 Trade fair – day 1"
    (shift,) = form(line, "shifts")["shifts"]
    assert shift["name"] == "Trade fair – day 1"


@pytest.mark.parametrize("line", ["2026-11-20", "2026-11-20 Team day", "Team day 14:00-18:00"])
def test_break_without_hours_names_its_line(line):
    problems = read_texts({"breaks": f"\n2026-11-19 9-10\n{line}"}).problems
    assert [field for field, _ in problems] == ["breaks"]
    assert problems[0][1].startswith("Line 3: Write a date, its hours and a name")


def test_break_of_a_whole_day_is_told_how_to_close_it():
    ((_, said),) = read_texts({"breaks": "2026-11-20 closed"}).problems
    assert "own closed days" in said


def test_place_of_an_entry_is_its_text_and_line():
    read = read_texts(WEEK | {"holidays": "\n12-24\n\n12-25"})
    assert read.place("windows[1].end") == ("mon", "")
    assert read.place("windows[2].start") == ("tue", "")
    assert read.place("holidays[1].yearly") == ("holidays", "Line 4: ")
    assert read.place("shifts[1].windows[0].start") == ("shifts", "Line 2: ")
    assert read.place("zone") == ("zone", "")


def test_differences_are_told_line_by_line():
    before = written(read_texts(WEEK).data, "Europe/Berlin", "", "")
    changed = WEEK | {"tue": "", "breaks": "", "holidays": "12-24 Christmas Eve\n12-25"}
    after = written(read_texts(changed).data, "Europe/London", "DE", "SN")
    assert differences(before, after) == [
        "Time zone: Europe/London instead of Europe/Berlin",
        "Tuesday: closed instead of 22:00-06:00",
        "Public holidays of: DE instead of none",
        "Region: SN instead of none",
        "Closed day added: 12-25",
        "Closed day taken out: 2026-12-31 Year's end",
        "Closed for some hours taken out: 2026-11-20 14:00-18:00 Team day",
    ]
    assert differences(before, before) == []
