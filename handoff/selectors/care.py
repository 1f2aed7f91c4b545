"""What stands beside a live clock: who has seen that it is late, why it rests, what may be done."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from accounts.models import User
from accounts.rules.policy import Relation
from handoff.models import HandoffClock
from handoff.selectors.offers import clock_offers
from handoff.selectors.story import clock_time
from sla.choices import ClockState
from sla.models import Acknowledgement, Clock


@dataclass(frozen=True, slots=True)
class Care:
    """``notes`` are sentences for every reader, ``offers`` what this reader may do."""

    offers: frozenset[str]
    notes: tuple[str, ...]


def care_of(
    links: Sequence[HandoffClock], user: User, relations: frozenset[Relation], *, now: datetime
) -> dict[int, Care]:
    """By the clock's id, in two queries; the links must have been read with their pauses."""
    live = [one for one in links if one.clock.state in (ClockState.RUNNING, ClockState.PAUSED)]
    found = Acknowledgement.objects.filter(clock__in=[one.clock_id for one in live], until__gt=now)
    seen = {one.clock_id: one for one in found}
    named = {one.by_id for one in seen.values()}
    named |= {pause.made_by for one in live for pause in one.clock.pauses.all() if pause.made_by}
    people = {pk: one.name for pk, one in User.objects.in_bulk(named).items()}
    return {
        one.clock_id: Care(
            offers=clock_offers(one, user, relations, now=now, is_seen=one.clock_id in seen),
            notes=(
                *_paused(one.clock, people, now=now),
                *_seen(seen.get(one.clock_id), people, now=now),
            ),
        )
        for one in live
    }


def _paused(clock: Clock, people: Mapping[int, str], *, now: datetime) -> Iterator[str]:
    """The pauses that are not over; and what a pause does not undo."""
    for pause in clock.pauses.all():
        if pause.ends_at is not None and pause.ends_at <= now:
            continue
        who = people.get(pause.made_by or 0, "somebody")
        until = "somebody resumes it"
        if pause.ends_at is not None:
            until = clock_time(pause.ends_at, now=now)
        yield f"Paused by {who} until {until}: \u201c{pause.reason}\u201d"
    if clock.state == ClockState.PAUSED and clock.breached_at is not None:
        yield f"It was due {clock_time(clock.due_at, now=now)} and stays missed."


def _seen(
    held: Acknowledgement | None, people: Mapping[int, str], *, now: datetime
) -> Iterator[str]:
    if held is not None:
        note = f" \u201c{held.note}\u201d" if held.note else ""
        until = clock_time(held.until, now=now)
        who = people.get(held.by_id, "Somebody")
        yield f"{who} has seen it: no message and no move until {until}.{note}"
