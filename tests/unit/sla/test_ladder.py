"""A ladder in words and drawn."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sla.choices import StepAction
from sla.rules import ladder
from sla.rules.targets import StepSpec, TargetSpec
from tests.unit.sla.support import at, days

ALERT = StepSpec(0, "alert_manager", ("manager",))


def target(*steps, amount=240, unit="working_minutes"):
    return TargetSpec("contact", amount, unit, steps)


def drawn(*steps):
    return ladder.draw(target(*steps))


def test_words_of_actions_are_those_of_the_stored_choices():
    assert {name: str(StepAction(name).label) for name in StepAction.values} == ladder.ACTION_WORDS


@pytest.mark.parametrize(
    ("offset", "words"),
    [
        (-25, "at 75 % of the target"),
        (0, "at the due time"),
        (100, "100 % of the target after due"),
        (timedelta(minutes=-30), "30 min before due"),
        (timedelta(minutes=90), "1 h 30 min after due"),
    ],
)
def test_step_says_when_it_comes(offset, words):
    assert ladder.when_words(offset) == words


def test_breach_comes_first_of_what_happens_at_the_due_time():
    assert [line.what for line in ladder.lines(target(ALERT))] == ["Breach", "Alert the manager"]
    start, due = drawn(ALERT).marks
    assert (start.words, due.words) == ("Start", "Breach, alert")


def test_labels_that_would_touch_stand_on_two_lines():
    near = drawn(StepSpec(-5, "remind", ("owner",)), ALERT)
    assert [mark.level for mark in near.marks] == [0, 0, 1]
    assert not drawn(ALERT).has_lower_line
    long = drawn(StepSpec(-25, "remind", ("owner",)), ALERT, StepSpec(0, "reassign", ()))
    assert long.marks[-1].words == "Breach, alert, to the backup"
    assert long.has_lower_line


@given(st.lists(st.integers(-99, 1_000), max_size=12, unique=True))
def test_marks_lie_in_order_inside_the_drawing(percents):
    drawing = drawn(*(StepSpec(percent, "alert_manager", ("manager",)) for percent in percents))
    places = [mark.x for mark in drawing.marks]
    assert places == sorted(places)
    assert places[0] >= ladder.LEFT
    assert places[-1] <= ladder.RIGHT
    assert drawing.late_width >= 0


def test_steps_in_percent_and_in_minutes_are_told_in_the_order_of_time():
    steps = (
        StepSpec(50, "alert_manager", ("manager",)),
        StepSpec(None, "reassign", (), 90),
        StepSpec(None, "remind", ("owner",), -30),
        StepSpec(-25, "remind", ("owner",)),
    )
    assert [line.when for line in ladder.lines(target(*steps))] == [
        "at 75 % of the target",
        "30 min before due",
        "at the due time",
        "1 h 30 min after due",
        "50 % of the target after due",
    ]


def test_step_in_minutes_is_drawn_at_its_share_of_the_target():
    in_minutes, in_percent = (
        drawn(step).marks[1]
        for step in (
            StepSpec(None, "remind", ("owner",), -60),
            StepSpec(-25, "remind", ("owner",)),
        )
    )
    assert (in_minutes.x, in_minutes.when) == (in_percent.x, "- 1 h")


def test_step_in_minutes_of_a_target_in_days_is_drawn_by_the_time_that_counts():
    reminder = StepSpec(None, "remind", ("owner",), -60)
    one_day = target(reminder, amount=1, unit="working_days")
    mark = ladder.draw(one_day, pace=days(), start=at("Mon 13:00")).marks[1]
    assert mark.at == at("Tue 12:00")
    # An hour of the eight between the two.
    assert mark.x == drawn(StepSpec(None, "remind", ("owner",), -30)).marks[1].x


@pytest.mark.parametrize("action", sorted(ladder.ACTION_WORDS))
def test_each_action_has_its_words_and_icon(action):
    step = StepSpec(100, action, ("manager",))
    assert ladder.ACTION_ICONS[action]
    assert ladder.told_words(step)
    assert drawn(step).marks[-1].words
