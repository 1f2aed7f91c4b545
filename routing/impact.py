"""Reads for whoever is about to change a pool: who is left, and what stays where it is."""

from __future__ import annotations

from accounts.models import User
from core.words import counted
from routing.models import Load, Member


def is_last(member: Member) -> bool:
    """True where nobody else of the pool could get a lead, whatever the hour."""
    others = Member.objects.filter(
        pool=member.pool_id, is_active=True, weight__gt=0, user__is_active=True
    )
    return not others.exclude(pk=member.pk).exists()


def open_leads(user: User) -> int:
    """Leads that the person carries over all pools without a first contact."""
    found = Load.objects.filter(user=user).values_list("open_count", flat=True).first()
    return found or 0


def staying_words(user: User) -> str:
    """What a change does not touch, as in "3 open leads stay where they are"."""
    count = open_leads(user)
    if count == 0:
        return "No open lead is touched."
    stay = "stays where it is" if count == 1 else "stay where they are"
    return f"{counted(count, 'open lead')} {stay}."
