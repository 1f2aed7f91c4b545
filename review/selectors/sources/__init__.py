"""The rows of each metric between two instants, each with what it counts as.

A source annotates its rows with `dated_at`, the instant that puts a row into a week, and
`outcome`, a key of the metric's outcomes. Tiles count these rows and the lists show them, so a
number and its rows cannot differ. Metrics of one family are counted of the same rows.
"""

from collections.abc import Mapping
from typing import Any

from django.db.models import F

from review.rules.metrics import (
    ACCEPTANCE,
    ACKNOWLEDGED,
    COMPLETENESS,
    ESCALATIONS,
    EVENTUAL,
    FIRST_CONTACT,
    FIRST_PASS,
    FIVE_MINUTES,
    FIVE_MINUTES_STAFFED,
    GATE,
    HANDOFFS,
    INTRODUCED,
    MANY_OWNERS,
    NO_FOLLOW_UP,
    QUIET,
    RECYCLED,
    REJECTIONS,
    RESCUED,
    RETURNED,
    RULINGS,
    SAL_TO_SQL,
    SECOND_MEETING,
    SHOW_RATE,
    STRICT,
    TIME_TO_ACCEPT,
)
from review.selectors.sources.clocks import CLOCK_SOURCES, DUE, all_due, due_clocks
from review.selectors.sources.events import ALERTS, RETURNS, SETTLED, SILENT, STEPS
from review.selectors.sources.handoffs import SUBMITTED, second_held, submitted_handoffs
from review.selectors.sources.legs import DECISIONS, RULED, decided_legs
from review.selectors.sources.owners import CHANGES
from review.selectors.sources.shape import Elapsed, Family, Source

__all__ = [
    "DUE",
    "FAMILIES",
    "LENGTHS",
    "SOURCES",
    "Elapsed",
    "Family",
    "Source",
    "all_due",
    "decided_legs",
    "due_clocks",
    "submitted_handoffs",
]

FAMILIES: Mapping[str, Family] = {
    **dict.fromkeys([ACCEPTANCE.key, STRICT.key, REJECTIONS.key], DECISIONS),
    RULINGS.key: RULED,
    **dict.fromkeys(
        [
            TIME_TO_ACCEPT.key,
            FIRST_CONTACT.key,
            *(metric.key for metric in NO_FOLLOW_UP.values()),
            FIVE_MINUTES.key,
            FIVE_MINUTES_STAFFED.key,
            HANDOFFS.key,
            COMPLETENESS.key,
            GATE.key,
            FIRST_PASS.key,
            EVENTUAL.key,
            SAL_TO_SQL.key,
            INTRODUCED.key,
            SECOND_MEETING.key,
        ],
        SUBMITTED,
    ),
    SHOW_RATE.key: SETTLED,
    MANY_OWNERS.key: CHANGES,
    **dict.fromkeys([RETURNED.key, RECYCLED.key], RETURNS),
    QUIET.key: SILENT,
    ESCALATIONS.key: STEPS,
    **dict.fromkeys([RESCUED.key, ACKNOWLEDGED.key], ALERTS),
}
"""By metric; clocks, of which each kind is a metric, stand apart."""

SOURCES: Mapping[str, Source] = {
    **{key: family.source(key) for key, family in FAMILIES.items()},
    **CLOCK_SOURCES,
}

LENGTHS: Mapping[str, Any] = {
    TIME_TO_ACCEPT.key: F("accept_seconds"),
    FIRST_CONTACT.key: F("contact_seconds"),
    SECOND_MEETING.key: Elapsed(F("submitted_at"), second_held()),
    ACKNOWLEDGED.key: Elapsed(F("at"), F("acknowledged_at")),
}
"""What is measured of the rows that count, in seconds, of the metrics that are lengths."""
