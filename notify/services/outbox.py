"""Putting messages into the outbox, and putting dead ones back."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from accounts.models import User
from accounts.rules.policy import Action, allows
from core.errors import Conflict, NotPermitted
from core.inserts import insert_rows
from notify import registry, selectors
from notify.choices import Channel, MessageState, Topic
from notify.models import Destination, Message, MessageQuerySet
from notify.rules.delivery import sources_of
from notify.rules.ways import ways

logger = logging.getLogger(__name__)


class MessageNotDead(Conflict):
    """Only what could not be delivered is sent again by hand."""

    code = "message_not_dead"
    title = "This message is not waiting for you"


@dataclass(frozen=True, slots=True)
class Letter:
    """What one person is told of something; `queue_message` says what each part means."""

    key: str
    kind: str
    recipient_id: int
    subject_ref: str
    payload: dict[str, Any]
    channels: tuple[Channel, ...] = (Channel.INBOX, Channel.EMAIL)
    ignores_quiet: bool = False


def queue_message(
    *,
    key: str,
    kind: str,
    recipient: User,
    subject_ref: str,
    payload: dict[str, Any],
    channels: Iterable[Channel] = (Channel.INBOX, Channel.EMAIL),
    not_before: datetime | None = None,
    ignores_quiet: bool = False,
    now: datetime,
) -> MessageQuerySet:
    """Write one row for each channel by which the recipient wants to be told; return the rows.

    They are read only when somebody looks at them.

    Call it in the transaction of what the message tells about. A key that was queued before is
    left as it stands, so repeating the call is harmless. `payload` holds ids and codes only.
    `channels` are the ways that the message may take: the recipient's preferences choose among
    them, and what may go by e-mail may go by Slack too. `not_before` and the recipient's quiet
    hours keep the sending back, never the inbox row, which is readable at once; with
    `ignores_quiet` quiet hours do not.
    """
    letter = Letter(key, kind, recipient.pk, subject_ref, payload, tuple(channels), ignores_quiet)
    rows = _rows(letter, {}, not_before=not_before, now=now)
    insert_rows(Message, rows, ignore_conflicts=True)
    return Message.objects.filter(key__in=[row["key"] for row in rows]).order_by("id")


def queue_messages(letters: Iterable[Letter], *, now: datetime) -> None:
    """The same for many at once, in one statement and a few for each person and topic."""
    reaches: dict[tuple[int, Topic | None], selectors.Reach] = {}
    rows = [row for letter in letters for row in _rows(letter, reaches, not_before=None, now=now)]
    insert_rows(Message, rows, ignore_conflicts=True)


def _rows(
    letter: Letter,
    reaches: dict[tuple[int, Topic | None], selectors.Reach],
    *,
    not_before: datetime | None,
    now: datetime,
) -> list[dict[str, Any]]:
    """One for each channel; ``reaches`` keeps how each person is told of what."""
    asked = [Channel(channel) for channel in letter.channels]
    start, to = not_before or now, letter.recipient_id
    # What stays in the house costs no look at preferences.
    if not set(asked).isdisjoint(selectors.OUTSIDE):
        topic = registry.topic_of(letter.kind)
        if (to, topic) not in reaches:
            reaches[to, topic] = selectors.reach_of(to, topic)
        reach = reaches[to, topic]
        asked = [Channel(one) for one in ways(asked, topic, reach.said, has_slack=reach.has_slack)]
        if not letter.ignores_quiet:
            start = selectors.quiet_end(to, reach.quiet, start) or start
    return [
        {
            "key": f"{letter.key}:{channel}",
            "kind": letter.kind,
            "recipient_id": to,
            "channel": channel,
            "subject_ref": letter.subject_ref,
            "payload": letter.payload,
            "ignores_quiet": letter.ignores_quiet,
            **_first_state(channel, not_before=start, now=now),
        }
        for channel in asked
    ]


def queue_post(
    *,
    key: str,
    kind: str,
    destination: Destination,
    subject_ref: str,
    payload: dict[str, Any],
    now: datetime,
) -> None:
    """Write one row for the channel of a team or of the organisation.

    As `queue_message`: in the transaction of what it tells about, and once for each key. A channel
    has no preferences and no quiet hours. By the time it is sent it goes to the address that its
    team has then.
    """
    row = {
        "key": f"{key}:{destination.channel}",
        "kind": kind,
        "team_id": destination.team_id,
        "channel": destination.channel,
        "subject_ref": subject_ref,
        "payload": payload,
        "ignores_quiet": True,
        "not_before": now,
    }
    insert_rows(Message, [row], ignore_conflicts=True)


def _first_state(channel: Channel, *, not_before: datetime, now: datetime) -> dict[str, Any]:
    if channel is Channel.INBOX:
        return {"state": MessageState.SENT, "sent_at": now, "not_before": now}
    return {"state": MessageState.PENDING, "sent_at": None, "not_before": not_before}


def retry_message(*, message: Message, by: User, now: datetime) -> None:
    """Put a dead message back into the outbox, with the whole schedule of tries before it.

    Raises NotPermitted unless `by` is an admin, and MessageNotDead where it is not dead, or no
    longer.
    """
    if not allows(by.roles, Action.CONFIG_EDIT, frozenset()):
        raise NotPermitted("Only an admin can send a message again.")
    done = (
        Message.objects.dead()
        .filter(pk=message.pk, state__in=sources_of(MessageState.PENDING))
        .update(state=MessageState.PENDING, not_before=now, attempts=0, lease_until=None)
    )
    if not done:
        raise MessageNotDead(
            "Nothing was changed: only a message that could not be delivered can be sent again."
        )
    logger.info("message sent again by hand", extra={"message_id": message.pk, "by_id": by.pk})


def tell_of_death(message: Message, *, now: datetime) -> None:
    """Queue what follows when a message could not be delivered: its other way, and the admins.

    A post to a channel has no other way.

    Called in the transaction that makes the message dead.
    """
    base, _, _ = message.key.rpartition(":")
    if message.recipient is not None:
        queue_message(
            key=base,
            kind=message.kind,
            recipient=message.recipient,
            subject_ref=message.subject_ref,
            payload=message.payload,
            channels=[Channel.INBOX],
            now=now,
        )
    # Tries are numbered on when a message is sent again by hand, so each death has its own key.
    tries = message.tries.count()
    # One unread notice each is enough: it counts the dead anew whenever it is read.
    for admin in selectors.admins_without_dead_notice():
        queue_message(
            key=f"{selectors.DEAD_NOTICE}:{message.pk}:{tries}:{admin.pk}",
            kind=selectors.DEAD_NOTICE,
            recipient=admin,
            subject_ref=f"message:{message.pk}",
            payload={},
            channels=[Channel.INBOX],
            now=now,
        )
