"""What a ladder may say."""

import pytest

from sla.choices import StepAction, Unit
from sla.rules import presets, targets, transitions
from sla.rules.targets import StepSpec, TargetSpec, target_problems

REMINDER = StepSpec(-25, "remind", ("receiver",))
ALERT = StepSpec(0, "alert_manager", ("manager",))


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


def minutes(n, action="remind", told=("receiver",)):
    return StepSpec(None, action, told, n)


@pytest.mark.parametrize("n", [-59, -1])
def test_reminder_so_many_minutes_before_due_is_allowed(n):
    assert codes(minutes(n)) == []


@pytest.mark.parametrize("n", [0, 1])
def test_reminder_minutes_at_or_after_due_is_refused(n):
    assert codes(minutes(n)) == ["reminder_not_before_due"]


@pytest.mark.parametrize(
    ("n", "length"),
    [
        (-60, {}),
        (-60, {"unit": "elapsed_minutes"}),
        (-2 * 24 * 60, {"amount": 2, "unit": "working_days"}),
    ],
)
def test_step_minutes_before_every_start_is_refused(n, length):
    assert codes(minutes(n), **length) == ["step_before_start"]
    assert codes(minutes(n, "alert_manager"), **length) == ["step_before_start"]
    assert codes(minutes(n + 1), **length) == []


def test_step_more_minutes_after_due_than_a_month_has_is_refused():
    most = targets.LATEST_MINUTES
    assert codes(minutes(most, "alert_manager")) == []
    assert codes(minutes(most + 1, "alert_manager")) == ["step_too_late"]


@pytest.mark.parametrize("offsets", [(None, None), (-25, -15), (0, 0)])
def test_step_with_both_offsets_or_neither_is_refused(offsets):
    percent, n = offsets
    assert codes(StepSpec(percent, "alert_manager", ("manager",), n)) == ["offset_unclear"]


def test_move_minutes_before_due_is_refused():
    assert codes(minutes(-1, "reassign", ())) == ["move_before_due"]
    assert codes(minutes(0, "reassign", ())) == []


def test_step_at_due_in_percent_and_in_minutes_is_one_step():
    assert codes(ALERT, minutes(0, "alert_manager", ("manager",))) == ["step_twice"]
    both = (ALERT, minutes(15, "alert_manager", ("manager",)), minutes(15, "notify_channel", ()))
    assert codes(*both) == []


def test_draft_stored_before_there_were_minutes_is_read():
    target = TargetSpec("accept", 60, "working_minutes", (REMINDER, minutes(-5)))
    stored = targets.to_data([target])
    assert targets.from_data(stored) == (target,)
    del stored[0]["steps"][0]["offset_minutes"]
    assert targets.from_data(stored) == (target,)


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
    ("kind", "action"),
    [("accept", "reassign"), ("contact", "return_to_submitter"), ("contact", "to_nurture")],
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
    own = {
        "hot": ((240, minutes), (60, minutes), (240, minutes), 10),
        "warm": ((1, days), (240, minutes), (1, days), 15),
        "cool": ((3, days), (1, days), (5, days), 20),
    }
    assert promised == {
        warmth: {
            "hand_off": hand_off,
            "accept": accept,
            "contact": contact,
            "contact_leg": contact,
            "next_step": (2, days),
            "booking": (3, days),
            "second_meeting": (meeting, days),
        }
        for warmth, (hand_off, accept, contact, meeting) in own.items()
    }


def test_preset_standard_promises_an_answer_and_a_contact():
    (standard,) = presets.PRESETS["standard"]
    assert [target.kind for target in standard.targets] == ["accept", "contact"]


def test_rules_and_stored_choices_use_the_same_words():
    assert set(targets.MOST) == set(Unit.values)
    known = {targets.BREACH, *targets.ACTIONS}
    assert known == set(StepAction.values)


def test_rules_and_stored_states_use_the_same_words():
    from sla.choices import ClockState

    assert set(transitions.TRANSITIONS) == set(ClockState.values)
