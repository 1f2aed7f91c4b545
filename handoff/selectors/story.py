"""What happened, in sentences that a colleague understands at once."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone

from handoff.choices import EventKind
from handoff.models import Event, Handoff, Leg

_DONE = {
    EventKind.SUBMITTED: "handed it off",
    EventKind.ACCEPTED: "accepted it",
    EventKind.REJECTED: "rejected it",
    EventKind.CONFLICT: "declared a conflict",
    EventKind.CONCEDED: "conceded the rejection",
    EventKind.WITHDRAWN: "withdrew it",
    EventKind.SUPERSEDED: "handed it off again",
    EventKind.EDITED: "changed the draft",
    EventKind.DRAFTED: "began the draft",
    EventKind.DRAINED: "gave it to the next receiver",
    EventKind.TOUCHED: "logged a touch",
    EventKind.NEXT_STEP_DATED: "dated the next step",
    EventKind.MEETING_MOVED: "moved the meeting",
    EventKind.MEETING_MISSED: "said that the meeting did not take place",
    EventKind.MEETING_CALLED_OFF: "called the meeting off",
    EventKind.INTRODUCED: "said who was introduced live",
    EventKind.NOT_INTRODUCED: "took the live introduction back",
    EventKind.CONTESTED: "contested the rejection",
    EventKind.OVERTURNED: "overturned the rejection",
    EventKind.UPHELD: "upheld the rejection",
    EventKind.RETURNED: "returned it to the submitter",
    EventKind.NURTURED: "sent it back to nurture",
    EventKind.DISQUALIFIED: "disqualified it",
    EventKind.CONVERTED: "made it an opportunity",
    EventKind.OUTCOME_RECORDED: "recorded the outcome",
    EventKind.MERGED: "merged it with another handoff",
    EventKind.TIMED_OUT: "passed it on",
    EventKind.REASSIGNED: "gave it to somebody else",
    EventKind.COVERED: "passed it to the cover",
}

# What is the receiver's to do, and a manager may do for them.
_RECEIVERS = frozenset({EventKind.ACCEPTED, EventKind.REJECTED, EventKind.CONFLICT})


def clock_time(at: datetime, *, now: datetime | None = None, zone: ZoneInfo | None = None) -> str:
    """A time as people say it: "10:04" today, "Fri 16:20" within a week, else with the date, and
    with the year where it is another one.

    Without ``now`` it always has its date, as in a table. Without ``zone``: the reader's.
    """
    local = timezone.localtime(at, zone)
    if now is None:
        return f"{local:%a} {local.day} {local:%b %Y}, {local:%H:%M}"
    days = (local.date() - timezone.localtime(now, zone).date()).days
    if days == 0:
        return f"{local:%H:%M}"
    if -7 < days < 7:
        return f"{local:%a %H:%M}"
    if local.year == timezone.localtime(now, zone).year:
        return f"{local.day} {local:%b}, {local:%H:%M}"
    return f"{local.day} {local:%b %Y}, {local:%H:%M}"


def what_happened_last(row: Handoff, *, now: datetime) -> str:
    """Who changed the handoff last, and that the present attempt changed nothing."""
    event = (
        Event.objects.filter(handoff_id=row.pk, kind__in=list(_DONE))
        .select_related("by")
        .order_by("-seq")
        .first()
    )
    if event is None:
        return "It has changed since you opened it. Nothing was changed."
    who = event.by.name if event.by else "Handoff"
    done = _DONE[EventKind(event.kind)]
    whom = _for_whom(event)
    return f"{who} {done}{whom} at {clock_time(event.at, now=now)}. Nothing was changed."


def _for_whom(event: Event) -> str:
    """The receiver for whom somebody else decided; empty where they did themselves."""
    if event.kind not in _RECEIVERS or event.by_id is None:
        return ""
    leg = Leg.objects.select_related("receiver").filter(pk=event.data.get("leg") or 0).first()
    if leg is None or leg.receiver_id == event.by_id:
        return ""
    return f" for {leg.receiver.name}"


def current_state(row: Handoff) -> dict[str, Any]:
    """The handoff as it is now, for whoever lost a race."""
    return {
        "id": row.pk,
        "status": row.status,
        "closed_as": row.closed_as or None,
        "owner": row.owner_id,
        "version": row.version,
    }
