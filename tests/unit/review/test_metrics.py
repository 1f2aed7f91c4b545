from fractions import Fraction

import pytest

from review.rules.metrics import (
    ACCEPTANCE,
    ATTAINMENT,
    COMPLETENESS,
    GATE,
    GROUPS,
    HEADLINE,
    MANY_OWNERS,
    METRICS,
    REJECTIONS,
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
    assert metric.target is None or metric.target in metric.marks
    assert (metric.target is None) == (metric.target_words == "")
    assert metric.keys(Counts.HIT)
    if metric.unit is Unit.PERCENT:
        assert metric.keys(Counts.AGAINST)
    elif metric.unit is not Unit.COUNT:
        assert not metric.keys(Counts.AGAINST)
    assert all(key == outcome.key for key, outcome in metric.outcomes.items())


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
def test_levels_of_a_metric_can_each_be_reached(metric):
    """The first that is passed is the verdict, so the harder one comes first."""
    over = [level.limit for level in metric.levels if level.is_over]
    under = [level.limit for level in metric.levels if not level.is_over]

    assert over == sorted(over, reverse=True)
    assert under == sorted(under)


def test_metrics_have_one_group_and_one_key_each():
    grouped = [metric.key for group in GROUPS for metric in group.metrics]

    assert len(grouped) == len(set(grouped)) == len(METRICS)
    assert {metric.key for metric in HEADLINE} <= set(grouped)
    assert not set(METRICS) & set(Counts)


@pytest.mark.parametrize(
    ("share", "tone"),
    [
        (Fraction(30, 100), Tone.GOOD),
        (Fraction(301, 1000), Tone.BAD),
        (Fraction(0), Tone.GOOD),
    ],
)
def test_judge_of_rejections_alarms_only_above_its_line(share, tone):
    assert REJECTIONS.judge(share).tone is tone


@pytest.mark.parametrize(
    ("share", "tone"), [(Fraction(60, 100), Tone.GOOD), (Fraction(599, 1000), Tone.BAD)]
)
def test_judge_of_the_gate_alarms_only_below_its_line(share, tone):
    assert GATE.judge(share).tone is tone


def test_judge_of_a_mean_takes_a_share():
    assert COMPLETENESS.judge(Fraction(85, 100)).tone is Tone.BAD
    assert COMPLETENESS.judge(Fraction(86, 100)).tone is Tone.GOOD


def test_judge_of_a_count_takes_what_counts_against_it():
    assert MANY_OWNERS.judge(0).tone is Tone.GOOD
    assert MANY_OWNERS.judge(1).tone is Tone.BAD


def test_words_of_an_outcome_agree_with_the_count():
    conflict = ACCEPTANCE.outcomes["conflict"]

    assert conflict.words(1) == "1 conflict declared"
    assert conflict.words(2) == "2 conflicts declared"
