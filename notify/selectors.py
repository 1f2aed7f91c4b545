"""Reads of the outbox and the inbox."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.core.paginator import Paginator
from django.db import models
from django.urls import reverse

from accounts.choices import Role
from accounts.models import User
from notify import registry
from notify.models import Message
from notify.registry import Text

PAGE_SIZE = 25
DEAD_NOTICE = "notify.dead"


@dataclass(frozen=True, slots=True)
class InboxEntry:
    """One message as its recipient reads it now."""

    id: int
    at: datetime
    is_read: bool
    text: Text


@dataclass(frozen=True, slots=True)
class InboxPage:
    """One page of a person's inbox, newest first; `total` and `unread` count all pages."""

    entries: tuple[InboxEntry, ...]
    number: int
    pages: int
    total: int
    unread: int

    @property
    def previous(self) -> int | None:
        return self.number - 1 if self.number > 1 else None

    @property
    def next(self) -> int | None:
        return self.number + 1 if self.number < self.pages else None


def unread_count(user: User) -> int:
    """How many inbox messages the person has not read: the number on the badge."""
    return Message.objects.inbox_of(user).unread().count()


def inbox_page(user: User, page: int | str, *, now: datetime) -> InboxPage:
    """The page of that number; the nearest one where there is none such.

    The number of queries does not depend on how many messages there are, as long as their kinds
    are registered with a function for many.
    """
    found = Paginator(Message.objects.inbox_of(user), PAGE_SIZE).get_page(page)
    messages = list(found)
    texts = registry.refresh_many(messages, now)
    return InboxPage(
        entries=tuple(_entry(message, texts[message.pk]) for message in messages),
        number=found.number,
        pages=found.paginator.num_pages,
        total=found.paginator.count,
        unread=unread_count(user),
    )


def _entry(message: Message, text: Text) -> InboxEntry:
    return InboxEntry(
        id=message.pk,
        at=message.sent_at or message.created_at,
        is_read=message.read_at is not None,
        text=text,
    )


def admins_without_dead_notice() -> models.QuerySet[User]:
    """The active admins who have no unread notice about messages that could not be delivered."""
    notices = Message.objects.filter(recipient=models.OuterRef("pk"), kind=DEAD_NOTICE).unread()
    is_admin = models.Q(groups__name=Role.ADMIN.label) | models.Q(is_superuser=True)
    admins: models.QuerySet[User] = User.objects.active().filter(is_admin).distinct()
    return admins.exclude(models.Exists(notices))


def dead_notice(message: Message, now: datetime) -> Text:
    """What a notice about dead messages says: how many there are, counted now."""
    return dead_notices([message], now)[message.pk]


def dead_notices(messages: Sequence[Message], now: datetime) -> dict[int, Text]:
    dead = Message.objects.dead()
    count = dead.count()
    last = dead.select_related("recipient").order_by("-id").first()
    text = (
        _dead_text(count, last)
        if last is not None
        else Text("Every message has been delivered", "None is waiting to be sent again.")
    )
    return {message.pk: text for message in messages}


def _dead_text(count: int, last: Message) -> Text:
    what = "1 message" if count == 1 else f"{count} messages"
    return Text(
        subject=f"{what} could not be delivered",
        body=(
            f"The last one: {last.get_channel_display()} to {last.recipient}. {last.last_error} "
            "Each can be sent again once the cause is removed."
        ),
        path=f"{reverse('admin:notify_message_changelist')}?state__exact=dead",
        action="Show them",
    )
