import pytest

from handoff import choices
from handoff.rules import transitions
from handoff.rules.transitions import CLOCK_EXITS, CLOSED_AS, TRANSITIONS, Step, may, steps_from
from sla.choices import ClockKind, ClockState


def test_tables_use_only_the_words_that_are_stored():
    words = {word for rule in TRANSITIONS.values() for word in rule.sources | rule.results}
    assert words == set(choices.Status.values)
    outcomes = {word for allowed in CLOSED_AS.values() for word in allowed}
    assert outcomes == set(choices.ClosedAs.values)
    assert {kind for exits in CLOCK_EXITS.values() for kind in exits} <= set(ClockKind.values)
    assert {e.value for exits in CLOCK_EXITS.values() for e in exits.values()} <= set(
        ClockState.values
    )
    assert (
        set(choices.RejectReason.values) >= transitions.TO_NEXT_RECEIVER | transitions.NEEDS_FIELDS
    )


_CLOSING = {"return", "nurture", "disqualify", "merge"}


@pytest.mark.parametrize(
    ("status", "steps"),
    [
        ("draft", {"submit", "withdraw"}),
        ("holding", {"drain", "withdraw", "reassign"} | _CLOSING),
        (
            "pending",
            {"accept", "reject", "conflict", "withdraw", "time_out"}
            | {"reassign", "cover", "leave"}
            | _CLOSING,
        ),
        ("accepted", {"convert", "time_out", "reassign", "cover", "leave"} | _CLOSING),
        ("rejected", {"supersede", "concede", "contest", "uphold", "overturn"}),
        ("closed", set()),
    ],
)
def test_each_state_offers_exactly_its_steps(status, steps):
    assert {step.value for step in steps_from(status)} == steps
    assert all(may(step, status) == (step.value in steps) for step in Step)


def test_every_step_that_closes_says_as_what():
    closing = {step for step, rule in TRANSITIONS.items() if "closed" in rule.results}
    assert closing == set(CLOSED_AS)


@pytest.mark.parametrize(
    ("before", "after", "by_manager", "allowed"),
    [
        ("cool", "hot", False, True),
        ("warm", "warm", False, True),
        ("hot", "warm", False, False),
        ("hot", "cool", True, True),
    ],
)
def test_lowering_a_temperature_takes_a_manager(before, after, by_manager, allowed):
    assert transitions.may_set_temperature(before, after, is_manager=by_manager) is allowed


def test_every_step_that_closes_leaves_no_clock_of_its_state_running():
    """A clock that a step does not name would run on for ever on a closed handoff."""
    running = {
        "draft": {"hand_off"},
        "holding": {"contact", "second_meeting"},
        "pending": {"accept", "contact", "contact_leg", "second_meeting"},
        "accepted": {"contact", "contact_leg", "next_step", "booking", "second_meeting"},
        "rejected": {"hand_off"},
    }
    for step in CLOSED_AS:
        for status in TRANSITIONS[step].sources:
            assert running[status] <= set(CLOCK_EXITS[step]), step


def test_buyers_clock_runs_on_through_every_change_of_receiver():
    for step in (Step.CONFLICT, Step.TIME_OUT, Step.REASSIGN, Step.COVER, Step.ACCEPT):
        assert not {"contact", "second_meeting"} & set(CLOCK_EXITS[step])


def test_touches_are_taken_where_somebody_may_be_in_contact():
    assert {"holding", "pending", "accepted"} == transitions.TOUCHABLE
    assert {"accepted"} == transitions.DATABLE
