"""Sending what is due: claim by lease, send outside any transaction, then write what came of it.

The try is on record before it begins. So a process that dies leaves a message that is claimed
again when its lease runs out, and one that always takes its process down is found by counting.
"""

import logging
import random
import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F, Max

from notify import registry
from notify.choices import MessageState
from notify.models import ERROR_LENGTH, Attempt, Message, MessageQuerySet
from notify.rules.delivery import MAX_CRASHES, Outcome, is_poison, judge, sources_of
from notify.rules.text import one_line
from notify.services.outbox import tell_of_death
from notify.transports import PermanentFailure, TemporaryFailure, Transports

logger = logging.getLogger(__name__)

BATCH_SIZE = 100
POISONED = f"It ended the process that handled it {MAX_CRASHES} times."


@dataclass(frozen=True, slots=True)
class Claim:
    """One message that this process alone may send until the lease runs out."""

    message: Message
    attempt: Attempt
    crashes: int
    """Earlier tries that came to no end of their own."""


def deliver_due(now: datetime) -> int:
    """Send up to a batch of what is due; return how many messages were handled.

    Any number of processes may do so at once: each message is sent by one of them. A batch ends
    early when the time of a tick is over, so that a slow server never outlasts a lease.
    """
    began = time.monotonic()
    handled = 0
    due = Message.objects.due(now).order_by("not_before", "id").values_list("pk", flat=True)
    with Transports() as transports:
        for pk in list(due[:BATCH_SIZE]):
            if time.monotonic() - began > settings.LOOP_BUDGET_SECONDS:
                break
            handled += _deliver(pk, transports, began, now)
    return handled


def _deliver(pk: int, transports: Transports, began: float, now: datetime) -> bool:
    """Handle one message; False where another process was first."""

    def by_now() -> datetime:
        # A send takes seconds: leases and times must not lie that far in the past.
        return now + timedelta(seconds=time.monotonic() - began)

    claim = _claim(pk, by_now())
    if claim is None:
        return False
    if is_poison(claim.crashes):
        _bury_poison(claim, by_now())
        return True
    outcome, error = _try(claim.message, transports, by_now())
    _settle(claim, outcome, one_line(error, ERROR_LENGTH), by_now())
    return True


@transaction.atomic
def _claim(pk: int, now: datetime) -> Claim | None:
    """Take the message for the length of a lease, with its try on record; None: it is taken."""
    taken = (
        Message.objects.due(now)
        .filter(pk=pk, state__in=sources_of(MessageState.SENDING))
        .update(
            state=MessageState.SENDING,
            lease_until=now + timedelta(seconds=settings.LEASE_SECONDS),
            attempts=F("attempts") + 1,
        )
    )
    if not taken:
        return None
    message = Message.objects.select_related("recipient").get(pk=pk)
    crashes = _crashes(message)
    last = message.tries.aggregate(last=Max("n"))["last"] or 0
    attempt = Attempt.objects.create(message=message, n=last + 1, started_at=now)
    return Claim(message, attempt, crashes)


def _crashes(message: Message) -> int:
    """How many of the tries since the message was queued, or retried, came to no end."""
    earlier = message.tries.order_by("-n").values_list("is_delivered", flat=True)
    return sum(delivered is None for delivered in earlier[: message.attempts - 1])


def _try(message: Message, transports: Transports, now: datetime) -> tuple[Outcome, str]:
    if not message.recipient.is_active:
        return Outcome.OBSOLETE, "The recipient is no longer active."
    try:
        text = registry.refresh(message, now)
        if text is None:
            return Outcome.OBSOLETE, ""
        transports.of(message).send(message, text)
    except PermanentFailure as failure:
        return Outcome.REFUSED, str(failure)
    except (TemporaryFailure, registry.UnknownKind) as failure:
        # A kind is unknown while an older worker still runs beside a new one.
        return Outcome.FAILED, str(failure)
    except Exception as error:
        logger.exception("message could not be handled", extra={"message_id": message.pk})
        return Outcome.CRASHED, f"{type(error).__name__}: {error}"
    return Outcome.DELIVERED, ""


@transaction.atomic
def _settle(claim: Claim, outcome: Outcome, error: str, now: datetime) -> None:
    """Write what came of the try, and where the message goes from here."""
    crashed = outcome is Outcome.CRASHED
    Attempt.objects.filter(pk=claim.attempt.pk).update(
        ended_at=now, is_delivered=None if crashed else outcome is Outcome.DELIVERED, error=error
    )
    verdict = judge(
        outcome,
        attempts=claim.message.attempts,
        crashes=claim.crashes + crashed,
        schedule=settings.RETRY_DELAYS_SECONDS,
        jitter=random.random(),  # noqa: S311  # it spreads retries and guards nothing
    )
    message = claim.message
    if verdict.state == MessageState.SENT:
        # A fact, whoever holds the lease by now: it must not go out again if it can be helped.
        Message.objects.filter(pk=message.pk, state__in=sources_of(MessageState.SENT)).update(
            state=MessageState.SENT, sent_at=now, lease_until=None, last_error=""
        )
    elif verdict.state == MessageState.DEAD:
        _bury(message, error, now)
    else:
        wait = timedelta(seconds=verdict.wait_seconds or 0)
        _held(message, verdict.state).update(
            state=verdict.state, not_before=now + wait, lease_until=None, last_error=error
        )
        # A message that has become untrue is dropped every day; only a failure is news.
        level = logging.DEBUG if verdict.state == MessageState.DROPPED else logging.WARNING
        logger.log(
            level,
            "message not sent",
            extra={"message_id": message.pk, "state": verdict.state, "reason": error},
        )


@transaction.atomic
def _bury_poison(claim: Claim, now: datetime) -> None:
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
