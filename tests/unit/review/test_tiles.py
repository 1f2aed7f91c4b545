import pytest

from review.rules.figures import NOTHING, Mean, Rate, Spread
from review.rules.metrics import (
    ACCEPTANCE,
    ATTAINMENT,
    COMPLETENESS,
    HANDOFFS,
    MANY_OWNERS,
    SECOND_MEETING,
    TIME_TO_ACCEPT,
    Counts,
    Tone,
)
from review.rules.tiles import (
    counted_words,
    rate_of,
    rate_tile,
    sentence,
    show,
    show_count,
    show_mean,
    show_rate,
    show_spread,
    spread_tile,
)
from review.rules.weeks import Week

WEEK = Week(2026, 46)
HOUR = 3600


def test_rate_of_leaves_out_what_is_counted_apart():
    counts = {"accepted": 3, "rejected": 1, "conflict": 2, "undecided": 9, "one_person": 8}

    assert rate_of(ACCEPTANCE, counts) == Rate(3, 6)
    assert rate_of(ATTAINMENT, {"met": 4, "missed": 1, "unstaffed": 7, "open": 3}) == Rate(4, 5)


def test_counted_words_name_each_kind_that_occurred():
    counts = {"accepted": 3, "rejected": 2, "conflict": 1}

    assert counted_words(ACCEPTANCE, counts, Counts.AGAINST) == "2 rejected, 1 conflict declared"
    assert counted_words(ACCEPTANCE, counts, Counts.APART) == ""


def test_show_rate_of_enough_has_count_interval_and_verdict():
    shown = show_rate(ACCEPTANCE, Rate(78, 94))

    assert (shown.value, shown.of) == ("83 %", "78 of 94 decisions")
    assert shown.detail == "95 % interval 74 to 89 %"
    assert shown.verdict.tone is Tone.GOOD


@pytest.mark.parametrize(("hits", "n"), [(0, 1), (4, 4), (3, 4)])
def test_show_rate_of_too_few_gives_counts_only(hits, n):
    shown = show_rate(ACCEPTANCE, Rate(hits, n))

    assert shown.value == f"{hits} of {n}"
    assert shown.detail == ""
    assert shown.verdict.tone is Tone.NONE
    assert "%" not in f"{shown.value}{shown.of}{shown.words}"


def test_show_of_nothing_says_so_without_a_verdict():
    for shown in (show_rate(ACCEPTANCE, Rate(0, 0)), show_spread(TIME_TO_ACCEPT, NOTHING)):
        assert shown.value == "none"
        assert shown.verdict.words == ""


def test_show_spread_of_enough_has_median_and_slowest_tenth():
    shown = show_spread(TIME_TO_ACCEPT, Spread(61, 2.5 * HOUR, 7 * HOUR + 600))

    assert (shown.value, shown.of) == ("2 h 30 min", "median of 61 handoffs")
    assert shown.detail == "slowest tenth over 7 h 10 min"
    assert shown.verdict.tone is Tone.GOOD


def test_show_spread_of_too_few_gives_the_count_only():
    shown = show_spread(TIME_TO_ACCEPT, Spread(4, 1.0, 2.0))

    assert (shown.value, shown.of, shown.detail) == ("4", "accepted", "")
    assert shown.words == "4 accepted, too few"


def test_rate_tile_draws_a_gap_for_a_week_with_too_few():
    weeks = WEEK.up_to_here(3)
    rates = dict(zip(weeks, [Rate(3, 4), Rate(0, 0), Rate(9, 10)], strict=True))

    tile = rate_tile(ATTAINMENT, rates, ["", "2 unstaffed."], WEEK)

    assert tile.chart["labels"] == ["W44", "W45", "W46"]
    assert tile.chart["values"] == [None, None, 90.0]
    assert tile.chart["low"][:2] == [None, None]
    assert tile.chart["low"][2] < 90 < tile.chart["high"][2] <= 100
    assert tile.chart["target"] == 90
    assert tile.notes == ("2 unstaffed.",)
    words = [point.words for point in tile.trend]
    assert words[:2] == ["3 of 4 clocks due, too few", "none"]


def test_rate_tile_without_a_week_of_five_draws_nothing():
    few = dict.fromkeys(WEEK.up_to_here(3), Rate(4, 4))

    assert rate_tile(ACCEPTANCE, few, [], WEEK).chart is None


def test_tile_of_two_weeks_is_a_table_and_no_line():
    both = WEEK.up_to_here(2)

    rates = rate_tile(ACCEPTANCE, dict.fromkeys(both, Rate(9, 9)), [], WEEK)
    times = spread_tile(TIME_TO_ACCEPT, dict.fromkeys(both, Spread(9, 60.0, 60.0)), [], WEEK)
    assert (rates.chart, times.chart) == (None, None)
    assert len(rates.trend) == len(times.trend) == 2


@pytest.mark.parametrize(
    ("rate", "lowest"),
    [(Rate(95, 100), 60), (Rate(100, 100), 60), (Rate(5, 10), 20), (Rate(0, 9), 0)],
)
def test_rate_tile_keeps_the_whole_interval_in_sight(rate, lowest):
    rates = dict.fromkeys(WEEK.up_to_here(3), rate)

    assert rate_tile(ACCEPTANCE, rates, [], WEEK).chart["min"] == lowest


def test_spread_tile_draws_hours():
    found = {
        WEEK.shifted(-2): NOTHING,
        WEEK.shifted(-1): Spread(4, 60.0, 60.0),
        WEEK: Spread(9, 2.25 * HOUR, 5 * HOUR),
    }

    tile = spread_tile(TIME_TO_ACCEPT, found, [], WEEK)

    assert tile.chart["values"] == [None, None, 2.25]
    assert (tile.chart["target"], tile.chart["unit"]) == (4, " h")
    nothing = dict.fromkeys(WEEK.up_to_here(3), NOTHING)
    assert spread_tile(TIME_TO_ACCEPT, nothing, [], WEEK).chart is None


def test_sentence_of_nothing_is_nothing():
    assert sentence("Left out: ", "") == ""
    assert sentence("Left out: ", "2 unstaffed") == "Left out: 2 unstaffed."


def test_show_spread_of_days_has_one_decimal():
    shown = show_spread(SECOND_MEETING, Spread(9, 9.05 * 86_400, 15 * 86_400))

    assert (shown.value, shown.of) == ("9.1 days", "median of 9 handoffs")
    assert shown.detail == "slowest tenth over 15.0 days"
    assert shown.verdict.words == ""


def test_show_count_names_the_kinds_and_judges_what_is_against():
    shown = show_count(MANY_OWNERS, {"conflict": 2, "without": 1})

    assert (shown.value, shown.of) == ("3", "leads")
    assert shown.detail == "2 by a conflict, 1 without a reason"
    assert shown.verdict.tone is Tone.BAD
    assert show_count(MANY_OWNERS, {"conflict": 2}).verdict.tone is Tone.GOOD


def test_show_count_of_nothing_has_no_verdict():
    assert show_count(MANY_OWNERS, {}).value == "0"
    assert show_count(MANY_OWNERS, {}).verdict.words == ""


def test_show_count_leaves_out_what_is_apart():
    assert show_count(HANDOFFS, {"first": 3, "again": 1, "duplicate": 2}).value == "4"


def test_show_mean_is_a_percentage_of_enough_cases():
    assert show_mean(COMPLETENESS, Mean(430, 5)).value == "86 %"
    assert show_mean(COMPLETENESS, Mean(430, 5)).verdict.tone is Tone.GOOD
    few = show_mean(COMPLETENESS, Mean(400, 4))
    assert (few.value, few.verdict.words) == ("4", "Too few for a mean")
    assert show_mean(COMPLETENESS, Mean(0, 0)).value == "none"


def test_show_gives_each_unit_its_figure():
    assert show(ACCEPTANCE, {"accepted": 9, "rejected": 1}).value == "90 %"
    assert show(HANDOFFS, {"first": 9}).value == "9"
    assert show(COMPLETENESS, {}, mean=Mean(500, 5)).value == "100 %"
    assert show(TIME_TO_ACCEPT, {}, spread=Spread(5, 60.0, 60.0)).value == "1 min"


def test_spread_tile_of_days_draws_days_without_a_target():
    weeks = dict.fromkeys(WEEK.up_to_here(3), Spread(9, 9 * 86_400, 86_400))

    tile = spread_tile(SECOND_MEETING, weeks, [], WEEK)

    assert (tile.chart["values"], tile.chart["target"], tile.chart["unit"]) == (
        [9.0] * 3,
        None,
        " d",
    )
