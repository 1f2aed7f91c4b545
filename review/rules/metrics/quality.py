"""What was handed off: how many, how complete, through the gate at once, and accepted at last."""

from review.rules.metrics.shape import (
    AGAINST,
    APART,
    BY_SUBMISSION,
    DUPLICATE,
    HIT,
    NOT_COUNTED,
    ONE_PERSON,
    WITHDRAWN,
    Dated,
    Level,
    Metric,
    Tone,
    Unit,
    Verdict,
    outcomes,
    same,
)

EVENTUAL_DAYS = 30

HANDOFFS = Metric(
    key="handoffs",
    label="Handoffs",
    unit=Unit.COUNT,
    cases="handoffs",
    formula="Handoffs submitted, those that were handed off again after a return among them.",
    dated=Dated.SUBMISSION,
    dated_by=BY_SUBMISSION,
    left_out="Handoffs that were merged with another.",
    outcomes=outcomes(
        same("first", HIT, "First of its chain", "for the first time"),
        same("again", HIT, "Handed off again", "again after a return"),
        DUPLICATE,
    ),
)

COMPLETENESS = Metric(
    key="completeness",
    label="Completeness",
    unit=Unit.MEAN,
    cases="handoffs",
    formula=(
        "The mean of what each form was complete to at submission: its required and recommended "
        "fields with real answers, by weight; an answer that is known in part counts half."
    ),
    dated=Dated.SUBMISSION,
    dated_by=BY_SUBMISSION,
    left_out=NOT_COUNTED,
    target=85,
    target_words="above 85 %",
    levels=(Level(85, Tone.GOOD, "Above the target of 85 %"),),
    otherwise=Verdict(Tone.BAD, "Not above the target of 85 %"),
    outcomes=outcomes(same("measured", HIT, "Measured"), WITHDRAWN, DUPLICATE),
)

GATE = Metric(
    key="gate",
    label="Gate pass rate",
    unit=Unit.PERCENT,
    cases="first submissions",
    formula=(
        "First submissions of a chain that the gate had not refused before, divided by all first "
        "submissions."
    ),
    dated=Dated.SUBMISSION,
    dated_by=BY_SUBMISSION,
    left_out=f"Drafts that were refused and not handed off yet. {NOT_COUNTED}",
    target=60,
    target_words="at least 60 %",
    levels=(Level(60, Tone.BAD, "Below the alarm line of 60 %", is_over=False),),
    otherwise=Verdict(Tone.GOOD, "Not below the alarm line of 60 %"),
    outcomes=outcomes(
        same("passed", HIT, "Passed at once"),
        same("refused", AGAINST, "Refused before"),
        WITHDRAWN,
        DUPLICATE,
    ),
)

FIRST_PASS = Metric(
    key="first-pass",
    label="First-pass acceptance",
    unit=Unit.PERCENT,
    cases="chains",
    formula=(
        "Chains whose first handoff was accepted without having gone back to the submitter, "
        "divided by all whose first handoff was accepted, sent back or closed. A rejection that "
        "was overturned is an acceptance."
    ),
    dated=Dated.SUBMISSION,
    dated_by="The week in which the chain's first handoff was submitted.",
    left_out=(
        "Chains that wait for a decision, and those whose submitter and receiver are one person. "
        f"{NOT_COUNTED}"
    ),
    outcomes=outcomes(
        same("accepted", HIT, "Accepted at first"),
        same("sent_back", AGAINST, "Sent back"),
        same("closed", AGAINST, "Closed", "closed without an acceptance"),
        same("waiting", APART, "Still waiting"),
        ONE_PERSON,
        WITHDRAWN,
        DUPLICATE,
    ),
)

EVENTUAL = Metric(
    key="eventual",
    label="Eventual acceptance",
    unit=Unit.PERCENT,
    cases="chains",
    formula=(
        f"Chains of which any handoff was accepted within {EVENTUAL_DAYS} days of the first "
        "submission, divided by all that were begun."
    ),
    dated=Dated.SUBMISSION,
    dated_by="The week in which the chain's first handoff was submitted.",
    left_out=(
        f"Chains whose {EVENTUAL_DAYS} days are not over, accepted already or not, and those "
        f"whose submitter and receiver are one person. {NOT_COUNTED}"
    ),
    outcomes=outcomes(
        same("accepted", HIT, "Accepted"),
        same("not_accepted", AGAINST, "Not accepted"),
        same("early", APART, "Accepted, days not over", "accepted already"),
        same("maturing", APART, "Days not over", "not accepted so far"),
        ONE_PERSON,
        WITHDRAWN,
        DUPLICATE,
    ),
)

SAL_TO_SQL = Metric(
    key="sal-to-sql",
    label="Accepted to opportunity",
    unit=Unit.PERCENT,
    cases="accepted handoffs",
    formula=(
        f"Accepted handoffs that became an opportunity within {EVENTUAL_DAYS} days of the "
        "acceptance, divided by all accepted ones."
    ),
    dated=Dated.SUBMISSION,
    dated_by=BY_SUBMISSION,
    left_out=(
        f"Accepted handoffs whose {EVENTUAL_DAYS} days are not over, converted already or not. "
        "Handoffs merged with another."
    ),
    levels=(
        Level(
            30,
            Tone.WARN,
            "Under 30 %: where the acceptance is above 90 %, the criteria are not applied",
            is_over=False,
        ),
    ),
    outcomes=outcomes(
        same("converted", HIT, "Became an opportunity"),
        same("not_converted", AGAINST, "Did not become one"),
        same("early", APART, "Opportunity, days not over", "converted already"),
        same("maturing", APART, "Days not over", "not converted so far"),
        DUPLICATE,
    ),
)
