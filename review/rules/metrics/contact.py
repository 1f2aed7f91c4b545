"""How soon: the first acceptance, the first contact, and who was left without one."""

from dataclasses import replace

from review.rules.metrics.shape import (
    AGAINST,
    APART,
    BY_SUBMISSION,
    DUPLICATE,
    HIT,
    HOUR,
    NOT_COUNTED,
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

WAITING = same("waiting", APART, "Still waiting")
SPREAD_WORDS = (
    "The median is the middle value, or the mean of the two middle ones; the slowest tenth took "
    "longer than the 90th percentile (nearest rank)."
)

TIME_TO_ACCEPT = Metric(
    key="time-to-accept",
    label="Time to first accept",
    unit=Unit.SECONDS,
    cases="handoffs",
    measured="accepted",
    formula=(
        "From submission to the first acceptance, in working time of the receiver who accepted. "
        + SPREAD_WORDS
    ),
    dated=Dated.SUBMISSION,
    dated_by="The week of submission, so a later acceptance still moves the number.",
    left_out=(
        "Handoffs that still wait, and handoffs that ended without an acceptance: each is counted "
        "apart, and none is taken for quick or slow. A handoff sent back and handed off again is "
        "a new one with its own time."
    ),
    target=4 * HOUR,
    target_words="under 4 h",
    levels=(Level(4 * HOUR, Tone.GOOD, "Under the target of 4 h", is_over=False),),
    otherwise=Verdict(Tone.BAD, "Not under the target of 4 h"),
    outcomes=outcomes(
        same("accepted", HIT, "Accepted"),
        WAITING,
        same("rejected", APART, "Sent back"),
        same("superseded", APART, "Sent back, handed off again", "sent back and handed off again"),
        same("conceded", APART, "Sent back, conceded", "sent back and conceded"),
        same("nurture", APART, "Sent back, to nurture", "sent back to nurture"),
        same("withdrawn", APART, "Withdrawn"),
        same("closed", APART, "Closed", "closed otherwise"),
    ),
)

FIRST_CONTACT = Metric(
    key="first-contact",
    label="Time to first contact",
    unit=Unit.SECONDS,
    cases="handoffs",
    measured="contacted",
    formula=(
        "From submission to the first meaningful touch by any receiver or a manager, in working "
        "time of the buyer's clock. A handoff that took over an earlier one counts from that "
        "one's submission. " + SPREAD_WORDS
    ),
    dated=Dated.SUBMISSION,
    dated_by="The week of submission, so a later contact still moves the number.",
    left_out=(
        "Handoffs that still wait, and handoffs sent back or closed before a contact: each is "
        "counted apart. Handoffs merged with another."
    ),
    target=4 * HOUR,
    target_words="under 4 h",
    levels=(Level(4 * HOUR, Tone.GOOD, "Under the target of 4 h", is_over=False),),
    otherwise=Verdict(Tone.BAD, "Not under the target of 4 h"),
    outcomes=outcomes(
        same("contacted", HIT, "Contacted"),
        WAITING,
        same("sent_back", APART, "Sent back"),
        same("withdrawn", APART, "Withdrawn"),
        same("closed", APART, "Closed", "closed without a contact"),
        DUPLICATE,
    ),
)

FOLLOW_UP_HOURS = (24, 48, 72)


def _no_follow_up(hours: int) -> Metric:
    return Metric(
        key=f"no-follow-up-{hours}",
        label=f"No follow-up within {hours} h",
        unit=Unit.PERCENT,
        cases="handoffs",
        formula=(
            f"Handoffs without a meaningful touch within {hours} hours by the wall clock from "
            f"their submission, divided by all that are at least {hours} hours old."
        ),
        dated=Dated.SUBMISSION,
        dated_by=BY_SUBMISSION,
        left_out=(
            f"Handoffs younger than {hours} hours, and handoffs sent back or closed before the "
            f"{hours} hours were over without a touch. {NOT_COUNTED}"
        ),
        outcomes=outcomes(
            same("none", HIT, "No touch in time", "without a touch in time"),
            same("touched", AGAINST, "Touched in time"),
            same("young", APART, f"Younger than {hours} h"),
            same("ended", APART, "Ended before", "sent back or closed before"),
            WITHDRAWN,
            DUPLICATE,
        ),
    )


NO_FOLLOW_UP = {hours: _no_follow_up(hours) for hours in FOLLOW_UP_HOURS}

FIVE_MINUTES = Metric(
    key="five-minutes",
    label="5-minute response",
    unit=Unit.PERCENT,
    cases="hot handoffs",
    formula=(
        "Hot handoffs with a meaningful touch within 300 seconds by the wall clock from their "
        "submission, divided by all hot handoffs, at all hours."
    ),
    dated=Dated.SUBMISSION,
    dated_by=BY_SUBMISSION,
    left_out=(
        "Hot handoffs younger than 300 seconds, and those sent back or closed before without a "
        f"touch. {NOT_COUNTED}"
    ),
    outcomes=outcomes(
        same("quick", HIT, "Within 5 minutes"),
        same("slower", AGAINST, "Slower"),
        same("young", APART, "Younger than 5 minutes"),
        same("ended", APART, "Ended before", "sent back or closed before"),
        WITHDRAWN,
        DUPLICATE,
    ),
)

FIVE_MINUTES_STAFFED = replace(
    FIVE_MINUTES,
    key="five-minutes-staffed",
    label="5-minute response, staffed hours",
    formula=(
        "As the 5-minute response, for the hot handoffs that came while somebody of the pool was "
        "at work."
    ),
    left_out=(
        "Hot handoffs that came while nobody of the pool was at work, and what the 5-minute "
        "response leaves out."
    ),
    outcomes=outcomes(
        *FIVE_MINUTES.outcomes.values(),
        same("unstaffed", APART, "Unstaffed", "came while nobody was at work"),
    ),
)
