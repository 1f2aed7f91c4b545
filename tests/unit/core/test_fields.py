from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from core.fields import LocalDateTimeField


@pytest.mark.parametrize(
    ("wall", "instant"),
    [
        ("2026-10-25T01:59", (2026, 10, 24, 23, 59)),
        # Shown twice: the first of the two.
        ("2026-10-25T02:00", (2026, 10, 25, 0, 0)),
        ("2026-10-25T02:59", (2026, 10, 25, 0, 59)),
        ("2026-10-25T03:00", (2026, 10, 25, 2, 0)),
        # Never shown: forward by the hour that is left out.
        ("2027-03-28T02:30", (2027, 3, 28, 1, 30)),
        ("2027-03-28T03:00", (2027, 3, 28, 1, 0)),
        ("2027-02-26 09:00", (2027, 2, 26, 8, 0)),
        ("2026-10-25T02:30+01:00", (2026, 10, 25, 1, 30)),
    ],
)
def test_wall_time_is_read_in_the_readers_zone(wall, instant):
    with timezone.override(ZoneInfo("Europe/Berlin")):
        assert LocalDateTimeField().clean(wall) == datetime(*instant, tzinfo=UTC)


@pytest.mark.parametrize("text", ["soon", "2026-02-30T09:00", "2026-10-25T25:00", "a\0b", "9" * 99])
def test_what_is_no_time_is_refused(text):
    with timezone.override(ZoneInfo("Europe/Berlin")), pytest.raises(ValidationError) as refusal:
        LocalDateTimeField().clean(text)
    assert "Enter a date and a time" in str(refusal.value)


def test_nothing_is_nothing():
    assert LocalDateTimeField(required=False).clean("") is None
