"""What receivers decide: acceptance, rejections by reason, rulings."""

from dataclasses import replace

from review.rules.metrics.shape import (
    AGAINST,
    APART,
    BY_DECISION,
    HIT,
    ONE_PERSON,
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

ACCEPTED = same("accepted", HIT, "Accepted")
REJECTED = same("rejected", AGAINST, "Rejected")
CONFLICT = Outcome("conflict", AGAINST, "Conflict", "conflict declared", "conflicts declared")
TIMED_OUT = same("timed_out", APART, "Time ran out", "timed out")
UNDECIDED = same("undecided", APART, "Not decided", "ended without a decision")

ACCEPTANCE = Metric(
    key="acceptance",
    label="Acceptance rate",
    unit=Unit.PERCENT,
    cases="decisions",
    formula=(
        "Legs accepted, divided by legs accepted or rejected. A declared conflict is a rejection "
        "with the reason conflict. A leg counts once, by its last state: a rejection that was "
        "overturned is an acceptance."
    ),
    dated=Dated.EVENT,
    dated_by=BY_DECISION,
    left_out=(
        "Legs whose time ran out, legs that ended otherwise without a decision, such as withdrawn "
        "ones, and legs whose submitter and receiver are one person. Legs that still wait for a "
        "decision come in when it is made."
    ),
    target=70,
    target_words="above 70 %",
    levels=(
        Level(90, Tone.WARN, "Above 90 %: check that the criteria are applied"),
        Level(80, Tone.GOOD, "Above the target of 70 %, and over 80 %"),
        Level(70, Tone.GOOD, "Above the target of 70 %"),
    ),
    otherwise=Verdict(Tone.BAD, "Not above the target of 70 %"),
    outcomes=outcomes(ACCEPTED, REJECTED, CONFLICT, TIMED_OUT, UNDECIDED, ONE_PERSON),
)

STRICT = replace(
    ACCEPTANCE,
    key="acceptance-strict",
    label="Strict acceptance rate",
    cases="decisions and time-outs",
    formula=(
        "As the acceptance rate, except that a leg whose time ran out counts as not accepted: "
        "legs accepted, divided by legs accepted, rejected or timed out."
    ),
    left_out=(
        "Legs that ended without a decision and not because time ran out, and legs whose "
        "submitter and receiver are one person."
    ),
    outcomes=outcomes(
        ACCEPTED, REJECTED, CONFLICT, replace(TIMED_OUT, counts=AGAINST), UNDECIDED, ONE_PERSON
    ),
)

REJECTIONS = Metric(
    key="rejections",
    label="Rejection rate",
    unit=Unit.PERCENT,
    cases="decisions",
    formula=(
        "Legs rejected, by reason, divided by legs accepted or rejected. A rejection that was "
        "contested and upheld stays one; one that was overturned is an acceptance, and is named."
    ),
    dated=Dated.EVENT,
    dated_by=BY_DECISION,
    left_out=(
        "What the acceptance rate leaves out: legs without a decision, and legs whose submitter "
        "and receiver are one person."
    ),
    target=30,
    target_words="at most 30 %",
    levels=(Level(30, Tone.BAD, "Above the alarm line of 30 %"),),
    otherwise=Verdict(Tone.GOOD, "Not above the alarm line of 30 %"),
    outcomes=outcomes(
        same("missing_information", HIT, "Missing information"),
        same("wrong_icp", HIT, "Wrong ICP", "wrong ICP"),
        same("no_real_interest", HIT, "No real interest"),
        same("no_budget", HIT, "No budget"),
        same("wrong_contact", HIT, "Wrong contact"),
        same("said_duplicate", HIT, "Duplicate"),
        same("conflict", HIT, "Conflict"),
        same("overturned", AGAINST, "Rejection overturned", "overturned"),
        replace(ACCEPTED, counts=AGAINST),
        TIMED_OUT,
        UNDECIDED,
        ONE_PERSON,
    ),
)

RULINGS = Metric(
    key="rulings",
    label="Rejections upheld",
    unit=Unit.PERCENT,
    cases="rulings",
    formula="Contested rejections that a manager upheld, divided by all that were ruled on.",
    dated=Dated.EVENT,
    dated_by="The week of the ruling.",
    left_out="Contested rejections that nobody has ruled on yet.",
    outcomes=outcomes(
        same("upheld", HIT, "Upheld"),
        same("overturned", AGAINST, "Overturned"),
    ),
)
