"""What rules are written for, told by the app above that has the leads."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from accounts.models import User


@dataclass(frozen=True, slots=True)
class RecentLead:
    """A lead that was handed off: what it is called, its page, and what rules may ask about it."""

    label: str
    url: str
    facts: Mapping[str, Any]


ReadRecent = Callable[[datetime, int], Sequence[RecentLead]]

_recent: list[ReadRecent] = []


def register_recent(read: ReadRecent) -> None:
    """`read(since, most)` gives the latest handoffs since then, newest first, in few queries."""
    _recent.append(read)


def recent_leads(*, since: datetime, most: int) -> list[RecentLead]:
    return [lead for read in _recent for lead in read(since, most)][:most]


@dataclass(frozen=True, slots=True)
class NamedLead:
    """What a lead is called, and its page."""

    label: str
    url: str


ReadNamed = Callable[[Collection[int], User], Mapping[int, NamedLead]]

_named: list[ReadNamed] = []


def register_named(read: ReadNamed) -> None:
    """`read(ids, user)` names handoffs by id in few queries, but none the user may not read."""
    _named.append(read)


def named_leads(handoff_ids: Collection[int], user: User) -> dict[int, NamedLead]:
    return {pk: lead for read in _named for pk, lead in read(handoff_ids, user).items()}
