"""What became of the leads that each receiver got: rejected, timed out, converted by others.

Every leg counts by when it was assigned, whatever became of it later, so that each number is a part
of the received ones. A rejection that was overturned was one all the same; a declared conflict is
not, nor is a leg that ran out of time, and both stand apart. What somebody handed to themselves is
left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet

from accounts.models import User
from core.figures import Rate, gap, interval_words, percent_words
from handoff.choices import ClosedAs, LegEnd, RejectReason
from handoff.models import Handoff, Leg
from routing.models import Pool
from routing.rules.period import Period
from routing.selectors.receipts import people_in_sight

PAGE_SIZE = 25
# With what is annotated, which the checker of types does not know of.
LegQuerySet = QuerySet[Any, Any]

_REJECTED = Q(ended_as=LegEnd.REJECTED) | Q(contest__isnull=False)
KINDS: Mapping[str, Q] = {
    "received": Q(),
    "rejected": _REJECTED,
    "accepted": Q(contest__isnull=True, accepted_at__isnull=False) & ~Q(ended_as=LegEnd.REJECTED),
    "conflict": Q(ended_as=LegEnd.CONFLICT),
    "timed_out": Q(ended_as=LegEnd.TIMED_OUT),
    "upheld": Q(contest__is_upheld=True),
    "overturned": Q(contest__is_upheld=False),
    "elsewhere": Q(is_elsewhere=True),
}
LABELS: Mapping[str, str] = {
    "received": "Received",
    "rejected": "Rejected",
    "accepted": "Accepted",
    "conflict": "Conflict declared",
    "timed_out": "Time ran out",
    "upheld": "Contest upheld",
    "overturned": "Contest overturned",
    "elsewhere": "Converted by somebody else",
}
NOTHING: Mapping[str, int] = dict.fromkeys(KINDS, 0)


@dataclass(frozen=True, slots=True)
class RateWords:
    """A rate as people read it; where there are too few decisions the counts alone."""

    value: str
    of: str
    interval: str


def rate_words(rate: Rate) -> RateWords:
    """As in "41 %" "14 of 34 decisions" "95 % interval 26 to 58 %"."""
    of = f"{rate.hits} of {rate.n} decisions"
    if rate.share is None or rate.interval is None:
        return RateWords("none", "no decisions", "")
    if rate.is_few:
        return RateWords("too few", of, "")
    return RateWords(f"{percent_words(rate.share)} %", of, interval_words(rate.interval))


@dataclass(frozen=True, slots=True)
class PickLine:
    """One receiver's counts by kind, and their rejections beside those of the others."""

    user: User
    counts: Mapping[str, int]
    rate: Rate
    others: Rate

    @property
    def words(self) -> RateWords:
        return rate_words(self.rate)

    @property
    def others_words(self) -> RateWords:
        return rate_words(self.others)

    @property
    def is_above(self) -> bool:
        """Whether the rate lies above that of the others, as far as so many cases can tell."""
        if self.rate.is_few or self.others.is_few:
            return False
        above = gap(self.rate, self.others)
        return above is not None and above.low > 0


@dataclass(frozen=True, slots=True)
class Picking:
    """The receivers in sight by name; `total` and `rate` are of all receivers of the pool."""

    lines: tuple[PickLine, ...]
    total: Mapping[str, int]
    rate: Rate
    is_whole: bool

    @property
    def words(self) -> RateWords:
        return rate_words(self.rate)


def pool_picking(reader: User, pool: Pool, period: Period) -> Picking:
    """What became of the pool's leads, by receiver, in a constant number of queries."""
    found = {row.pop("receiver"): row for row in _counted(pool, period)}
    total = {kind: sum(counts[kind] for counts in found.values()) for kind in KINDS}
    seen = people_in_sight(reader, pool)
    shown = set(found) if seen is None else set(found) & seen
    return Picking(
        lines=tuple(
            PickLine(
                user=user,
                counts=found[user.pk],
                rate=_rate(found[user.pk]),
                others=_rate({kind: total[kind] - found[user.pk][kind] for kind in KINDS}),
            )
            for user in User.objects.filter(pk__in=shown).order_by("name", "pk")
        ),
        total=total,
        rate=_rate(total),
        is_whole=shown == set(found),
    )


def _rate(counts: Mapping[str, int]) -> Rate:
    """Rejections among the decisions, as the weekly review counts decisions."""
    return Rate(counts["rejected"], counts["rejected"] + counts["accepted"])


def _counted(pool: Pool, period: Period) -> Iterable[dict[str, Any]]:
    counts = {
        kind: Count("pk", filter=which) for kind, which in KINDS.items() if kind != "received"
    }
    rows: Iterable[dict[str, Any]] = (
        _legs(pool, period).order_by().values("receiver").annotate(received=Count("pk"), **counts)
    )
    return rows


def _legs(pool: Pool, period: Period) -> LegQuerySet:
    legs = Leg.objects.filter(
        turn__pool=pool, turn__at__gte=period.start, turn__at__lt=period.end
    ).exclude(handoff__submitted_by=F("receiver"))
    later = Leg.objects.filter(
        ~Q(receiver=OuterRef("receiver")),
        handoff__chain=OuterRef("handoff__chain"),
        handoff__closed_as=ClosedAs.CONVERTED,
        ended_as=LegEnd.CLOSED,
        ended_at__gt=OuterRef("ended_at"),
    )
    gone = Q(ended_as__in=[LegEnd.REJECTED, LegEnd.TIMED_OUT])
    return legs.annotate(is_elsewhere=Exists(later) & gone)


@dataclass(frozen=True, slots=True)
class PickedLeg:
    """One leg in words: when it was assigned, what became of it and why."""

    handoff: Handoff
    assigned_at: datetime
    outcome: str
    reason: str
    contest: str
    is_elsewhere: bool


@dataclass(frozen=True, slots=True)
class PickedLegs:
    """One page of them, newest first; `hidden` of the counted ones the reader may not open."""

    rows: tuple[PickedLeg, ...]
    page: Page[Any]
    hidden: int

    @property
    def count(self) -> int:
        return self.page.paginator.count + self.hidden


def picked_legs(
    reader: User, person: User, pool: Pool, period: Period, *, kind: str, number: str
) -> PickedLegs:
    """The legs behind one count of one receiver, as far as the reader may open their handoffs."""
    legs = _legs(pool, period).filter(KINDS[kind], receiver=person)
    readable = Handoff.objects.for_user(reader).filter(pk=OuterRef("handoff"))
    shown = legs.filter(Exists(readable)).order_by("-turn__at", "-pk")
    page = Paginator(
        shown.select_related("handoff__lead__company", "handoff__submitted_by", "contest"),
        PAGE_SIZE,
    ).get_page(number)
    return PickedLegs(
        rows=tuple(_picked(leg) for leg in page.object_list),
        page=page,
        hidden=legs.count() - page.paginator.count,
    )


def _picked(leg: Any) -> PickedLeg:
    return PickedLeg(
        handoff=leg.handoff,
        assigned_at=leg.assigned_at,
        outcome=_outcome(leg),
        reason=str(RejectReason(leg.reason).label) if leg.reason else "",
        contest=_contest(leg),
        is_elsewhere=leg.is_elsewhere,
    )


def _outcome(leg: Any) -> str:
    if hasattr(leg, "contest") and leg.ended_as != LegEnd.REJECTED:
        return "Rejected, then reopened"
    if leg.ended_as in (LegEnd.REJECTED, LegEnd.CONFLICT, LegEnd.TIMED_OUT):
        return str(LegEnd(leg.ended_as).label)
    if leg.accepted_at is not None:
        return "Accepted"
    return str(LegEnd(leg.ended_as).label) if leg.ended_as else "Not decided yet"


def _contest(leg: Any) -> str:
    contest = getattr(leg, "contest", None)
    if contest is None:
        return ""
    if contest.ruled_at is None:
        return "Contested"
    return "Upheld" if contest.is_upheld else "Overturned"
