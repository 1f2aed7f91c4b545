"""Claiming messages: this process alone may send them until the lease runs out."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F

from notify.choices import MessageState
from notify.models import Attempt, Message
from notify.rules.delivery import sources_of


@dataclass(frozen=True, slots=True)
class Claim:
    """One message that this process alone may send until the lease runs out."""

    message: Message
    attempt: Attempt
    crashes: int
    """Earlier tries that came to no end of their own."""


@transaction.atomic
def claim(pks: Collection[int], now: datetime) -> list[Claim]:
    """Take those of the messages that are due, each with its try on record, by id.

    What another process has, or takes at this moment, is left to it. The number of queries does
    not depend on how many there are.
    """
    due = Message.objects.due(now).filter(pk__in=pks, state__in=sources_of(MessageState.SENDING))
    taken = list(
        due.select_for_update(skip_locked=True, of=("self",))
        .select_related("recipient", "team")
        .order_by("pk")
    )
    if not taken:
        return []
    lease = now + timedelta(seconds=settings.LEASE_SECONDS)
    ids = [message.pk for message in taken]
    Message.objects.filter(pk__in=ids).update(
        state=MessageState.SENDING, lease_until=lease, attempts=F("attempts") + 1
    )
    for message in taken:
        message.state, message.lease_until = MessageState.SENDING, lease
        message.attempts += 1
    tries = _tries_of(ids)
    attempts = Attempt.objects.bulk_create(
        Attempt(message=message, n=_last(tries[message.pk]) + 1, started_at=now)
        for message in taken
    )
    return [
        Claim(message, attempt, _crashes(message, tries[message.pk]))
        for message, attempt in zip(taken, attempts, strict=True)
    ]


_Try = tuple[int, bool | None]


def _tries_of(ids: Sequence[int]) -> dict[int, list[_Try]]:
    """The number of each earlier try and whether it delivered, newest first, by message."""
    found: dict[int, list[_Try]] = defaultdict(list)
    rows = Attempt.objects.filter(message__in=ids).order_by("-n")
    for pk, n, is_delivered in rows.values_list("message_id", "n", "is_delivered"):
        found[pk].append((n, is_delivered))
    return found


def _last(tries: Sequence[_Try]) -> int:
    return tries[0][0] if tries else 0


def _crashes(message: Message, tries: Sequence[_Try]) -> int:
    """How many of the tries since the message was queued, or retried, came to no end."""
    return sum(delivered is None for _, delivered in tries[: message.attempts - 1])
