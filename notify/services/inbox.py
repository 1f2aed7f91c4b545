"""What a person does with the messages that reached them."""

from collections.abc import Collection
from datetime import datetime

from accounts.models import User
from notify.models import Message


def mark_read(*, user: User, message_ids: Collection[int] | None, now: datetime) -> int:
    """Mark the user's own inbox messages read, all of them for None; return how many were not.

    Ids of other people's messages, and unknown ones, change nothing and are not told apart.
    """
    unread = Message.objects.inbox_of(user).unread()
    if message_ids is not None:
        unread = unread.filter(pk__in=message_ids)
    return unread.order_by().update(read_at=now)
