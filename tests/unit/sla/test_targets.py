"""What a ladder may say."""

import pytest

from sla.choices import StepAction, Unit
from sla.rules import presets, targets, transitions
from sla.rules.targets import StepSpec, TargetSpec, target_problems

REMINDER = StepSpec(-25, "remind", ("receiver",))


def codes(*steps, **changes):
    target = TargetSpec(**{"kind": "accept", "amount": 60, "unit": "working_minutes", **changes})
    return [
        p.code
        for p in target_problems([TargetSpec(target.kind, target.amount, target.unit, steps)])
    ]


@pytest.mark.parametrize("percent", [-99, -25, -1])
def test_reminder_between_start_and_due_is_allowed(percent):
    assert codes(StepSpec(percent, "remind", ("receiver",))) == []


@pytest.mark.parametrize("percent", [0, 1, 100])
def test_reminder_at_or_after_due_is_refused(percent):
    assert codes(StepSpec(percent, "remind", ("receiver",))) == ["reminder_not_before_due"]


@pytest.mark.parametrize("percent", [-100, -250])
def test_reminder_before_the_start_is_refused(percent):
    assert codes(StepSpec(percent, "remind", ("receiver",))) == ["step_before_start"]


@pytest.mark.parametrize(
    ("step", "code"),
    [
        (StepSpec(0, "breach", ("receiver",)), "action_unknown"),
        (StepSpec(0, "explode", ("receiver",)), "action_unknown"),
        (StepSpec(0, "alert_manager", ()), "recipients_unknown"),
        (StepSpec(0, "alert_manager", ("buyer",)), "recipients_unknown"),
        (StepSpec(1_001, "alert_manager", ("manager",)), "step_too_late"),
    ],
)
def test_step_that_cannot_be_is_refused(step, code):
    assert codes(step) == [code]


@pytest.mark.parametrize(
    ("kind", "action"), [("accept", "reassign"), ("contact", "return_to_submitter")]
)
def test_move_fits_one_kind_of_clock_and_tells_nobody_by_need(kind, action):
    assert codes(StepSpec(100, action, ()), kind=kind) == []
    assert codes(StepSpec(100, action, ()), kind="next_step") == ["move_misplaced"]


def test_move_before_due_is_refused():
    assert codes(StepSpec(-10, "reassign", ())) == ["move_before_due"]


def test_step_twice_is_refused():
    assert codes(REMINDER, REMINDER) == ["step_twice"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"amount": 0}, "amount_out_of_range"),
        ({"amount": 367, "unit": "working_days"}, "amount_out_of_range"),
        ({"unit": "weeks"}, "unit_unknown"),
    ],
)
def test_target_that_cannot_be_is_refused(changes, code):
    assert codes(**changes) == [code]


def test_targets_missing_or_twice_are_refused():
    target = TargetSpec("accept", 60, "working_minutes")
    assert [p.code for p in target_problems([])] == ["targets_missing"]
    assert [p.code for p in target_problems([target, target])] == ["target_twice"]


@pytest.mark.parametrize("name", presets.PRESETS)
def test_preset_is_complete(name):
    specs = presets.PRESETS[name]
    assert [problem for spec in specs for problem in target_problems(spec.targets)] == []
    assert sum(spec.is_default for spec in specs) == 1
    assert len({spec.position for spec in specs}) == len(specs)


def test_preset_temperatures_promises_what_the_product_says():
    promised = {
        spec.key: {target.kind: (target.amount, target.unit) for target in spec.targets}
        for spec in presets.PRESETS["temperatures"]
    }
    days, minutes = "working_days", "working_minutes"
    assert promised == {
        "hot": {
            "hand_off": (240, minutes),
            "accept": (60, minutes),
            "contact": (240, minutes),
            "next_step": (2, days),
        },
        "warm": {
            "hand_off": (1, days),
            "accept": (240, minutes),
            "contact": (1, days),
            "next_step": (2, days),
        },
        "cool": {
            "hand_off": (3, days),
            "accept": (1, days),
            "contact": (5, days),
            "next_step": (2, days),
        },
    }


def test_preset_standard_promises_an_answer_and_a_contact():
    (standard,) = presets.PRESETS["standard"]
    assert [target.kind for target in standard.targets] == ["accept", "contact"]


def test_rules_and_stored_choices_use_the_same_words():
    assert set(targets.MOST) == set(Unit.values)
    known = {targets.BREACH, *targets.TOLD, *targets.MOVES}
    assert known == set(StepAction.values)


def test_rules_and_stored_states_use_the_same_words():
    from sla.choices import ClockState

    assert set(transitions.TRANSITIONS) == set(ClockState.values)
