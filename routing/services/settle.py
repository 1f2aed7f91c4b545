"""What follows a turn: its slot becomes free, or the turn is given back."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import F

from routing.choices import Strategy
from routing.models import CreditNote, Load, Member, Pool, Turn
from routing.rules import refund
from routing.selectors import weight_of_active


def release(*, turn: Turn, now: datetime) -> None:
    """Free the slot that the turn took; the caller does this once for each turn.

    The count never falls below 0.
    """
    rows = Load.objects.filter(user_id=turn.user_id, open_count__gt=0)
    rows.update(open_count=F("open_count") - 1)


def occupy(*, turn: Turn, now: datetime) -> None:
    """Take the slot of the turn again, for a lead that comes back; it may exceed the capacity."""
    Load.objects.filter(user_id=turn.user_id).update(open_count=F("open_count") + 1)


@transaction.atomic
def give_back(*, turn: Turn, reason: str, now: datetime) -> CreditNote | None:
    """Return a turn: the member's credit gets back what the pick took, up to +W.

    W is the weight of the pool's active members now. Locks the pool. Once for each turn: a turn
    that was given back before stays as it is and the answer is None. Where the picked person was
    no member, is full of credit, or was picked by another strategy than that of credits, the note
    says 0.
    """
    # The lock orders this among the picks, whose figures count on unmoved credits.
    Pool.objects.select_for_update(no_key=True).get(pk=turn.pool_id)
    if CreditNote.objects.filter(turn=turn).exists():
        return None
    amount = 0
    if turn.member_id is not None and turn.strategy == Strategy.WEIGHTED_ROUND_ROBIN:
        member = Member.objects.get(pk=turn.member_id)
        paid = sum(weight for _, weight, _ in turn.candidates)
        total = weight_of_active(turn.pool_id)
        amount = refund(credit=member.credit, paid=paid, total=total)
        Member.objects.filter(pk=member.pk).update(credit=F("credit") + amount)
    return CreditNote.objects.create(turn=turn, at=now, reason=reason, amount=amount)
