"""Reads for whoever is about to change a pool: who is left, and what stays where it is."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from accounts.models import User
from core.history import who_changed
from core.words import counted, listed
from routing.choices import Hours, SkillKind, Strategy
from routing.models import Load, Member, Pool, Skill
from routing.rules import Room
from routing.selectors import period_at, room_in


def is_last(member: Member) -> bool:
    """True where nobody else of the pool could get a lead, whatever the hour."""
    others = Member.objects.filter(
        pool=member.pool_id, is_active=True, weight__gt=0, user__is_active=True
    )
    return not others.exclude(pk=member.pk).exists()


def left_words(pools: Iterable[Pool]) -> str:
    """What happens in pools in which nobody else could take leads; empty for none."""
    left = list(pools)
    if not left:
        return ""
    return (
        f"Nobody else takes leads in {listed([str(pool) for pool in left])}. New leads would wait "
        f"in holding, owned by {listed(sorted({str(pool.manager) for pool in left}))}, until "
        "somebody does."
    )


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


def room_now(user: User, *, now: datetime) -> Room:
    """What the person carries and got in the organisation's day and week, and may."""
    load = Load.objects.filter(user=user).first()
    return Room() if load is None else room_in(load, period_at(now))


def has_words(user: User, room: Room) -> dict[str, str]:
    """What the person has by now, by the name of the limit that it counts for."""
    return {
        "capacity": f"{user} has {room.open_count} open.",
        "day_limit": f"{user} got {room.day_count} today.",
        "week_limit": f"{user} got {room.week_count} this week.",
    }


def limit_changer(user: User, limit: str) -> User | None:
    """Who set the limit of that name last; None where nobody knows."""
    load = Load.objects.filter(user=user).first()
    found: User | None = who_changed(load, limit) if load else None
    return found


def limit_words(user: User, load: Load) -> str:
    """What the person may have from the next lead on, in a sentence."""
    limits = {
        "open at a time": load.capacity,
        "a day": load.day_limit,
        "a week": load.week_limit,
    }
    told = [f"{limit} {words}" for words, limit in limits.items() if limit is not None]
    if not told:
        return f"{user} may have any number of leads from the next lead on."
    return f"{user} may have {', '.join(told)}, from the next lead on."


def skill_texts(user: User) -> dict[str, str]:
    """The person's skills by kind, as they are typed."""
    found: dict[str, list[str]] = {kind: [] for kind in SkillKind.values}
    for kind, value in Skill.objects.filter(user=user).values_list("kind", "value"):
        found[kind].append(value)
    return {kind: ", ".join(values) for kind, values in found.items()}


def skill_changer(user: User, kind: str) -> User | None:
    """Who changed the person's skills of the kind last; None where nobody knows."""
    changes = Skill.history.filter(user=user, kind=kind).select_related("history_user")
    change = changes.first()
    found: User | None = change.history_user if change else None
    return found


def pool_words(pool: Pool) -> str:
    """How the pool picks from the next lead on, in sentences."""
    kinds = " or ".join(SkillKind(kind).label.lower() for kind in pool.skills)
    told = [
        _STRATEGIES[Strategy(pool.strategy)],
        _HOURS[Hours(pool.hours)],
        f"a lead that asks for a {kinds} goes only to who has it" if kinds else "",
        f"a lead not accepted in time {_counts(pool.timeout_costs_turn)}",
        f"a lead given by hand {_counts(pool.manual_costs_turn)}",
    ]
    return f"From the next lead on: {'; '.join(part for part in told if part)}."


_STRATEGIES = {
    Strategy.WEIGHTED_ROUND_ROBIN: "members take turns by their weights",
    Strategy.LEAST_LOADED: "whoever has the fewest open leads for their weight is next",
}
_HOURS = {
    Hours.IGNORED: "working hours do not matter",
    Hours.PREFERRED: "who is at work goes before who is not",
    Hours.REQUIRED: "only who is at work is picked",
}


def _counts(costs_turn: bool) -> str:
    return "counts as a turn" if costs_turn else "costs no turn"
