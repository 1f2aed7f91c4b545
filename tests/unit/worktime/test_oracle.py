"""The engine against a slow oracle, over the zones that have surprised people."""

import random
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.worktime.oracle import Oracle
from worktime import rules
from worktime.rules import Break, Calendar, Holiday, Hours, Shift, Window

# Starts of fortnights that hold what is peculiar about a zone; random ones come on top.
ZONES = {
    "Africa/Cairo": "2014-07-28",
    "Africa/Casablanca": "2026-02-10",
    "Africa/Johannesburg": None,
    "Africa/Lagos": None,
    "America/Anchorage": "2026-03-01",
    "America/Argentina/Buenos_Aires": "2008-10-12",
    "America/Asuncion": "2023-09-25",
    "America/Bogota": None,
    "America/Caracas": "2016-04-25",
    "America/Chicago": "2026-10-25",
    "America/Halifax": "2026-03-02",
    "America/Havana": "2026-10-26",
    "America/Los_Angeles": "2026-03-01",
    "America/Mexico_City": "2022-10-24",
    "America/New_York": "2026-10-26",
    "America/Recife": "2000-10-02",
    "America/Santiago": "2026-09-01",
    "America/Sao_Paulo": "2018-10-30",
    "America/Scoresbysund": "2024-03-25",
    "America/St_Johns": "2010-11-01",
    "Antarctica/Casey": "2023-03-04",
    "Antarctica/Troll": "2026-03-23",
    "Asia/Amman": "2022-10-20",
    "Asia/Beirut": "2026-03-23",
    "Asia/Dhaka": "2009-06-15",
    "Asia/Gaza": "2026-10-17",
    "Asia/Kathmandu": "1985-12-26",
    "Asia/Kolkata": None,
    "Asia/Pyongyang": "2015-08-10",
    "Asia/Tehran": "2022-03-15",
    "Asia/Tokyo": None,
    "Atlantic/Azores": "2026-03-23",
    "Australia/Adelaide": "2026-03-30",
    "Australia/Lord_Howe": "2026-03-30",
    "Europe/Berlin": "2026-03-23",
    "Europe/Dublin": "2026-10-19",
    "Europe/London": "2026-03-23",
    "Pacific/Apia": "2011-12-24",
    "Pacific/Chatham": "2026-09-21",
    "Pacific/Kwajalein": "1993-08-15",
}
DAYS = 14

clock = st.one_of(
    st.sampled_from([0, 30, 60, 90, 120, 125, 150, 165, 180, 540, 1020, 1380, 1410, 1439]),
    st.integers(0, 1439),
)
ends = st.one_of(clock, st.just(1440))
spans = st.tuples(clock, ends)


@st.composite
def fortnights(draw, zone, known):
    """A calendar and the midnight, by UTC, from which 14 days of it are compared."""
    first = date.fromisoformat(known or "2026-11-16")
    if not draw(st.integers(0, 2)):
        first = date(1975, 1, 1) + timedelta(days=draw(st.integers(0, 30_000)))
    days = st.integers(-1, DAYS + 1).map(lambda offset: first + timedelta(days=offset))
    windows = draw(st.lists(st.tuples(st.integers(0, 6), clock, ends), min_size=1, max_size=9))
    calendar = Calendar(
        zone,
        windows=[Window(*window) for window in windows],
        holidays=[
            *(Holiday(date=day) for day in draw(st.lists(days, max_size=2))),
            *(Holiday(yearly=(day.month, day.day)) for day in draw(st.lists(days, max_size=1))),
        ],
        breaks=[
            Break(day, *span) for day, span in draw(st.lists(st.tuples(days, spans), max_size=3))
        ],
        shifts=[
            Shift(day, tuple(Hours(*span) for span in hours))
            for day, hours in draw(
                st.lists(
                    st.tuples(days, st.lists(spans, max_size=2)),
                    max_size=2,
                    unique_by=lambda item: item[0],
                )
            )
        ],
    )
    return calendar, first, draw(st.randoms(use_true_random=False))


@pytest.mark.parametrize("zone", ZONES)
def test_every_question_agrees_with_minute_by_minute_oracle(zone):
    @settings(max_examples=25, deadline=None, database=None)
    @given(fortnights(zone, ZONES[zone]))
    def agree(example):
        compare(*example)

    agree()


def compare(calendar: Calendar, first: date, dice: random.Random):
    zone = ZoneInfo(calendar.zone)
    start = datetime(first.year, first.month, first.day, tzinfo=ZoneInfo("UTC"))
    oracle = Oracle(calendar, zone, start, DAYS)
    edges = [i for i in range(1, oracle.count) if oracle.open[i] != oracle.open[i - 1]]
    picks = [dice.choice(edges) + dice.choice((-1, 0, 1)) for _ in range(12) if edges]
    picks = [i for i in picks if 0 <= i < oracle.count]
    picks += [dice.randrange(oracle.count) for _ in range(12)]
    for index in picks:
        moment = oracle.at(index)
        assert rules.is_open(calendar, moment) is oracle.open[index]
        other = dice.choice(picks)
        low, high = sorted((index, other))
        passed = oracle.between(low, high)
        assert rules.between(calendar, oracle.at(low), oracle.at(high)) == passed
        assert rules.between(calendar, oracle.at(high), oracle.at(low)) == -passed
        asked = dice.choice((0, 1, dice.randrange(600), passed // 60))
        answers = [
            (rules.add, (asked * 60,), oracle.add(index, asked)),
            (rules.subtract, (asked * 60,), oracle.subtract(index, asked)),
            (rules.next_open, (), oracle.next_open(index)),
            (rules.prev_close, (), oracle.prev_close(index)),
            (rules.next_close, (), oracle.next_close(index)),
        ]
        for question, arguments, expected in answers:
            # The oracle sees nothing beyond its fortnight.
            if expected is not None:
                assert question(calendar, moment, *arguments) == oracle.at(expected)
