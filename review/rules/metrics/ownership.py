"""Who had the lead: several receivers in a week, what came back, what went quiet."""

from review.rules.metrics.shape import (
    AGAINST,
    APART,
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

OWNER_DAYS, AGAIN_DAYS, QUIET_DAYS = 7, 30, 14

MANY_OWNERS = Metric(
    key="many-owners",
    label="Leads with several receivers",
    unit=Unit.COUNT,
    cases="leads",
    formula=(
        f"Leads that got a receiver within {OWNER_DAYS} days of another one, by the reason of the "
        "last such change. A change by a manager without a note has no reason."
    ),
    dated=Dated.EVENT,
    dated_by="The week in which the lead got the other receiver; each lead counts once in it.",
    left_out="Leads that stayed with, or went back to, the same receiver.",
    target=0,
    target_words="none without a reason",
    levels=(Level(0, Tone.BAD, "Changed by a manager without a reason"),),
    otherwise=Verdict(Tone.GOOD, "Each change has its reason"),
    outcomes=outcomes(
        same("conflict", HIT, "Conflict declared", "by a conflict"),
        same("sla_breach", HIT, "Time ran out", "because time ran out"),
        same("cover", HIT, "Cover for time off", "by a cover"),
        same("territory", HIT, "Change of territory", "by a change of territory"),
        same("manager", HIT, "A manager decided", "by a manager"),
        same("left", HIT, "The owner left", "because the owner left"),
        same("overturned", HIT, "The rejection was overturned", "by an overturned rejection"),
        same("drained", HIT, "Placed from holding", "from holding"),
        same("submitted", HIT, "Handed off again", "by being handed off again"),
        same("without", AGAINST, "No reason given", "without a reason"),
    ),
)

RETURNED = Metric(
    key="returned",
    label="Returned",
    unit=Unit.COUNT,
    cases="handoffs",
    formula=(
        "Handoffs that were returned to their submitter, or closed to nurture; a rejection that "
        "was not conceded to nurture is no return."
    ),
    dated=Dated.EVENT,
    dated_by="The week in which it was returned or closed.",
    left_out="Rejections: they stand under decisions.",
    outcomes=outcomes(
        same("returned", HIT, "Returned to the submitter", "to the submitter"),
        same("nurture", HIT, "Back to nurture", "to nurture"),
    ),
)

RECYCLED = Metric(
    key="recycled",
    label="Handed off again after a return",
    unit=Unit.PERCENT,
    cases="returns",
    formula=(
        f"Returned handoffs whose lead was handed off again within {AGAIN_DAYS} days, divided by "
        "all that were returned."
    ),
    dated=Dated.EVENT,
    dated_by="The week in which it was returned or closed.",
    left_out=f"Returns whose {AGAIN_DAYS} days are not over, handed off again already or not.",
    outcomes=outcomes(
        same("again", HIT, "Handed off again"),
        same("not_again", AGAINST, "Not handed off again"),
        same("early", APART, "Again, days not over", "handed off again already"),
        same("maturing", APART, "Days not over", "not handed off again so far"),
    ),
)

QUIET = Metric(
    key="quiet",
    label="Gone quiet",
    unit=Unit.COUNT,
    cases="handoffs",
    formula=(
        f"Handoffs of which nothing was logged for {QUIET_DAYS} days after their last touch, the "
        "buyer having been contacted, no next step being dated ahead, and the handoff being open."
    ),
    dated=Dated.EVENT,
    dated_by=f"The week in which the {QUIET_DAYS} days were over.",
    left_out="Handoffs that nobody has contacted yet: the clocks tell of them.",
    outcomes=outcomes(
        same("quiet", HIT, "Quiet since", "quiet since"),
        Outcome("revived", HIT, "Touched again", "touched again since", "touched again since"),
    ),
)
