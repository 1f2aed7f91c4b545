"""What one deadline costs, and how it compares with walking the days."""

import sys
from datetime import UTC, date, datetime, timedelta
from time import perf_counter

from worktime.rules import Calendar, Holiday, Window, add, is_open, next_close, next_open

START = datetime(2026, 1, 5, 9, tzinfo=UTC)
TEN_YEARS_OF_WORK = timedelta(hours=8 * 1800)
HOLIDAYS = 1000
ROUNDS = 20


def crowded_calendar():
    """Office hours with a thousand holidays spread over ten years."""
    first = date(2026, 1, 1)
    return Calendar(
        "Europe/Berlin",
        windows=[Window(day, 9 * 60, 17 * 60) for day in range(5)],
        holidays=[
            Holiday(date=first + timedelta(days=n * 3650 // HOLIDAYS)) for n in range(HOLIDAYS)
        ],
    )


def walked(calendar, start, length):
    """The same answer window by window."""
    moment = start
    while True:
        moment = next_open(calendar, moment)
        close = next_close(calendar, moment)
        if close - moment >= length:
            return moment + length
        length -= close - moment
        moment = close


def milliseconds(question, rounds):
    began = perf_counter()
    for _ in range(rounds):
        question()
    return (perf_counter() - began) * 1000 / rounds


def test_add_over_a_thousand_holidays_and_ten_years():
    calendars = [crowded_calendar() for _ in range(ROUNDS)]
    is_open(Calendar("Europe/Berlin"), START)
    cold = milliseconds(lambda: add(calendars.pop(), START, TEN_YEARS_OF_WORK), ROUNDS)
    calendar = crowded_calendar()
    add(calendar, START, TEN_YEARS_OF_WORK)
    warm = milliseconds(lambda: add(calendar, START, TEN_YEARS_OF_WORK), 100 * ROUNDS)
    walk = milliseconds(lambda: walked(calendar, START, TEN_YEARS_OF_WORK), 1)
    sys.stdout.write(
        f"\nadd over {HOLIDAYS} holidays and ten years: first {cold:.2f} ms, "
        f"then {warm:.3f} ms; window by window {walk:.0f} ms, {walk / warm:.0f} times as long\n"
    )
