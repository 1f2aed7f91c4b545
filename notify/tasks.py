"""The loop that empties the outbox; the drivers, Celery among them, find it by its name."""

from datetime import timedelta

from core.loops import Loop, register
from notify.services import deliver_due

DELIVER_DUE = register(
    Loop("notify.deliver_due", timedelta(seconds=1), deliver_due, "Sends e-mail and Slack messages")
)
