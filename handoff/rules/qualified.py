"""From when a submitter's time to hand off counts, and until when where there is a meeting."""

from datetime import datetime, timedelta

FARTHEST_BACK = timedelta(days=30)
BEFORE_MEETING = timedelta(hours=24)
SHORTEST = timedelta(minutes=15)


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


def hand_off_due(meeting_at: datetime | None, *, drafted_at: datetime) -> datetime | None:
    """By when a lead with a meeting must be handed off; None without a meeting.

    A day before the meeting, and at least 15 minutes after the draft was begun. Aware instants.
    """
    if meeting_at is None:
        return None
    return max(meeting_at - BEFORE_MEETING, drafted_at + SHORTEST)
