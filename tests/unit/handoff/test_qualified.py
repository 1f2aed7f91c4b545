from datetime import UTC, datetime, timedelta

import pytest

from handoff.rules.qualified import hand_off_due, hand_off_start

NOW = datetime(2026, 11, 17, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("qualified_at", "last", "expected"),
    [
        (None, None, NOW),
        (NOW - HOUR, None, NOW - HOUR),
        (NOW + HOUR, None, NOW),
        (NOW - timedelta(days=30), None, NOW - timedelta(days=30)),
        (NOW - timedelta(days=30, seconds=1), None, NOW),
        (NOW - HOUR, NOW - HOUR / 2, NOW),
        (NOW - HOUR, NOW - HOUR, NOW - HOUR),
    ],
)
def test_hand_off_counts_from_a_qualification_that_can_be_meant(qualified_at, last, expected):
    assert hand_off_start(qualified_at, drafted_at=NOW, last_submitted_at=last) == expected


@pytest.mark.parametrize(
    ("ahead", "due"),
    [
        (timedelta(days=3), timedelta(days=2)),
        (timedelta(hours=24, minutes=15), timedelta(minutes=15)),
        (timedelta(hours=2), timedelta(minutes=15)),
        (timedelta(hours=-5), timedelta(minutes=15)),
    ],
)
def test_meeting_is_handed_off_a_day_before_and_never_at_once(ahead, due):
    assert hand_off_due(NOW + ahead, drafted_at=NOW) == NOW + due


def test_hand_off_without_a_meeting_has_no_agreed_time():
    assert hand_off_due(None, drafted_at=NOW) is None
