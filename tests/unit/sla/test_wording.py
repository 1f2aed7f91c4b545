from datetime import UTC, datetime, timedelta

import pytest

from sla.rules import wording
from tests.unit.sla.support import BERLIN, at, elapsed, working

NOW = at("Mon 10:00")


@pytest.mark.parametrize(
    ("instant", "words"),
    [
        (at("Mon 11:50"), "today 11:50"),
        (at("Tue 10:30"), "Tue 10:30"),
        (at("Sun 10:30"), "Sun 10:30"),
        (at("+Mon 10:30"), "Mon 23 Nov 10:30"),
        (datetime(2027, 1, 4, 9, tzinfo=UTC), "Mon 4 Jan 2027 10:00"),
    ],
)
def test_instant_words_grow_with_the_distance(instant, words):
    assert wording.instant_words(instant, now=NOW, zone=BERLIN) == words


def test_instant_words_are_in_the_readers_zone():
    assert wording.instant_words(at("Tue 00:30"), now=NOW, zone=UTC) == "today 23:30"


@pytest.mark.parametrize(
    ("pace", "start", "end", "words"),
    [
        (working(), "Mon 10:00", "Mon 11:45", "1 h 45 min"),
        (working(), "Mon 09:00", "Mon 16:59", "7 h 59 min"),
        (working(), "Mon 09:00", "Tue 09:00", "1 working day"),
        (working(), "Mon 09:00", "Mon 17:00", "8 h"),
        (working(), "Fri 12:00", "+Tue 13:00", "2 working days"),
        (working(("Mon 10:00", "Tue 10:00")), "Mon 09:00", "Wed 10:00", "1 working day"),
        (elapsed(), "Mon 09:00", "Mon 21:30", "12 h 30 min"),
        (elapsed(), "Mon 09:00", "Wed 10:00", "2 days"),
        (elapsed(), "Mon 09:00", "Tue 10:00", "1 day"),
    ],
)
def test_amount_words_are_hours_then_days(pace, start, end, words):
    assert wording.amount_words(pace, at(start), at(end)) == words
    assert wording.amount_words(pace, at(end), at(start)) == words


def test_amount_words_below_a_minute():
    later = NOW + timedelta(seconds=59)
    assert wording.amount_words(working(), NOW, later) == "under 1 min"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("1 h 45 min", "1 hour 45 minutes"),
        ("2 h 1 min", "2 hours 1 minute"),
        ("under 1 min", "under 1 minute"),
    ],
)
def test_spoken_writes_units_out(words, said):
    assert wording.spoken(words) == said
