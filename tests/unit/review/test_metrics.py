from fractions import Fraction

import pytest

from review.rules.metrics import (
    ACCEPTANCE,
    ATTAINMENT,
    METRICS,
    TIME_TO_ACCEPT,
    Counts,
    Tone,
    Unit,
)


@pytest.mark.parametrize(
    ("share", "tone", "words"),
    [
        (Fraction(0), Tone.BAD, "Not above the target of 70 %"),
        (Fraction(70, 100), Tone.BAD, "Not above the target of 70 %"),
        (Fraction(7001, 10000), Tone.GOOD, "Above the target of 70 %"),
        (Fraction(80, 100), Tone.GOOD, "Above the target of 70 %"),
        (Fraction(81, 100), Tone.GOOD, "over 80 %"),
        (Fraction(90, 100), Tone.GOOD, "over 80 %"),
        (Fraction(91, 100), Tone.WARN, "Above 90 %"),
        (Fraction(1), Tone.WARN, "check that the criteria are applied"),
    ],
)
def test_judge_of_acceptance_has_three_lines(share, tone, words):
    verdict = ACCEPTANCE.judge(share)

    assert verdict.tone is tone
    assert words in verdict.words


def test_judge_of_attainment_at_its_target_has_not_passed_it():
    assert ATTAINMENT.judge(Fraction(90, 100)).tone is Tone.BAD
    assert ATTAINMENT.judge(Fraction(901, 1000)).tone is Tone.GOOD


def test_judge_of_a_time_is_good_below_its_target():
    assert TIME_TO_ACCEPT.judge(4 * 3600 - 1).tone is Tone.GOOD
    assert TIME_TO_ACCEPT.judge(4 * 3600).tone is Tone.BAD
    assert TIME_TO_ACCEPT.judge(0).tone is Tone.GOOD


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
def test_metric_says_all_that_a_reader_asks(metric):
    assert metric.formula.endswith(".")
    assert metric.dated_by.endswith(".")
    assert metric.left_out.endswith(".")
    assert metric.target in metric.marks
    assert metric.keys(Counts.HIT)
    limits = [level.limit for level in metric.levels]
    assert limits == sorted(limits, reverse=metric.is_more_better)
    if metric.unit is Unit.PERCENT:
        assert metric.keys(Counts.AGAINST)
    else:
        assert not metric.keys(Counts.AGAINST)


def test_words_of_an_outcome_agree_with_the_count():
    conflict = ACCEPTANCE.outcomes["conflict"]

    assert conflict.words(1) == "1 conflict declared"
    assert conflict.words(2) == "2 conflicts declared"
