"""To whom a manager may give a lead by hand."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, OuterRef, Subquery

from accounts.models import TimeOff, User
from handoff.models import Handoff, Leg
from handoff.selectors.story import clock_time
from routing.models import Load, Member

# More people than a list can be chosen from are found by their names.
MOST_CANDIDATES = 500


@dataclass(frozen=True, slots=True)
class Candidate:
    """One person with what speaks for and against them.

    ``words`` name what a manager should know before choosing: away, paused, full, not in the
    pool; they are empty for a member who is free.
    """

    user: User
    open_count: int
    capacity: int | None
    in_pool: bool
    words: str

    @property
    def is_full(self) -> bool:
        return self.capacity is not None and self.open_count >= self.capacity

    @property
    def load(self) -> str:
        """What they have open, in words."""
        if self.capacity is None:
            return f"{self.open_count} open"
        return f"{self.open_count} of {self.capacity} open"


def may_receive(row: Handoff, user: User) -> bool:
    """Whether the person is in a group that receives handoffs of this type."""
    return row.type.receiver_groups.filter(user=user).exists()


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
