"""What each metric means. The page, the rows, the CSV and the docs all read it here."""

from __future__ import annotations

from dataclasses import dataclass

from review.rules.metrics.clocks import ATTAINMENT, ATTAINMENTS, LOGGED_LATE
from review.rules.metrics.contact import (
    FIRST_CONTACT,
    FIVE_MINUTES,
    FIVE_MINUTES_STAFFED,
    NO_FOLLOW_UP,
    TIME_TO_ACCEPT,
)
from review.rules.metrics.decisions import ACCEPTANCE, REJECTIONS, RULINGS, STRICT
from review.rules.metrics.escalations import ACKNOWLEDGED, ESCALATIONS, RESCUED
from review.rules.metrics.meetings import INTRODUCED, SECOND_MEETING, SHOW_RATE
from review.rules.metrics.ownership import MANY_OWNERS, QUIET, RECYCLED, RETURNED
from review.rules.metrics.quality import (
    COMPLETENESS,
    EVENTUAL,
    FIRST_PASS,
    GATE,
    HANDOFFS,
    SAL_TO_SQL,
)
from review.rules.metrics.shape import (
    AGAINST,
    APART,
    HIT,
    Counts,
    Dated,
    Level,
    Metric,
    Outcome,
    Tone,
    Unit,
    Verdict,
)

__all__ = [
    "ACCEPTANCE",
    "ACKNOWLEDGED",
    "AGAINST",
    "APART",
    "ATTAINMENT",
    "ATTAINMENTS",
    "COMPLETENESS",
    "ESCALATIONS",
    "EVENTUAL",
    "FIRST_CONTACT",
    "FIRST_PASS",
    "FIVE_MINUTES",
    "FIVE_MINUTES_STAFFED",
    "GATE",
    "GROUPS",
    "HANDOFFS",
    "HEADLINE",
    "HIT",
    "INTRODUCED",
    "LOGGED_LATE",
    "MANY_OWNERS",
    "METRICS",
    "NO_FOLLOW_UP",
    "QUIET",
    "RECYCLED",
    "REJECTIONS",
    "RESCUED",
    "RETURNED",
    "RULINGS",
    "SAL_TO_SQL",
    "SECOND_MEETING",
    "SHOW_RATE",
    "STRICT",
    "TIME_TO_ACCEPT",
    "Counts",
    "Dated",
    "Group",
    "Level",
    "Metric",
    "Outcome",
    "Tone",
    "Unit",
    "Verdict",
]


@dataclass(frozen=True, slots=True)
class Group:
    """Metrics that are read together, under one heading of the page."""

    key: str
    title: str
    metrics: tuple[Metric, ...]


HEADLINE = (
    INTRODUCED,
    ACCEPTANCE,
    SECOND_MEETING,
    ATTAINMENT,
    FIRST_CONTACT,
    TIME_TO_ACCEPT,
)
"""The numbers at the head of the page: the first three large, with what explains them beside."""

GROUPS = (
    Group("kept", "SLA", (*ATTAINMENTS.values(), LOGGED_LATE)),
    Group(
        "contact",
        "First contact",
        (
            FIRST_CONTACT,
            TIME_TO_ACCEPT,
            *NO_FOLLOW_UP.values(),
            FIVE_MINUTES,
            FIVE_MINUTES_STAFFED,
        ),
    ),
    Group(
        "quality",
        "Quality of handoffs",
        (HANDOFFS, COMPLETENESS, GATE, FIRST_PASS, EVENTUAL, SAL_TO_SQL),
    ),
    Group("decisions", "Acceptance and rejections", (ACCEPTANCE, STRICT, REJECTIONS, RULINGS)),
    Group("ownership", "Routing and ownership", (MANY_OWNERS, RETURNED, RECYCLED, QUIET)),
    Group("meetings", "Meetings", (INTRODUCED, SHOW_RATE, SECOND_MEETING)),
    Group("escalations", "Escalations", (ESCALATIONS, RESCUED, ACKNOWLEDGED)),
)

METRICS: dict[str, Metric] = {metric.key: metric for group in GROUPS for metric in group.metrics}
