"""When a review closes, and how a frozen number is told from a recount."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from review.rules.records import Number, closing_time, compare
from review.rules.weeks import Week

BERLIN = ZoneInfo("Europe/Berlin")
W46 = Week(2026, 46)
RATE = Number(
    key="acceptance",
    label="Acceptance rate",
    unit="percent",
    dated_by="The week of the decision.",
    target="above 70 %",
    value="83 %",
    of="78 of 94 decisions",
    detail="",
    verdict="",
    tone="good",
    n=94,
    numerator=78,
    denominator=94,
    outcomes={"accepted": 78, "rejected": 16},
)
LENGTH = replace(RATE, unit="seconds", numerator=None, denominator=None, median=3600.0, p90=7200.0)


def berlin(*parts):
    return datetime(*parts, tzinfo=BERLIN)


def test_closing_time_is_the_tuesday_after_the_week():
    assert closing_time(W46, BERLIN, berlin(2026, 11, 16, 10)) == berlin(2026, 11, 17)


def test_closing_time_of_a_late_review_is_the_end_of_the_next_day():
    assert closing_time(W46, BERLIN, berlin(2026, 11, 17)) == berlin(2026, 11, 19)
    assert closing_time(W46, BERLIN, berlin(2026, 11, 20, 23, 59)) == berlin(2026, 11, 22)


def test_closing_time_follows_the_clock_change():
    # The clocks go back on Sunday 25 Oct 2026: the Tuesday begins an hour later in UTC.
    opened = berlin(2026, 10, 26, 9)
    assert closing_time(Week(2026, 43), BERLIN, opened) == datetime(2026, 10, 26, 23, tzinfo=UTC)


@given(
    hours=st.integers(0, 24 * 400),
    zone=st.sampled_from(["UTC", "Europe/Berlin", "Asia/Kathmandu", "America/Sao_Paulo"]),
)
def test_closing_time_is_always_ahead_and_a_midnight(hours, zone):
    where = ZoneInfo(zone)
    opened = W46.ends_at(where) + timedelta(hours=hours)
    closes = closing_time(W46, where, opened)
    assert closes > opened
    assert closes - opened <= timedelta(hours=50)
    assert closes.astimezone(where).hour in (0, 1)


def test_number_survives_its_storage():
    assert Number.read(RATE.stored()) == RATE
    assert Number.read(LENGTH.stored()) == LENGTH


def test_number_of_another_version_is_read_as_far_as_it_goes():
    read = Number.read({"key": "old", "label": "Old", "value": "3", "n": 3, "colour": "red"})
    assert (read.key, read.value, read.n, read.median) == ("old", "3", 3, None)


def test_compare_with_the_same_is_not_revised():
    (one,) = compare([RATE], [RATE])
    assert not one.is_revised
    assert one.now == RATE


def test_compare_looks_at_figures_and_not_at_words():
    moved = replace(RATE, outcomes={"accepted": 78, "rejected": 16, "undecided": 2}, of="otherwise")
    (one,) = compare([RATE], [moved])
    assert not one.is_revised


@pytest.mark.parametrize(
    ("frozen", "changes", "words"),
    [
        (RATE, {"numerator": 77}, "1.1 points lower, 78 of 94 became 77 of 94"),
        (RATE, {"numerator": 79, "denominator": 95, "n": 95}, "0.2 points higher, 78 of 94 became"),
        (replace(RATE, numerator=2, denominator=4), {"numerator": 3}, "2 of 4 became 3 of 4"),
        (LENGTH, {"median": 4200.0}, "10 min longer"),
        (LENGTH, {"median": 3000.0, "n": 96}, "10 min shorter, 2 more"),
        (LENGTH, {"p90": 9000.0}, "the slowest tenth moved"),
        (replace(RATE, numerator=None, denominator=None), {"n": 90}, "4 fewer"),
        (replace(RATE, denominator=None), {"numerator": 70, "value": "74 %"}, "83 % became 74 %"),
    ],
)
def test_compare_says_by_how_much_a_number_moved(frozen, changes, words):
    (one,) = compare([frozen], [replace(frozen, **changes)])
    assert one.is_revised
    assert one.difference.startswith(words)


def test_compare_leaves_out_numbers_that_came_later():
    (one,) = compare([RATE], [replace(RATE, key="new"), RATE])
    assert one.frozen == RATE


def test_compare_of_a_number_that_is_counted_no_longer_has_no_recount():
    (one,) = compare([RATE], [])
    assert one.now is None
    assert not one.is_revised


@given(
    hits=st.tuples(st.integers(0, 60), st.integers(0, 60)),
    more=st.tuples(st.integers(5, 60), st.integers(5, 60)),
)
def test_compare_tells_every_change_of_a_rate(hits, more):
    first, second = (
        replace(RATE, numerator=h, denominator=h + m, n=h + m)
        for h, m in zip(hits, more, strict=True)
    )
    (one,) = compare([first], [second])
    assert one.is_revised == (first.figures != second.figures)
