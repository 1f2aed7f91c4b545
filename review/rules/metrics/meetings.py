"""Meetings with the buyer: introduced live, held as planned, and how soon a second one."""

from review.rules.metrics.contact import SPREAD_WORDS, WAITING
from review.rules.metrics.shape import (
    AGAINST,
    APART,
    BY_SUBMISSION,
    DUPLICATE,
    HIT,
    NOT_COUNTED,
    WITHDRAWN,
    Dated,
    Metric,
    Outcome,
    Unit,
    outcomes,
    same,
)

INTRODUCED = Metric(
    key="introduced",
    label="Introduced live",
    unit=Unit.PERCENT,
    cases="handoffs",
    formula=(
        "Handoffs whose receiver had met the buyer live, together with the submitter, before they "
        "were handed off, divided by all handoffs."
    ),
    dated=Dated.SUBMISSION,
    dated_by=BY_SUBMISSION,
    left_out=NOT_COUNTED,
    outcomes=outcomes(
        same("introduced", HIT, "Introduced live"),
        same("not_introduced", AGAINST, "Not introduced live"),
        WITHDRAWN,
        DUPLICATE,
    ),
)

SECOND_MEETING = Metric(
    key="second-meeting",
    label="Time to second meeting",
    unit=Unit.DAYS,
    cases="handoffs",
    measured="with a second meeting",
    formula=(
        "From submission to the second meeting held on the handoff, in days of 24 hours. A live "
        "introduction is the first one. " + SPREAD_WORDS
    ),
    dated=Dated.SUBMISSION,
    dated_by="The week of submission, so a later meeting still moves the number.",
    left_out=(
        "Handoffs that still wait for it, and handoffs sent back or closed without one: each is "
        "counted apart. Handoffs merged with another."
    ),
    outcomes=outcomes(
        same("held", HIT, "Second meeting held", "with a second meeting"),
        WAITING,
        same("withdrawn", APART, "Withdrawn"),
        same("ended", APART, "Ended without one", "ended without one"),
        DUPLICATE,
    ),
)

SHOW_RATE = Metric(
    key="show-rate",
    label="Show rate",
    unit=Unit.PERCENT,
    cases="planned meetings",
    formula=(
        "Planned meetings that were held, divided by all planned ones that were held or did not "
        "take place."
    ),
    dated=Dated.EVENT,
    dated_by="The week in which somebody said what became of the meeting.",
    left_out=(
        "Meetings that were called off before, and meetings that nobody had planned in the "
        "product. A meeting of which nobody has said anything comes in when somebody does."
    ),
    outcomes=outcomes(
        same("held", HIT, "Held"),
        Outcome(
            "missed", AGAINST, "Did not take place", "did not take place", "did not take place"
        ),
        same("called_off", APART, "Called off"),
        same("unplanned", APART, "Held, not planned", "held without having been planned"),
    ),
)
