"""Sending what is due: claim by lease, send outside any transaction, then write what came of it.

The try is on record before it begins. So a process that dies leaves a message that is claimed
again when its lease runs out, and one that always takes its process down is found by counting.
Messages that one person, or one team's channel, is due together over one channel are claimed, sent
and settled together.
"""

import logging
import time
import uuid
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef

from accounts.models import User
from notify import registry, selectors
from notify.models import Attempt, Message
from notify.registry import Text
from notify.rules.delivery import DIGEST_OVER, Outcome, is_poison
from notify.rules.ways import is_wanted
from notify.selectors import Addressee
from notify.services.claim import Claim, claim
from notify.services.settle import Result, bury_poison, settle
from notify.transports import (
    TRANSPORTS,
    DestinationGone,
    NowhereToSend,
    PermanentFailure,
    TemporaryFailure,
    Transports,
)

logger = logging.getLogger(__name__)

BATCH_SIZE = 100
# So far ahead is looked for messages that belong together.
DUE_WINDOW = 2_000
DIGEST_SIZE = 2_000


@dataclass(frozen=True, slots=True)
class Ready:
    """A claimed message with what it says now."""

    claim: Claim
    text: Text


def deliver_due(now: datetime) -> int:
    """Send up to a batch of what is due on each channel; return how many messages were handled.

    Any number of processes may do so at once: each message is sent by one of them. The turn of a
    channel ends early when the time of a tick is over, so that a slow server never outlasts a
    lease; the next channel then gets its own turn, so that none waits behind another.
    """
    began = time.monotonic()

    def by_now() -> datetime:
        # A send takes seconds: leases and times must not lie that far in the past.
        return now + timedelta(seconds=time.monotonic() - began)

    return sum(_deliver_channel(channel, by_now) for channel in list(TRANSPORTS))


def _deliver_channel(channel: str, by_now: Callable[[], datetime]) -> int:
    began = time.monotonic()
    handled = 0
    with Transports() as transports:
        for pks in _parcels(channel, by_now()):
            is_over = time.monotonic() - began > settings.LOOP_BUDGET_SECONDS
            if handled >= BATCH_SIZE or is_over:
                break
            handled += _deliver(channel, pks, transports, by_now)
    return handled


@dataclass(frozen=True, slots=True)
class Due:
    """One message whose time has come, before it is claimed."""

    pk: int
    to: Addressee
    ignores_quiet: bool
    goes_alone: bool


def _parcels(channel: str, now: datetime) -> list[list[int]]:
    """The ids of what is due, oldest first; those that go out as one digest together."""
    parcels: list[list[int]] = []
    together: dict[Addressee, list[int]] = {}
    for due in _spaced(_awake(_due(channel, now), now), channel, now):
        parcel = together.get(due.to)
        if due.goes_alone:
            parcels.append([due.pk])
        elif parcel is not None and len(parcel) < DIGEST_SIZE:
            parcel.append(due.pk)
        else:
            together[due.to] = [due.pk]
            parcels.append(together[due.to])
    return [part for parcel in parcels for part in _split(parcel)]


def _split(parcel: list[int]) -> list[list[int]]:
    return [parcel] if len(parcel) > DIGEST_OVER else [[pk] for pk in parcel]


def _due(channel: str, now: datetime) -> list[Due]:
    crashed = Attempt.objects.filter(message=OuterRef("pk"), is_delivered__isnull=True)
    rows = (
        Message.objects.due(now)
        .filter(channel=channel)
        .order_by("not_before", "id")
        .annotate(has_crashed=Exists(crashed))
        .values_list("pk", "recipient", "team", "ignores_quiet", "batch", "has_crashed")
    )
    # What took a process or a digest down does not take others with it again.
    return [
        Due(pk, Addressee(user, team), ignores_quiet, has_crashed or batch is not None)
        for pk, user, team, ignores_quiet, batch, has_crashed in rows[:DUE_WINDOW]
    ]


def _awake(due: list[Due], now: datetime) -> list[Due]:
    """Without what its recipient's quiet hours keep back, which is put off to their end."""
    if not due:
        return []
    people = {one.to.user_id for one in due if one.to.user_id is not None}
    ends = selectors.quiet_ends(people, now)
    kept: dict[int, list[int]] = {}
    for one in due:
        if one.to.user_id in ends and not one.ignores_quiet:
            kept.setdefault(one.to.user_id, []).append(one.pk)
    for recipient, pks in kept.items():
        _put_off(pks, ends[recipient], now)
    return [one for one in due if one.ignores_quiet or one.to.user_id not in ends]


def _spaced(due: list[Due], channel: str, now: datetime) -> list[Due]:
    """Without what is due to people who have just had a digest: it waits for the next one."""
    if not due:
        return []
    until = selectors.next_digests({one.to for one in due}, channel, now)
    for addressee, at in until.items():
        pks = [one.pk for one in due if one.to == addressee]
        _put_off(pks, at, now)
    return [one for one in due if one.to not in until]


# In a transaction for SQLite's sake: a statement alone waits for the writer by longer and longer
# steps, and would wait for as long as others write.
@transaction.atomic
def _put_off(pks: Collection[int], until: datetime, now: datetime) -> None:
    """Let these of the messages that are still due wait until then."""
    Message.objects.due(now).filter(pk__in=pks).update(not_before=until)


def _deliver(
    channel: str, pks: list[int], transports: Transports, by_now: Callable[[], datetime]
) -> int:
    """Handle the messages of one parcel; return how many no other process was first with."""
    claims = claim(pks, by_now())
    for one in claims:
        if is_poison(one.crashes):
            bury_poison(one, by_now())
    ready = _texts_of([one for one in claims if not is_poison(one.crashes)], by_now)
    if ready:
        batch = uuid.uuid4() if len(ready) > 1 else None
        result = _hand_over(channel, ready, transports)
        settle([one.claim for one in ready], result, by_now(), batch=batch)
    return len(claims)


def _texts_of(claims: list[Claim], by_now: Callable[[], datetime]) -> list[Ready]:
    """What the messages say now; those that say nothing more, or cannot, are settled here."""
    ready = []
    obsolete: dict[str, list[Claim]] = {}
    texts = _Texts([one.message for one in claims], by_now())
    for one in claims:
        try:
            text = texts.of(one.message, by_now())
        except registry.UnknownKind as failure:
            # A kind is unknown while an older worker still runs beside a new one.
            settle([one], Result(Outcome.FAILED, str(failure)), by_now())
        except NowhereToSend as cause:
            obsolete.setdefault(str(cause), []).append(one)
        except Exception as error:
            logger.exception("message has no text", extra={"message_id": one.message.pk})
            settle([one], _crash(error), by_now())
        else:
            ready.append(Ready(one, text))
    for why, those in obsolete.items():
        settle(those, Result(Outcome.OBSOLETE, why), by_now())
    return ready


class _Texts:
    """What several messages to one addressee say; read together where their kinds can be."""

    def __init__(self, messages: Sequence[Message], now: datetime) -> None:
        self._said: dict[str, dict[str, bool]] = {}
        self._made = registry.refresh_together(messages, now) if len(messages) > 1 else {}

    def of(self, message: Message, now: datetime) -> Text:
        """Raises NowhereToSend where there is nothing left to say, or nobody who wants it."""
        if message.recipient is not None:
            self._ask(message, message.recipient)
        made = self._made
        text = made[message.pk] if message.pk in made else registry.refresh(message, now)
        if text is None:
            raise NowhereToSend("")
        return text

    def _ask(self, message: Message, recipient: User) -> None:
        """Whether the person still is there and wants it; a channel wants what it is sent."""
        if not recipient.is_active:
            raise NowhereToSend("The recipient is no longer active.")
        topic = registry.topic_of(message.kind)
        # What was chosen since the message was queued holds too.
        said = self._chosen(recipient, message.channel) if topic else {}
        if not is_wanted(topic, message.channel, said):
            raise NowhereToSend("The recipient wants no such message on this channel.")

    def _chosen(self, recipient: User, channel: str) -> dict[str, bool]:
        if channel not in self._said:
            self._said[channel] = selectors.said_by(recipient, channel)
        return self._said[channel]


def _hand_over(channel: str, ready: Sequence[Ready], transports: Transports) -> Result:
    messages = [one.claim.message for one in ready]
    try:
        texts = [one.text for one in ready]
        to_person = messages[0].recipient_id is not None
        text = texts[0] if len(texts) == 1 else registry.digest(texts, to_person=to_person)
        transports.of(channel).send(messages, text)
    except DestinationGone as failure:
        return Result(Outcome.REFUSED, str(failure), gone=failure.destination)
    except PermanentFailure as failure:
        # It may be one of them that is refused: each is tried alone, and judged by that.
        outcome = Outcome.REFUSED if len(ready) == 1 else Outcome.FAILED
        return Result(outcome, str(failure), is_final=True)
    except TemporaryFailure as failure:
        return Result(Outcome.FAILED, str(failure), retry_after=failure.retry_after)
    except NowhereToSend as cause:
        return Result(Outcome.OBSOLETE, str(cause))
    except Exception as error:
        logger.exception(
            "message could not be handled", extra={"message_ids": [one.pk for one in messages]}
        )
        return _crash(error)
    return Result(Outcome.DELIVERED)


def _crash(error: Exception) -> Result:
    return Result(Outcome.CRASHED, f"{type(error).__name__}: {error}")
