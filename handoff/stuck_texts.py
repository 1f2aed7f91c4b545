"""The daily list of stuck leads, as it is when it is sent or read."""

from collections.abc import Sequence
from datetime import datetime

from django.urls import reverse

from accounts.models import User
from accounts.selectors import zone_for
from core.words import counted
from handoff.selectors.story import clock_time
from handoff.selectors.stuck import LABELS, counts_in_words, longest_stuck, stuck_counts
from handoff.selectors.stuck import stuck_handoffs as stuck
from handoff.services.stuck import STUCK
from notify.choices import Tone, Topic
from notify.models import Message
from notify.registry import Text, register_kind


def refresh(message: Message, now: datetime) -> Text | None:
    """The counts and the longest few; None where nothing is stuck any more."""
    return refresh_many([message], now)[message.pk]


def refresh_many(messages: Sequence[Message], now: datetime) -> dict[int, Text | None]:
    """The same for several days, read once for each person."""
    readers = {message.recipient for message in messages if message.recipient is not None}
    texts = {reader: _text(reader, now) for reader in readers}
    return {message.pk: texts[message.recipient] for message in messages if message.recipient}


def _text(reader: User, now: datetime) -> Text | None:
    counts = stuck_counts(stuck(reader, now=now))
    total = sum(counts.values())
    if not total:
        return None
    zone = zone_for(reader)
    return Text(
        subject=f"{counted(total, 'stuck lead')}: {counts_in_words(counts)}",
        body="Nothing moves in these. The longest come first.",
        path=reverse("handoff:stuck"),
        tone=Tone.LATE,
        action="See them all",
        lines=tuple(
            Text(
                subject=(
                    f"{row.lead.name}, {row.lead.company.name}: {LABELS[row.why].lower()} since "
                    f"{clock_time(row.since, now=now, zone=zone)}, with {row.owner.name}"
                ),
                path=reverse("handoff:detail", args=[row.pk]),
            )
            for row in longest_stuck(reader, now=now)
        ),
    )


def register() -> None:
    register_kind(STUCK, refresh, refresh_many, topic=Topic.STUCK)
