"""Who had the buyer while the buyer waited: each instant of a wait belongs to exactly one party.

Where several could be named, the first of these is:

1. closed hours of the clock's calendar: nobody is at work, so nobody keeps the buyer waiting;
2. a pause of the clock, which like the clock itself counts open time only;
3. the submitter, while a rejection waits for an answer or the next draft is written;
4. the receiver whose leg it is;
5. holding, which is what is left: handed off, and nobody eligible.

Instants are aware and come out in UTC; lengths are exact to the microsecond. How much of a stretch
was open is asked of the calendar once for each stretch, so a wait of years costs no more than one
of an hour.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import pairwise

NOTHING = timedelta()

Counted = Callable[[datetime, datetime], timedelta]
"""How much of the time from one instant to a later one is open: between nothing and all of it."""


class Holder(StrEnum):
    """On whose account a part of the wait goes."""

    PAUSE = "pause"
    SUBMITTER = "submitter"
    RECEIVER = "receiver"
    HOLDING = "holding"
    CLOSED = "closed"


# Of claims on the same open time the first of these stands; among equals the one named first.
PRECEDENCE = (Holder.PAUSE, Holder.SUBMITTER, Holder.RECEIVER, Holder.HOLDING)


@dataclass(frozen=True, slots=True)
class Party:
    """Who or what a part goes to: ``key`` is the id of a receiver's leg or of the submitter.

    A pause has the id of its handoff, and its reason as ``note``.
    """

    holder: Holder
    key: int = 0
    note: str = ""


CLOSED = Party(Holder.CLOSED)
HELD = Party(Holder.HOLDING)


@dataclass(frozen=True, slots=True)
class Claim:
    """A party that says it had the buyer from ``start`` up to, and not at, ``end``."""

    start: datetime
    end: datetime
    party: Party


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch that one party had. ``open`` of it goes to them, the rest to closed hours."""

    start: datetime
    end: datetime
    party: Party
    open: timedelta

    @property
    def length(self) -> timedelta:
        return self.end - self.start

    @property
    def closed(self) -> timedelta:
        return self.length - self.open


@dataclass(frozen=True, slots=True)
class Share:
    """All that goes to one party."""

    party: Party
    length: timedelta


def attribute(
    start: datetime, end: datetime, claims: Iterable[Claim], *, counted: Counted
) -> tuple[Part, ...]:
    """Parts in order of time that tile the wait from ``start`` to ``end``; none of a wait that
    ends where it starts, or before.

    Neighbours of one party are one part, so a leg told in two pieces is the same as whole.
    """
    start, end = start.astimezone(UTC), end.astimezone(UTC)
    ranked = sorted(map(_in_utc, claims), key=lambda claim: PRECEDENCE.index(claim.party.holder))
    inside = {edge for claim in ranked for edge in (claim.start, claim.end) if start < edge < end}
    whole = {start, end} if start < end else set()
    stretches: list[tuple[datetime, datetime, Party]] = []
    for left, right in pairwise(sorted(whole | inside)):
        party = next((each.party for each in ranked if each.start <= left < each.end), HELD)
        if stretches and stretches[-1][2] == party:
            stretches[-1] = (stretches[-1][0], right, party)
        else:
            stretches.append((left, right, party))
    return tuple(Part(left, right, who, counted(left, right)) for left, right, who in stretches)


def shares_of(parts: Iterable[Part]) -> tuple[Share, ...]:
    """The wait by party in order of appearance, closed hours last; who has nothing is left out.

    The lengths add up to the lengths of the parts.
    """
    totals: dict[Party, timedelta] = {}
    closed = NOTHING
    for part in parts:
        totals[part.party] = totals.get(part.party, NOTHING) + part.open
        closed += part.closed
    totals[CLOSED] = closed
    return tuple(Share(party, length) for party, length in totals.items() if length)


def whole_seconds(lengths: Sequence[timedelta]) -> list[int]:
    """The lengths in seconds such that they add up to the whole seconds of their sum."""
    running, told = NOTHING, 0
    found = []
    for length in lengths:
        running += length
        found.append(running // timedelta(seconds=1) - told)
        told += found[-1]
    return found


def _in_utc(claim: Claim) -> Claim:
    # Two instants of one zone compare as walls do, clock changes left out.
    return replace(claim, start=claim.start.astimezone(UTC), end=claim.end.astimezone(UTC))
