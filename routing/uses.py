"""What rules are written for, told by the app above that has the leads."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any


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
