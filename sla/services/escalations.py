"""What the sweep leaves to do: claimed by lease, tried a few times, done once."""

from __future__ import annotations

import logging
from collections.abc import Collection
from datetime import datetime, timedelta
from itertools import takewhile

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet, prefetch_related_objects

from accounts.choices import Role
from accounts.models import User
from core.errors import Conflict
from core.lookups import Among
from notify.services import queue_message
from sla.choices import EscalationState
from sla.models import Escalation
from sla.notices import SET_ASIDE
from sla.rules.retries import MOST_ATTEMPTS, wait_after

logger = logging.getLogger(__name__)

LAST_ERROR_LENGTH = 500


class StepNotSetAside(Conflict):
    """Only what was set aside is tried again by hand."""

    code = "step_not_set_aside"
    title = "This step is not waiting for you"


def claim_escalations(*, now: datetime, limit: int) -> list[Escalation]:
    """Lease `limit` escalations that may be acted on, or fewer, the longest waiting first.

    The attempt is counted and committed before the work begins, so one that kills its worker
    uses its attempts up and is set aside instead of being tried for ever. What was tried before
    is leased alone: those that were only leased together with a killer do not share its end.
    The steps of one clock are leased together, so that a late sweep tells of them together.
    Not to be called inside a transaction.
    """
    with transaction.atomic(durable=True):
        claimable = _claimable(now)
        found = list(
            claimable.order_by("not_before", "pk")
            .select_for_update(skip_locked=True)
            .defer("created_at", "handled_at", "last_error")[:limit]
        )
        _quarantine_killers([one.pk for one in found if one.attempts >= MOST_ATTEMPTS], now)
        left = [one for one in found if one.attempts < MOST_ATTEMPTS]
        untried = list(takewhile(lambda one: one.attempts == 0, left))
        claimed = _with_siblings(untried, claimable) if untried else left[:1]
        lease_until = now + timedelta(seconds=settings.LEASE_SECONDS)
        Escalation.objects.filter(Among("id", [one.pk for one in claimed])).update(
            lease_until=lease_until, attempts=F("attempts") + 1
        )
        for one in claimed:
            one.lease_until, one.attempts = lease_until, one.attempts + 1
        # Read once each: a batch has few steps of policies, however many clocks.
        prefetch_related_objects(claimed, "step")
        return sorted(claimed, key=lambda one: (one.not_before, one.pk))


def finish_escalation(*, escalation: Escalation, now: datetime, superseded: bool = False) -> bool:
    """Mark it as acted on, or as settled before; False when that had been done already.

    Belongs into the transaction of the action, which must be undone when this is False.
    """
    state = EscalationState.SUPERSEDED if superseded else EscalationState.HANDLED
    return _pending(escalation).update(state=state, handled_at=now, lease_until=None) == 1


def finish_escalations(*, ids: Collection[int], now: datetime, superseded: bool = False) -> int:
    """The same for many in one statement; how many had not been finished before."""
    state = EscalationState.SUPERSEDED if superseded else EscalationState.HANDLED
    pending = Escalation.objects.filter(Among("id", ids), state=EscalationState.PENDING)
    return pending.update(state=state, handled_at=now, lease_until=None)


def defer_escalation(*, escalation: Escalation, until: datetime) -> bool:
    """Let it wait until then; to have looked at it is no attempt."""
    waiting = _pending(escalation).filter(attempts__gt=0)
    return waiting.update(not_before=until, lease_until=None, attempts=F("attempts") - 1) == 1


def fail_escalation(*, escalation: Escalation, error: str, now: datetime) -> bool:
    """Note why an attempt failed and try again later, or set it aside after the last attempt.

    False when the lease had run out and somebody else has it now, or has finished it.
    """
    mine = _pending(escalation).filter(attempts=escalation.attempts)
    wait = wait_after(escalation.attempts)
    note = error[:LAST_ERROR_LENGTH]
    if wait is not None:
        return mine.update(not_before=now + wait, lease_until=None, last_error=note) == 1
    with transaction.atomic():
        quarantined = mine.update(
            state=EscalationState.QUARANTINED, handled_at=now, lease_until=None, last_error=note
        )
        if quarantined:
            _tell_of_quarantine([escalation.pk], now)
    return quarantined == 1


def _with_siblings(claimed: list[Escalation], claimable: QuerySet[Escalation]) -> list[Escalation]:
    """These and what else has passed on their clocks; a clock has few steps."""
    last = claimed[-1]
    # In the order of the claim, all before the last one are claimed.
    later = Q(not_before__gt=last.not_before) | Q(not_before=last.not_before, pk__gt=last.pk)
    clocks = {one.clock_id for one in claimed}
    others = claimable.filter(later, Among("clock_id", clocks), attempts=0)
    return [*claimed, *others.select_for_update(skip_locked=True)]


def retry_escalation(*, escalation: Escalation, now: datetime) -> None:
    """Put a step that was set aside back, with all its attempts before it; its last error stays.

    Raises StepNotSetAside where it is not set aside, or no longer. Belongs into the transaction
    that records who did it.
    """
    aside = Escalation.objects.filter(pk=escalation.pk, state=EscalationState.QUARANTINED)
    done = aside.update(
        state=EscalationState.PENDING,
        attempts=0,
        not_before=now,
        handled_at=None,
        lease_until=None,
    )
    if not done:
        raise StepNotSetAside(
            "Nothing was changed: somebody has had this step tried again before, or it was done."
        )


def release_escalations(*, held_until: datetime, now: datetime) -> int:
    """Let what waits until exactly that instant be acted on now; how many."""
    held = Escalation.objects.filter(state=EscalationState.PENDING, not_before=held_until)
    return held.update(not_before=now)


def _claimable(now: datetime) -> QuerySet[Escalation]:
    unleased = Q(lease_until__isnull=True) | Q(lease_until__lt=now)
    return Escalation.objects.filter(unleased, state=EscalationState.PENDING, not_before__lte=now)


def _pending(escalation: Escalation) -> QuerySet[Escalation]:
    return Escalation.objects.filter(pk=escalation.pk, state=EscalationState.PENDING)


def _quarantine_killers(ids: list[int], now: datetime) -> None:
    """Set aside what was claimed for the last time and never came back."""
    if not ids:
        return
    Escalation.objects.filter(pk__in=ids).update(
        state=EscalationState.QUARANTINED,
        handled_at=now,
        lease_until=None,
        last_error="The worker ended during each attempt.",
    )
    _tell_of_quarantine(ids, now)


def _tell_of_quarantine(ids: list[int], now: datetime) -> None:
    """A reminder or alert that nobody got is itself something to be told about."""
    logger.error("escalations set aside after repeated failures", extra={"escalations": ids})
    for admin in User.objects.active().in_roles(Role.ADMIN):
        for pk in ids:
            queue_message(
                # Tried again by hand and set aside again, it is told again.
                key=f"{SET_ASIDE}:{pk}:{now.isoformat()}:{admin.pk}",
                kind=SET_ASIDE,
                recipient=admin,
                subject_ref=f"escalation:{pk}",
                payload={"escalation": pk},
                now=now,
            )
