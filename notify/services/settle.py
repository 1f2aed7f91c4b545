"""What becomes of messages after a try: sent, waiting again, dropped, or dead."""

import logging
import random
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from notify.choices import MessageState
from notify.models import (
    ERROR_LENGTH,
    Attempt,
    Destination,
    LastDigest,
    Message,
    MessageQuerySet,
)
from notify.rules.delivery import MAX_CRASHES, Outcome, Verdict, judge, sources_of
from notify.rules.text import one_line
from notify.services.claim import Claim
from notify.services.outbox import tell_of_death
from notify.services.ways import close_destination

logger = logging.getLogger(__name__)

POISONED = f"It ended the process that handled it {MAX_CRASHES} times."


@dataclass(frozen=True, slots=True)
class Result:
    """How one try ended, for all the messages that were handed over together.

    `retry_after` is the wait in seconds that was asked for, `gone` the address that takes nothing
    any more, and `is_final` that a digest was refused, so that its parts go alone.
    """

    outcome: Outcome
    error: str = ""
    retry_after: float | None = None
    gone: Destination | None = None
    is_final: bool = False


@transaction.atomic
def settle(
    claims: Sequence[Claim], result: Result, now: datetime, *, batch: uuid.UUID | None = None
) -> None:
    """Write what came of the try, and where each message goes from here.

    `batch` is the digest that they went out in, or were to.
    """
    error = one_line(result.error, ERROR_LENGTH)
    crashed = result.outcome is Outcome.CRASHED
    is_delivered = None if crashed else result.outcome is Outcome.DELIVERED
    Attempt.objects.filter(pk__in=[claim.attempt.pk for claim in claims]).update(
        ended_at=now, is_delivered=is_delivered, error=error
    )
    if is_delivered:
        _sent([claim.message for claim in claims], now, batch=batch)
        return
    # One for all: what failed together goes out together again.
    jitter = random.random()  # noqa: S311  # it spreads retries and guards nothing
    for claim in claims:
        _settle_one(claim, result, error, now, jitter=jitter, batch=batch)
    if result.retry_after is not None:
        _hold_back(claims[0].message, now + timedelta(seconds=result.retry_after))
    if result.gone is not None:
        close_destination(destination=result.gone, reason=error, now=now)


def _sent(messages: Sequence[Message], now: datetime, *, batch: uuid.UUID | None) -> None:
    # A fact, whoever holds the lease by now: it must not go out again if it can be helped.
    Message.objects.filter(
        pk__in=[message.pk for message in messages], state__in=sources_of(MessageState.SENT)
    ).update(state=MessageState.SENT, sent_at=now, lease_until=None, last_error="", batch=batch)
    if batch is not None:
        one = messages[0]
        LastDigest.objects.update_or_create(
            user=one.recipient,
            team=one.team,
            channel=one.channel,
            defaults={"at": now},
        )


def _settle_one(
    claim: Claim,
    result: Result,
    error: str,
    now: datetime,
    *,
    jitter: float,
    batch: uuid.UUID | None,
) -> None:
    message = claim.message
    verdict = judge(
        result.outcome,
        attempts=message.attempts,
        crashes=claim.crashes + (result.outcome is Outcome.CRASHED),
        schedule=settings.RETRY_DELAYS_SECONDS,
        jitter=jitter,
    )
    if verdict.state == MessageState.DEAD:
        _bury(message, error, now)
    else:
        _put_back(message, verdict, error, now, batch=batch if result.is_final else None)


def _put_back(
    message: Message, verdict: Verdict, error: str, now: datetime, *, batch: uuid.UUID | None
) -> None:
    """Let the message wait for its next try, or drop it."""
    wait = timedelta(seconds=verdict.wait_seconds or 0)
    changes = {} if batch is None else {"batch": batch}
    _held(message, verdict.state).update(
        state=verdict.state,
        not_before=now + wait,
        lease_until=None,
        last_error=error,
        **changes,
    )
    # A message that has become untrue is dropped every day; only a failure is news.
    level = logging.DEBUG if verdict.state == MessageState.DROPPED else logging.WARNING
    logger.log(
        level,
        "message not sent",
        extra={"message_id": message.pk, "state": verdict.state, "reason": error},
    )


def _hold_back(message: Message, until: datetime) -> None:
    """Keep the message, and what else goes to its address, as long as the other side has asked."""
    Message.objects.filter(
        recipient=message.recipient_id,
        team=message.team_id,
        channel=message.channel,
        state=MessageState.PENDING,
        not_before__lt=until,
    ).update(not_before=until)


@transaction.atomic
def bury_poison(claim: Claim, now: datetime) -> None:
    """The try that the claim put on record was never made."""
    Attempt.objects.filter(pk=claim.attempt.pk).update(
        ended_at=now, is_delivered=False, error=POISONED
    )
    _bury(claim.message, POISONED, now)


def _bury(message: Message, error: str, now: datetime) -> None:
    buried = _held(message, MessageState.DEAD).update(
        state=MessageState.DEAD, lease_until=None, last_error=error
    )
    if buried:
        logger.error("message is dead", extra={"message_id": message.pk, "reason": error})
        tell_of_death(message, now=now)


def _held(message: Message, target: str) -> MessageQuerySet:
    """The message, if this process still holds it: a later claim has counted one more try."""
    return Message.objects.filter(
        pk=message.pk, state=MessageState.SENDING, attempts=message.attempts
    ).filter(state__in=sources_of(target))
