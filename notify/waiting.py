"""What waits in the outbox, and what it has given up."""

from datetime import datetime, timedelta

from core.backlog import Backlog, backlog
from notify.choices import MessageState
from notify.models import Message

# Messages that go out in time are gone by then.
OVERDUE = timedelta(seconds=60)


def messages_waiting() -> Backlog:
    """All that is to be sent, now or later; the oldest by when it may be sent."""
    unsent = [MessageState.PENDING, MessageState.SENDING]
    return backlog(Message.objects.filter(state__in=unsent), "not_before")


def messages_overdue(now: datetime) -> Backlog:
    """What could have been sent for a while and was not."""
    return backlog(Message.objects.due(now).filter(not_before__lt=now - OVERDUE), "not_before")
