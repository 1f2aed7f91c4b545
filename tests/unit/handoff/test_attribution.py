"""Every instant of the buyer's wait goes to exactly one party."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from handoff.rules.attribution import (
    CLOSED,
    HELD,
    PRECEDENCE,
    Claim,
    Holder,
    Party,
    Share,
    attribute,
    shares_of,
    whole_seconds,
)
from worktime.rules import Calendar, Window, between_delta, explain

HOUR = timedelta(hours=1)
# Monday; the office is open from 9 to 17 with an hour of lunch at 12.
MONDAY = datetime(2026, 11, 16, tzinfo=UTC)
OFFICE = Calendar(
    "UTC",
    windows=[Window(day, *span) for day in range(5) for span in ((540, 720), (780, 1020))],
)
ANA, BEN = Party(Holder.RECEIVER, 1), Party(Holder.RECEIVER, 2)
SAM = Party(Holder.SUBMITTER, 7)
AWAY = Party(Holder.PAUSE, note="The buyer is away")


def office(start, end):
    return between_delta(OFFICE, start, end)


def around_the_clock(start, end):
    return end - start


def at(hours):
    return MONDAY + timedelta(hours=hours)


def claim(first, last, party):
    return Claim(at(first), at(last), party)


def told(parts):
    return [(part.start, part.end, part.party) for part in parts]


def test_attribute_of_two_legs_with_holding_between():
    claims = [claim(9, 10, ANA), claim(11, 20, BEN)]
    parts = attribute(at(9), at(12), claims, counted=around_the_clock)
    assert told(parts) == [
        (at(9), at(10), ANA),
        (at(10), at(11), HELD),
        (at(11), at(12), BEN),
    ]


def test_attribute_prefers_a_pause_to_the_submitter_to_the_receiver():
    claims = [claim(0, 24, ANA), claim(12, 18, SAM), claim(14, 15, AWAY)]
    parts = attribute(at(10), at(20), claims, counted=around_the_clock)
    assert [part.party for part in parts] == [ANA, SAM, AWAY, SAM, ANA]


def test_attribute_prefers_closed_hours_to_everybody():
    claims = [claim(0, 48, ANA), claim(16, 34, AWAY)]
    parts = attribute(at(10), at(36), claims, counted=office)
    # Open: 10-12 and 13-16 for her; 16-17 and 9-10 in the pause; 10-12 for her again.
    assert shares_of(parts) == (
        Share(ANA, 7 * HOUR),
        Share(AWAY, 2 * HOUR),
        Share(CLOSED, 17 * HOUR),
    )


def test_attribute_of_a_wait_that_ends_where_it_starts_is_empty():
    assert attribute(at(9), at(9), [claim(0, 24, ANA)], counted=office) == ()
    assert attribute(at(9), at(8), [claim(0, 24, ANA)], counted=office) == ()


def test_attribute_across_a_clock_change_counts_its_true_length():
    zone = ZoneInfo("Europe/Berlin")
    start = datetime(2026, 10, 25, 1, tzinfo=zone)
    end = datetime(2026, 10, 25, 4, tzinfo=zone)
    (part,) = attribute(start, end, [Claim(start, end, ANA)], counted=around_the_clock)
    assert part.length == 4 * HOUR


def test_attribute_asks_the_calendar_once_for_each_stretch_of_a_wait_of_years():
    asked = []

    def counted(start, end):
        asked.append((start, end))
        return office(start, end)

    attribute(at(0), at(24 * 365 * 5), [claim(9, 10, ANA), claim(10, 10**5, BEN)], counted=counted)
    assert len(asked) == 3


def test_whole_seconds_add_up_to_the_seconds_of_the_sum():
    third = timedelta(seconds=1) / 3
    assert whole_seconds([third, third, 2 * third]) == [0, 0, 1]


# Instants to the microsecond around a week; claims of every kind, overlapping as they like.
instants = st.integers(0, 8 * 24 * 3600 * 10**6).map(lambda us: MONDAY + timedelta(microseconds=us))
# Few of them and a microsecond apart, so that claims begin and end where others do, or just beside.
marks = st.builds(
    lambda hours, beside: MONDAY + hours * HOUR + timedelta(microseconds=beside),
    st.sampled_from([10, 12, 14, 17, 33, 105]),
    st.integers(-1, 1),
)
parties = st.sampled_from([ANA, BEN, SAM, AWAY, Party(Holder.PAUSE, note="Rejected in error")])
claims = st.lists(st.builds(Claim, instants | marks, instants | marks, parties), max_size=8)
close_claims = st.lists(st.builds(Claim, marks, marks, parties), max_size=8)
thorough = settings(max_examples=300, deadline=None, database=None)


def sums(parts):
    return {share.party: share.length for share in shares_of(parts)}


@thorough
@given(instants | marks, instants | marks, claims)
def test_attributed_parts_tile_the_wait_and_none_is_empty(start, end, claims):
    parts = attribute(start, end, claims, counted=office)
    assert all(before.end == after.start for before, after in pairwise(parts))
    assert all(before.party != after.party for before, after in pairwise(parts))
    assert all(part.start < part.end for part in parts)
    assert [part.start for part in parts[:1]] == [start][: end > start]
    assert [part.end for part in parts[-1:]] == [end][: end > start]


@thorough
@given(instants | marks, instants | marks, claims)
def test_attributed_shares_add_up_to_the_wait_and_none_is_empty(start, end, claims):
    wait = max(end - start, timedelta())
    shares = shares_of(attribute(start, end, claims, counted=office))
    assert sum((share.length for share in shares), timedelta()) == wait
    assert all(share.length > timedelta() for share in shares)
    seconds = whole_seconds([share.length for share in shares])
    assert sum(seconds) == wait // timedelta(seconds=1)


@thorough
@given(instants | marks, instants | marks, claims, st.integers(0, 7), st.floats(0, 1))
def test_attribution_does_not_change_when_a_claim_is_told_in_two_pieces(
    start, end, claims, which, where
):
    whole = attribute(start, end, claims, counted=office)
    for index, one in enumerate(claims[which : which + 1], which):
        middle = one.start + (one.end - one.start) * where
        pieces = [Claim(one.start, middle, one.party), Claim(middle, one.end, one.party)]
        split = [*claims[:index], *pieces, *claims[index + 1 :]]
        assert attribute(start, end, split, counted=office) == whole


@thorough
@given(instants | marks, instants | marks, st.data())
def test_attribution_of_a_wait_is_that_of_its_two_halves_together(start, end, data):
    drawn = data.draw(claims)
    middle = start + (max(end, start) - start) * data.draw(st.floats(0, 1))
    halves = [
        *attribute(start, middle, drawn, counted=office),
        *attribute(middle, end, drawn, counted=office),
    ]
    assert sums(halves) == sums(attribute(start, end, drawn, counted=office))


@thorough
@given(marks, marks, close_claims)
def test_attribution_agrees_with_asking_each_closed_and_claimed_span(start, end, claims):
    """The same by another way: cut the wait at every edge there is, and ask of each piece."""
    spans = explain(OFFICE, start, end) if start < end else []
    edges = {edge for span in spans for edge in (span.start, span.end)}
    edges |= {edge for one in claims for edge in (one.start, one.end) if start < edge < end}
    expected = {}
    for left, right in pairwise(sorted(edges)):
        middle = left + (right - left) / 2
        is_open = any(span.counted for span in spans if span.start <= middle < span.end)
        there = [one.party for one in claims if one.start <= left and right <= one.end]
        party = min(there, key=lambda one: PRECEDENCE.index(one.holder), default=HELD)
        party = party if is_open else CLOSED
        expected[party] = expected.get(party, timedelta()) + (right - left)
    assert sums(attribute(start, end, claims, counted=office)) == expected
