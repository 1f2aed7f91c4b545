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


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Pacific/Kiritimati"])
@pytest.mark.parametrize(
    "text",
    ["0001-01-01T00:00", "1999-12-31T23:59", "2101-01-01T00:00", "9999-12-31T23:59"],
)
def test_far_year_is_refused_with_the_years_that_can_be_given(zone, text):
    with timezone.override(ZoneInfo(zone)), pytest.raises(ValidationError) as refusal:
        LocalDateTimeField().clean(text)
    assert refusal.value.messages == ["Give a year from 2000 to 2100."]


@pytest.mark.parametrize("text", ["2000-01-01T00:00", "2100-12-31T23:59"])
def test_first_and_last_year_are_taken(text):
    assert LocalDateTimeField().clean(text).isoformat() == f"{text}:00+00:00"


def test_nothing_is_nothing():
    assert LocalDateTimeField(required=False).clean("") is None
