"""A ladder in words and drawn."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sla.choices import StepAction
from sla.rules import ladder
from sla.rules.targets import StepSpec, TargetSpec

ALERT = StepSpec(0, "alert_manager", ("manager",))


def drawn(*steps):
    return ladder.draw(TargetSpec("contact", 240, "working_minutes", steps))


def test_words_of_actions_are_those_of_the_stored_choices():
    assert {name: str(StepAction(name).label) for name in StepAction.values} == ladder.ACTION_WORDS


@pytest.mark.parametrize(
    ("percent", "words"),
    [
        (-25, "at 75 % of the target"),
        (0, "at the due time"),
        (100, "100 % of the target after due"),
    ],
)
def test_step_says_when_it_comes(percent, words):
    assert ladder.when_words(percent) == words


def test_breach_comes_first_of_what_happens_at_the_due_time():
    assert [line.what for line in ladder.lines([ALERT])] == ["Breach", "Alert the manager"]
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
