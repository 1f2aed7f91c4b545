"""Every write of the outbox, the inbox, and how people want to be told."""

from notify.services.channels import ChannelGone, remove_channel, save_channel, test_channel
from notify.services.daily import take_day
from notify.services.deliver import deliver_due
from notify.services.inbox import mark_read
from notify.services.outbox import (
    Letter,
    MessageNotDead,
    queue_message,
    queue_messages,
    queue_post,
    retry_message,
)
from notify.services.ways import (
    QuietHoursIncomplete,
    SlackAddressRefused,
    remove_slack,
    save_slack,
    save_ways,
    send_test,
)

__all__ = [
    "ChannelGone",
    "Letter",
    "MessageNotDead",
    "QuietHoursIncomplete",
    "SlackAddressRefused",
    "deliver_due",
    "mark_read",
    "queue_message",
    "queue_messages",
    "queue_post",
    "remove_channel",
    "remove_slack",
    "retry_message",
    "save_channel",
    "save_slack",
    "save_ways",
    "send_test",
    "take_day",
    "test_channel",
]
