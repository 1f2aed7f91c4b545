"""The pauses of a clock as spans: disjoint, so that pausing twice is one pause."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from sla.rules.pace import Hold

# Stands for the end of a pause that nobody has ended yet.
OPEN_END = datetime.max.replace(tzinfo=UTC)


def hold_of(starts_at: datetime, ends_at: datetime | None) -> Hold:
    return Hold(starts_at, OPEN_END if ends_at is None else ends_at)


def uncovered(wanted: Hold, existing: Iterable[Hold]) -> list[Hold]:
    """The pieces of `wanted` that no existing pause covers, in order."""
    pieces = [wanted]
    for hold in existing:
        pieces = [part for piece in pieces for part in _without(piece, hold)]
    return pieces


def _without(piece: Hold, hold: Hold) -> Iterator[Hold]:
    if hold.ends_at <= piece.starts_at or hold.starts_at >= piece.ends_at:
        yield piece
        return
    if piece.starts_at < hold.starts_at:
        yield Hold(piece.starts_at, hold.starts_at)
    if hold.ends_at < piece.ends_at:
        yield Hold(hold.ends_at, piece.ends_at)


def closed(holds: Iterable[Hold]) -> list[Hold]:
    """The pauses whose end is known: only they can be counted."""
    return [hold for hold in holds if hold.ends_at < OPEN_END]


def current(holds: Iterable[Hold], now: datetime) -> Hold | None:
    """The pause that goes on at `now`; the one that ends last where several touch."""
    going_on = [hold for hold in holds if hold.starts_at <= now < hold.ends_at]
    return max(going_on, key=lambda hold: hold.ends_at) if going_on else None
