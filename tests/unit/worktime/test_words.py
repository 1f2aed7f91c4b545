import pytest

from worktime.rules import duration_words, exact_words, working_days_words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 min"),
        (0.4, "0 min"),
        (1, "1 s"),
        (59.9, "59 s"),
        (60, "1 min"),
        (3599, "59 min"),
        (3600, "1 h"),
        (7800, "2 h 10 min"),
        (-4200, "1 h 10 min"),
        (30 * 3600, "30 h"),
    ],
)
def test_duration_words_are_hours_and_minutes(seconds, words):
    assert duration_words(seconds) == words


@pytest.mark.parametrize(
    ("days", "words"), [(0, "0 working days"), (1, "1 working day"), (3, "3 working days")]
)
def test_working_days_words_are_plural_but_for_one(days, words):
    assert working_days_words(days) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 min"),
        (7, "7 s"),
        (60, "1 min"),
        (67, "1 min 7 s"),
        (3607, "1 h 7 s"),
        (7805, "2 h 10 min 5 s"),
    ],
)
def test_exact_words_leave_no_second_out(seconds, words):
    assert exact_words(seconds) == words
