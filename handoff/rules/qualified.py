"""From when a submitter's time to hand off counts."""

from datetime import datetime, timedelta

FARTHEST_BACK = timedelta(days=30)


def hand_off_start(
    qualified_at: datetime | None,
    *,
    drafted_at: datetime,
    last_submitted_at: datetime | None = None,
) -> datetime:
    """When the lead was qualified, or the draft's beginning where that cannot be meant.

    Aware instants. A qualification that lies ahead, more than 30 days back, or before the lead
    was last handed off belongs to another time and does not count.
    """
    if qualified_at is None or qualified_at > drafted_at:
        return drafted_at
    if drafted_at - qualified_at > FARTHEST_BACK:
        return drafted_at
    if last_submitted_at is not None and qualified_at < last_submitted_at:
        return drafted_at
    return qualified_at
