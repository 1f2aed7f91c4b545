"""To whom a manager may give a lead by hand."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.db.models import Exists, OuterRef, Subquery

from accounts.models import TimeOff, User
from accounts.selectors import calendars_for
from handoff.models import Handoff, HandoffClock, Leg
from handoff.selectors.facts import facts_of
from handoff.selectors.story import clock_time
from routing.models import Load, Member
from sla.choices import ClockKind, ClockState
from sla.models import Target
from sla.rules.wording import target_words
from sla.selectors import match_target, pace_of
from worktime.models import CalendarVersion
from worktime.rules import InstantOutOfRange, NoOpenTime

# More people than a list can be chosen from are found by their names.
MOST_CANDIDATES = 500


@dataclass(frozen=True, slots=True)
class Candidate:
    """One person with what speaks for and against them.

    ``words`` name what a manager should know before choosing: away, paused, full, not in the
    pool; they are empty for a member who is free. ``due`` is when they would have to accept.
    """

    user: User
    open_count: int
    capacity: int | None
    in_pool: bool
    words: str
    due: str = ""

    @property
    def is_full(self) -> bool:
        return self.capacity is not None and self.open_count >= self.capacity

    @property
    def load(self) -> str:
        """What they have open, in words."""
        if self.capacity is None:
            return f"{self.open_count} open"
        return f"{self.open_count} of {self.capacity} open"


@dataclass(frozen=True, slots=True)
class Terms:
    """What a move by hand starts and leaves, in words; empty where the policy has no such clock.

    ``accept`` is the length of the new receiver's clock, ``buyer`` a sentence about the buyer's.
    """

    candidates: tuple[Candidate, ...]
    accept: str
    buyer: str


def may_receive(row: Handoff, user: User) -> bool:
    """Whether the person is in a group that receives handoffs of this type."""
    return row.type.receiver_groups.filter(user=user).exists()


def receivers_of(row: Handoff) -> list[User]:
    """The active people who receive handoffs of this type, by name."""
    found = User.objects.active().filter(groups__in=row.type.receiver_groups.all()).distinct()
    return list(found.order_by("name", "pk")[:MOST_CANDIDATES])


def candidates_for(handoff: Handoff, *, now: datetime) -> list[Candidate]:
    """The active people who may receive this type, but for who has it; the pool's free ones first.

    In a constant number of queries whatever the number of people.
    """
    away = TimeOff.objects.covering(now).filter(user=OuterRef("pk")).order_by("-ends_at")
    loads = Load.objects.filter(user=OuterRef("pk"))
    member = Member.objects.filter(pool=handoff.pool_id, user=OuterRef("pk"), is_active=True)
    live = Leg.objects.filter(handoff_id=handoff.pk, ended_at=None)
    people = (
        User.objects.active()
        .filter(groups__in=handoff.type.receiver_groups.all())
        .exclude(pk__in=live.values("receiver"))
        .annotate(
            away_until=Subquery(away.values("ends_at")[:1]),
            open_now=Subquery(loads.values("open_count")[:1]),
            most=Subquery(loads.values("capacity")[:1]),
            sits=Exists(member),
        )
        .distinct()
        .order_by("name", "pk")[:MOST_CANDIDATES]
    )
    found = [_candidate(user, now=now) for user in people]
    return sorted(found, key=lambda one: (not one.in_pool, one.words != "", one.open_count))


def terms_for(handoff: Handoff, candidates: Sequence[Candidate], *, now: datetime) -> Terms:
    """When each would have to accept, in their own hours, were it theirs from now on."""
    target = match_target(facts_of(handoff), ClockKind.ACCEPT)
    buyer = _buyer(handoff, now=now)
    if target is None:
        return Terms(tuple(candidates), "", buyer)
    hours = calendars_for([one.user for one in candidates])
    due = {pk: _due(target, hours[pk].current_version, now=now) for pk in hours}
    return Terms(
        tuple(replace(one, due=due[one.user.pk]) for one in candidates),
        target_words(target.amount, target.unit),
        buyer,
    )


def _due(target: Target, version: CalendarVersion | None, *, now: datetime) -> str:
    """Empty where their hours are not published or have no open time left."""
    if version is None:
        return ""
    try:
        at = pace_of(target, version).due(now, target.amount)
    except (NoOpenTime, InstantOutOfRange):
        return ""
    return f"accept by {clock_time(at, now=now)}"


def _buyer(handoff: Handoff, *, now: datetime) -> str:
    found = HandoffClock.objects.filter(
        handoff_id=handoff.pk, kind=ClockKind.CONTACT, is_current=True
    ).select_related("clock")
    link = found.first()
    if link is None or link.clock.state not in (ClockState.RUNNING, ClockState.PAUSED):
        return ""
    due = clock_time(link.clock.due_at, now=now)
    if link.clock.due_at < now:
        return f"first contact was due {due} and stays late"
    return f"first contact stays due {due}"


def _candidate(user: User, *, now: datetime) -> Candidate:
    open_count: int = user.open_now or 0  # type: ignore[attr-defined]  # annotated
    capacity: int | None = user.most  # type: ignore[attr-defined]  # likewise
    in_pool: bool = user.sits  # type: ignore[attr-defined]  # likewise
    away: datetime | None = user.away_until  # type: ignore[attr-defined]  # likewise
    words = []
    if away is not None:
        words.append(f"away until {clock_time(away, now=now)}")
    if user.is_paused(now):
        until = user.paused_until
        words.append(f"paused until {clock_time(until, now=now)}" if until else "paused")
    if capacity is not None and open_count >= capacity:
        words.append("full")
    if not in_pool:
        words.append("not in the pool")
    return Candidate(user, open_count, capacity, in_pool, ", ".join(words))
