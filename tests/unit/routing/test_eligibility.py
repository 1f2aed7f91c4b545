"""Who may be picked at an instant, and the reason where not."""

from datetime import UTC, datetime, timedelta

import pytest

from routing.choices import Exclusion
from routing.rules import Code, Excluded, Standing, excluded

NOW = datetime(2026, 11, 17, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)


def standing(**changes):
    free = {
        "is_active": True,
        "paused_at": None,
        "paused_until": None,
        "away_until": None,
        "weight": 1,
        "open_count": 0,
        "capacity": None,
    }
    return Standing(**free | changes)


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
    ],
)
def test_excluded_says_why_and_until_when(changes, expected):
    assert excluded(standing(**changes), NOW) == expected


def test_excluded_several_reasons_names_the_most_lasting():
    every = {
        "capacity": 0,
        "paused_at": NOW,
        "away_until": NOW + HOUR,
        "weight": 0,
        "is_active": False,
    }
    expected = ["inactive", "no_weight", "time_off", "paused", "at_capacity"]
    found = []
    for reason in ("is_active", "weight", "away_until", "paused_at", "capacity"):
        found.append(excluded(standing(**every), NOW).code)
        del every[reason]
    assert found == expected
    assert excluded(standing(**every), NOW) is None
