"""What the ladders did: steps fired, alerts acknowledged, and leads rescued after one."""

from review.rules.metrics.contact import SPREAD_WORDS
from review.rules.metrics.shape import (
    AGAINST,
    APART,
    HIT,
    Dated,
    Metric,
    Outcome,
    Unit,
    outcomes,
    same,
)

ESCALATIONS = Metric(
    key="escalations",
    label="Steps of ladders",
    unit=Unit.COUNT,
    cases="steps",
    formula="Steps of escalation ladders that were acted on, by what they did.",
    dated=Dated.EVENT,
    dated_by="The week in which the step was acted on.",
    left_out="Steps that were no longer needed when their turn came.",
    outcomes=outcomes(
        Outcome("reminded", HIT, "Reminded", "reminder", "reminders"),
        Outcome("breached", HIT, "Miss written down", "miss", "misses"),
        Outcome("alerted", HIT, "Manager alerted", "alert to a manager", "alerts to managers"),
        Outcome("posted", HIT, "Posted to a channel", "post to a channel", "posts to channels"),
        same("timed_out", HIT, "Passed on", "passed on"),
        same("returned", HIT, "Returned to the submitter", "returned"),
        same("nurtured", HIT, "Back to nurture", "to nurture"),
        same("step_superseded", APART, "No longer needed"),
    ),
)

RESCUED = Metric(
    key="rescued",
    label="Rescued after an alert",
    unit=Unit.PERCENT,
    cases="late clocks",
    formula=(
        "Clocks that were met after a manager had been alerted of them, divided by all such "
        "clocks that have stopped. A clock counts once, by its first alert."
    ),
    dated=Dated.EVENT,
    dated_by="The week of the clock's first alert.",
    left_out="Clocks that still run, and clocks replaced by another.",
    outcomes=outcomes(
        same("rescued", HIT, "Met after the alert"),
        same("lost", AGAINST, "Stopped unmet", "moved, sent back or closed unmet"),
        same("open", APART, "Still open"),
        Outcome("replaced", APART, "Replaced", "replaced by another", "replaced by others"),
    ),
)

ACKNOWLEDGED = Metric(
    key="acknowledged",
    label="Time to acknowledge",
    unit=Unit.SECONDS,
    cases="alerts",
    measured="acknowledged",
    formula=(
        "From a clock's first alert to its acknowledgement, by the wall clock. " + SPREAD_WORDS
    ),
    dated=Dated.EVENT,
    dated_by="The week of the clock's first alert.",
    left_out="Alerts that nobody has acknowledged: settled in the meantime, or still open.",
    outcomes=outcomes(
        same("acknowledged", HIT, "Acknowledged"),
        same("settled", APART, "Settled without", "settled without being acknowledged"),
        same("open", APART, "Still open", "neither settled nor acknowledged"),
    ),
)
