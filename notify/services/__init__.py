"""Every write of the outbox and the inbox."""

from notify.services.deliver import deliver_due
from notify.services.inbox import mark_read
from notify.services.outbox import MessageNotDead, queue_message, retry_message

__all__ = ["MessageNotDead", "deliver_due", "mark_read", "queue_message", "retry_message"]
