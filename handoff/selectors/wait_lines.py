"""The buyer's wait in words: one line for each who had it, which add up to the second."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from accounts.models import User
from handoff.choices import LegEnd
from handoff.models import Handoff, Leg
from handoff.rules.attribution import Holder, Party, whole_seconds
from handoff.selectors.lists import in_sentence
from handoff.selectors.story import clock_time
from handoff.selectors.waiting import CLOSED, CONTACT, Wait, Waits, waits_of
from worktime.rules import exact_words

SECOND = timedelta(seconds=1)
# What words need of a wide bar, in percents: the space around them, and each letter.
EDGES_PERCENT, LETTER_PERCENT = 1.5, 0.75


@dataclass(frozen=True, slots=True)
class WaitLine:
    """One share of a wait. ``kind`` is how it is drawn, ``x`` and ``width`` percents of the bar."""

    kind: str
    who: str
    what: str
    seconds: int
    x: float
    width: float

    @property
    def words(self) -> str:
        return exact_words(self.seconds)

    @property
    def has_room(self) -> bool:
        """Whether the name fits into its piece of a wide bar; a narrow one cuts it off."""
        return self.width >= EDGES_PERCENT + LETTER_PERCENT * len(self.who)

    @property
    def percent(self) -> str:
        return f"{self.width:.0f} %" if self.width >= 1 else "under 1 %"


@dataclass(frozen=True, slots=True)
class WaitLines:
    """One wait: the seconds of its lines add up to ``seconds``. ``hours`` says what was closed."""

    key: str
    title: str
    span: str
    hours: str
    seconds: int
    lines: tuple[WaitLine, ...]

    @property
    def words(self) -> str:
        return exact_words(self.seconds)


def wait_lines(row: Handoff, user: User, *, now: datetime) -> tuple[WaitLines, ...]:
    """The handoff's own wait and, where it is another, its chain's; for a reader of the handoff.

    Of other handoffs that the reader may not open the lines say how long, and not who.
    """
    waits = waits_of(row, now=now)
    names = _Names(row, user, waits, now)
    told = []
    if waits.own is not None:
        told.append(_told("handoff", "This handoff", waits.own, names, now))
    if waits.chain is not None:
        told.append(_told("chain", "The whole chain", waits.chain, names, now))
    return tuple(told)


def _told(key: str, title: str, wait: Wait, names: "_Names", now: datetime) -> WaitLines:
    shares = wait.shares
    seconds = whole_seconds([share.length for share in shares])
    lines: list[WaitLine] = []
    x, legs = 0.0, 0
    for share, length in zip(shares, seconds, strict=True):
        kind = str(share.party.holder)
        if share.party.holder == Holder.RECEIVER:
            # Those who follow one another must be told apart.
            kind += "-next" if legs % 2 else ""
            legs += 1
        width = round(100 * (share.length / wait.length), 3)
        who, what = names.of(share.party)
        lines.append(WaitLine(kind, who, what, length, round(x, 3), width))
        x += width
    hours = f"Closed hours are those of the calendar \u201c{wait.hours}\u201d."
    return WaitLines(
        key=key,
        title=title,
        span=_span(wait, now),
        hours=hours if wait.hours else "This clock runs around the clock: no hours are closed.",
        seconds=wait.length // SECOND,
        lines=tuple(lines),
    )


def _span(wait: Wait, now: datetime) -> str:
    start, end = clock_time(wait.start, now=now), clock_time(wait.end, now=now)
    return {
        CONTACT: f"From {start} to the first contact, {end}",
        CLOSED: f"From {start} until it closed, {end}; the buyer was not reached",
    }.get(wait.ended_by, f"Since {start}, and the buyer still waits")


class _Names:
    """Who the parties of a wait are, as far as the reader may know."""

    def __init__(self, row: Handoff, user: User, waits: Waits, now: datetime) -> None:
        self._now = now
        self._legs: Mapping[int, Leg] = waits.legs
        self._submitters = {one.submitted_by_id: one.submitted_by.name for one in waits.members}
        others = {one.pk for one in waits.members} | {leg.handoff_id for leg in waits.legs.values()}
        others.discard(row.pk)
        self._seen = {row.pk}
        if others:
            visible = Handoff.objects.for_user(user).filter(pk__in=others)
            self._seen.update(visible.values_list("pk", flat=True))
        told = (one for one in waits.members if one.pk in self._seen)
        self._known = {one.submitted_by_id for one in told}

    def of(self, party: Party) -> tuple[str, str]:
        """A name, and what they had it for."""
        if party.holder == Holder.RECEIVER:
            return self._receiver(self._legs[party.key])
        if party.holder == Holder.SUBMITTER:
            name = self._submitters[party.key] if party.key in self._known else "The submitter"
            return name, "answers a rejection or writes the next draft"
        return {
            Holder.PAUSE: ("Paused", party.note if party.key in self._seen else ""),
            Holder.HOLDING: ("Holding", "nobody was eligible"),
            Holder.CLOSED: ("Closed hours", "nights, weekends and holidays"),
        }[party.holder]

    def _receiver(self, leg: Leg) -> tuple[str, str]:
        start = clock_time(leg.assigned_at, now=self._now)
        if leg.ended_at is None:
            what = f"since {start}"
        else:
            how = in_sentence(LegEnd(leg.ended_as).label)
            what = f"{start} to {clock_time(leg.ended_at, now=self._now)}: {how}"
        return leg.receiver.name if leg.handoff_id in self._seen else "A receiver", what
