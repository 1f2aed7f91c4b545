"""Promises kept: attainment of each kind of clock, and what was logged late."""

from review.rules.metrics.shape import (
    AGAINST,
    APART,
    BY_DUE,
    HIT,
    Dated,
    Level,
    Metric,
    Outcome,
    Tone,
    Unit,
    Verdict,
    outcomes,
    same,
)

KINDS = {
    "hand_off": ("Hand-off", "the submitter handed the lead off, conceded or contested"),
    "accept": ("Accept", "the receiver decided"),
    "contact": ("First contact", "somebody was in contact with the buyer"),
    "contact_leg": ("Own contact", "the receiver was in contact with the buyer"),
    "next_step": ("Next step", "the receiver dated a next step"),
    "booking": ("Booking", "a meeting with the buyer was arranged"),
    "second_meeting": ("Second meeting", "a second meeting with the buyer was held"),
}
"""Each kind of clock: its name, and what meets it."""

APART_OF_CLOCKS = (
    same("unstaffed", APART, "Unstaffed"),
    Outcome(
        "stopped",
        APART,
        "Stopped before due",
        "stopped before it was due",
        "stopped before they were due",
    ),
    Outcome("replaced", APART, "Replaced", "replaced by another", "replaced by others"),
    same("open", APART, "Not yet due"),
)


def _attainment(kind: str) -> Metric:
    label, met = KINDS[kind]
    clocks = f"{label} clocks"
    return Metric(
        # The first one that there was keeps its address.
        key="attainment" if kind == "accept" else f"attainment-{kind.replace('_', '-')}",
        label=f"{label} clock attainment",
        unit=Unit.PERCENT,
        cases="clocks due",
        formula=(
            f"{clocks} met, divided by {clocks[0].lower()}{clocks[1:]} met or missed. Met: {met} "
            "before or exactly at the due time. Missed: the due time passed first, whatever "
            "followed; a touch that was logged late, and took place in time, makes it met."
        ),
        dated=Dated.DUE,
        dated_by=BY_DUE,
        left_out=(
            "Clocks stopped unmet before or at their due time, clocks replaced by another, and "
            "clocks not yet due. Clocks that started while nobody was at work are unstaffed and "
            "counted apart."
        ),
        target=90,
        target_words="above 90 %",
        levels=(Level(90, Tone.GOOD, "Above the target of 90 %"),),
        otherwise=Verdict(Tone.BAD, "Not above the target of 90 %"),
        outcomes=outcomes(
            same("met", HIT, "Met"), same("missed", AGAINST, "Missed"), *APART_OF_CLOCKS
        ),
    )


ATTAINMENTS = {kind: _attainment(kind) for kind in KINDS}
"""By the kind of clock."""
ATTAINMENT = ATTAINMENTS["accept"]

LOGGED_LATE = Metric(
    key="logged-late",
    label="Logged late",
    unit=Unit.PERCENT,
    cases="clocks met",
    formula=(
        "Clocks that were met in time by a touch, and whose miss had been written down before "
        "the touch was logged, divided by all clocks met. They count as met."
    ),
    dated=Dated.DUE,
    dated_by=BY_DUE,
    left_out="Missed clocks, and clocks that attainment leaves out.",
    outcomes=outcomes(
        same("late", HIT, "Logged late"),
        same("in_time", AGAINST, "Logged in time"),
    ),
)
