"""The days of the figures: as typed, in zones whose days are not all alike."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.rules.period import FIRST_YEAR, LAST_YEAR, Period, PeriodRefused

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 22, 23, 30, tzinfo=UTC)


def parsed(first="", last="", *, now=NOW, zone=BERLIN):
    return Period.parse(first, last, now=now, zone=zone)


def test_period_without_days_is_the_last_four_weeks_of_the_zone():
    found = parsed()

    # It is Monday already in Berlin.
    assert (found.first, found.last) == (date(2026, 10, 27), date(2026, 11, 23))
    assert found.words == "27 Oct to 23 Nov 2026"


def test_period_begins_and_ends_at_midnight_of_the_zone():
    found = parsed("2026-10-25", "2026-10-25")

    assert found.start == datetime(2026, 10, 24, 22, tzinfo=UTC)
    # The clocks went back on that day.
    assert found.end - found.start == timedelta(hours=25)


def test_period_with_its_last_day_alone_is_four_weeks_long():
    assert parsed("", "2020-02-28").first == date(2020, 2, 1)


def test_period_with_its_first_day_alone_goes_on_until_today():
    assert parsed("2026-11-01").last == date(2026, 11, 23)


@pytest.mark.parametrize(
    "text",
    [
        "nonsense",
        "2026-13-01",
        "2026-02-30",
        "\0",
        "\ud800",
        "0001-01-01",
        "9999-12-31",
        "1" * 9999,
    ],
)
@pytest.mark.parametrize("name", ["from", "to"])
def test_period_of_nonsense_names_the_field(text, name):
    with pytest.raises(PeriodRefused) as refused:
        parsed(**{"first" if name == "from" else "last": text})

    assert [one.field for one in refused.value.problems] == [name]
    assert refused.value.problems[0].code == "day_unknown"


def test_period_with_two_mistakes_names_both():
    with pytest.raises(PeriodRefused) as refused:
        parsed("x", "y")

    assert [one.field for one in refused.value.problems] == ["from", "to"]


def test_period_the_wrong_way_round_is_refused():
    with pytest.raises(PeriodRefused) as refused:
        parsed("2026-11-02", "2026-11-01")

    assert refused.value.problems[0].code == "days_reversed"


def test_period_of_a_leap_year_is_the_longest():
    assert parsed("2024-01-01", "2024-12-31").first == date(2024, 1, 1)
    with pytest.raises(PeriodRefused) as refused:
        parsed("2024-01-01", "2025-01-01")

    assert refused.value.problems[0].code == "too_long"


@pytest.mark.parametrize("year", [FIRST_YEAR, LAST_YEAR])
@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago"])
def test_period_of_the_outermost_years_has_instants(year, zone):
    found = parsed(f"{year}-01-01", f"{year}-12-31", zone=ZoneInfo(zone))

    assert found.end > found.start
    assert len(found.ends_of_weeks) == 53


@given(st.dates(date(2000, 1, 1), date(2030, 1, 1)), st.integers(0, 365))
def test_weeks_of_a_period_end_with_it_and_cover_it(first, days):
    found = Period(first, first + timedelta(days=days), BERLIN)

    ends = found.ends_of_weeks
    assert ends[-1] == (found.last, found.end)
    assert ends[0][0] - first < timedelta(days=7)
    assert all(after[0] - before[0] == timedelta(days=7) for before, after in pairwise(ends))


def test_period_over_new_year_says_both_years():
    assert parsed("2025-12-29", "2026-01-04").words == "29 Dec 2025 to 4 Jan 2026"
