"""A day before a meeting its receiver is reminded, with the whole context at hand."""

import logging
from datetime import datetime, timedelta

from django.db import InterfaceError, OperationalError, transaction
from django.db.models import F, Q

from handoff.choices import EventKind, Status
from handoff.models import Handoff, Leg
from handoff.rules.qualified import BEFORE_MEETING
from handoff.services import tell
from handoff.services.change import apply_change, lock_handoff

logger = logging.getLogger(__name__)

BATCH = 100
RECEIVED = (Status.PENDING, Status.ACCEPTED)
JUST_TOLD = timedelta(hours=1)
"""Who got the lead this recently has read about the meeting in that message."""


def remind_of_meetings(now: datetime) -> int:
    """Remind the receivers of meetings within the next 24 hours, once for each time and receiver.

    Returns how many handoffs were handled. A meeting that was moved is reminded of again. One
    that fails is logged and passed over; it is tried again next time.
    """
    due = Handoff.objects.filter(
        meeting_at__gt=now, meeting_at__lte=now + BEFORE_MEETING, status__in=RECEIVED
    )
    unsaid = Q(meeting_reminded_for__isnull=True) | ~Q(meeting_reminded_for=F("meeting_at"))
    waiting = due.filter(unsaid).order_by("meeting_at").values_list("pk", flat=True)[:BATCH]
    handled = 0
    for pk in list(waiting):
        try:
            with transaction.atomic():
                _remind(lock_handoff(pk), now=now)
        except (OperationalError, InterfaceError):
            raise
        except Exception:
            # One bad row must not keep the others waiting.
            logger.exception("not reminded of a meeting", extra={"handoff": pk})
        else:
            handled += 1
    return handled


def _remind(row: Handoff, *, now: datetime) -> None:
    meeting_at = row.meeting_at
    if row.status not in RECEIVED or meeting_at is None or row.meeting_reminded_for == meeting_at:
        return
    leg = Leg.objects.select_related("receiver").get(handoff_id=row.pk, ended_at=None)
    is_told = now - leg.assigned_at < JUST_TOLD
    apply_change(
        row,
        event=EventKind.MEETING_REMINDED,
        by=None,
        now=now,
        changes={"meeting_reminded_for": meeting_at},
        data={"leg": leg.pk, "told": None if is_told else leg.receiver_id},
    )
    if not is_told:
        tell.receiver_of_meeting(row, leg, now=now)
