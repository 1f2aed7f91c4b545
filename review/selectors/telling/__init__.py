"""The rows of every metric in words."""

from collections.abc import Mapping

from review.rules import metrics
from review.selectors.telling import clocks, decisions, events, handoffs
from review.selectors.telling.shape import Row, Telling, day_and_time

__all__ = ["TELLINGS", "Row", "Telling", "day_and_time"]

TELLINGS: Mapping[str, Telling] = {
    **dict.fromkeys(
        [metrics.ACCEPTANCE.key, metrics.STRICT.key, metrics.REJECTIONS.key], decisions.LEGS
    ),
    metrics.RULINGS.key: decisions.RULINGS,
    **{metric.key: clocks.CLOCKS for metric in metrics.ATTAINMENTS.values()},
    metrics.LOGGED_LATE.key: clocks.CLOCKS,
    **dict.fromkeys(
        [metrics.TIME_TO_ACCEPT.key, metrics.FIRST_PASS.key, metrics.EVENTUAL.key],
        handoffs.ACCEPTED,
    ),
    **{metric.key: handoffs.CONTACTED for metric in metrics.NO_FOLLOW_UP.values()},
    **dict.fromkeys(
        [
            metrics.FIRST_CONTACT.key,
            metrics.FIVE_MINUTES.key,
            metrics.FIVE_MINUTES_STAFFED.key,
        ],
        handoffs.CONTACTED,
    ),
    metrics.HANDOFFS.key: handoffs.STATE,
    metrics.COMPLETENESS.key: handoffs.COMPLETE,
    metrics.GATE.key: handoffs.GATE,
    metrics.SAL_TO_SQL.key: handoffs.CONVERTED,
    metrics.INTRODUCED.key: handoffs.INTRODUCED,
    metrics.SECOND_MEETING.key: handoffs.SECOND,
    metrics.SHOW_RATE.key: events.MEETINGS,
    metrics.MANY_OWNERS.key: decisions.CHANGES,
    **dict.fromkeys([metrics.RETURNED.key, metrics.RECYCLED.key], events.RETURNS),
    metrics.QUIET.key: events.QUIET,
    metrics.ESCALATIONS.key: events.STEPS,
    metrics.RESCUED.key: events.RESCUED,
    metrics.ACKNOWLEDGED.key: events.ACKNOWLEDGED,
}
