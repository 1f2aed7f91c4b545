"""How long the buyer waited, and on whose account: of one handoff, of its chain, of many.

A handoff's wait runs from its submission, or from before it where its clock took over an earlier
start, to the first contact that counts, else to its end, else to now. A chain's wait runs on from
its first submission through every return and rejection: for the buyer there is one wait.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import pairwise

from accounts.selectors import organisation
from handoff.choices import EventKind, LegEnd
from handoff.models import Contest, Event, Handoff, HandoffClock, Leg
from handoff.rules.attribution import (
    NOTHING,
    Claim,
    Counted,
    Holder,
    Part,
    Party,
    Share,
    attribute,
    shares_of,
)
from sla.choices import ClockKind, Unit
from sla.models import Clock
from sla.rules.pauses import OPEN_END
from sla.selectors import holds_of, pace_of
from worktime.models import CalendarVersion
from worktime.rules import between_delta
from worktime.selectors import rules_calendar

CONTACT, CLOSED = "contact", "closed"
_NOBODYS = frozenset({Holder.PAUSE, Holder.CLOSED})


@dataclass(frozen=True, slots=True)
class Wait:
    """A wait in parts that tile it. ``ended_by`` is contact, closed, or empty while it goes on.

    ``hours`` is the calendar whose closed hours are nobody's; empty for a clock that runs around
    the clock.
    """

    start: datetime
    end: datetime
    ended_by: str
    parts: tuple[Part, ...]
    hours: str

    @property
    def length(self) -> timedelta:
        return max(self.end - self.start, NOTHING)

    @property
    def shares(self) -> tuple[Share, ...]:
        """By party; the lengths add up to the wait."""
        return shares_of(self.parts)


@dataclass(frozen=True, slots=True)
class Waits:
    """The wait of a handoff, None before it is submitted, and of its chain where that is another.

    ``legs`` and ``members`` are what the parties of the parts name, by id.
    """

    own: Wait | None
    chain: Wait | None
    legs: Mapping[int, Leg]
    members: tuple[Handoff, ...]


@dataclass(frozen=True, slots=True)
class _Story:
    """What is known of one submitted handoff: since when, who says they had it, what counts."""

    row: Handoff
    start: datetime
    clock: Clock | None
    claims: tuple[Claim, ...]
    counted: Counted
    hours: str


def waits_of(row: Handoff, *, now: datetime) -> Waits:
    """The waits of one handoff and of its chain; as many queries however long either is."""
    members = (
        Handoff.objects.filter(chain_id=row.chain_id)
        if row.chain_id is not None
        else Handoff.objects.filter(pk=row.pk)
    )
    chain = tuple(members.select_related("submitted_by").order_by("submitted_at", "pk"))
    legs, stories = _stories(chain)
    own = next((_own_wait(each, now=now) for each in stories if each.row.pk == row.pk), None)
    whole = _chain_wait(stories, chain, now=now) if stories else None
    return Waits(
        own=own,
        chain=whole if own is None or whole is None or whole.parts != own.parts else None,
        legs={leg.pk: leg for leg in legs},
        members=chain,
    )


def waits_in(rows: Collection[Handoff], *, now: datetime) -> dict[int, Wait]:
    """Each submitted handoff's own wait by its id; as many queries for a thousand as for one."""
    return {each.row.pk: _own_wait(each, now=now) for each in _stories(rows)[1]}


def wait_problems(rows: Collection[Handoff], *, now: datetime) -> Iterator[tuple[int, str]]:
    """Where the parts do not make up the wait, or not what its clock has counted: id, in words.

    What pauses and closed hours leave over is worked out once from the parts, and once by the
    clock from its own start and pauses.
    """
    for story in _stories(rows)[1]:
        wait = _own_wait(story, now=now)
        lengths = [share.length for share in wait.shares]
        if sum(lengths, NOTHING) != wait.length or min(lengths, default=NOTHING) < NOTHING:
            yield story.row.pk, "the parts do not add up to the wait"
        clock = story.clock
        if clock is None or clock.started_at != story.start:
            continue
        pace = pace_of(clock.target, clock.calendar_version)
        ran = pace.held(holds_of(clock), since=story.start).left(story.start, wait.end)
        parts = [each.length for each in wait.shares if each.party.holder not in _NOBODYS]
        if story.start <= wait.end and sum(parts, NOTHING) != ran:
            yield story.row.pk, f"who had it comes to {sum(parts, NOTHING)}, and its clock to {ran}"


def _own_wait(story: _Story, *, now: datetime) -> Wait:
    row = story.row
    end, ended_by = now, ""
    if row.first_contact_at is not None:
        end, ended_by = row.first_contact_at, CONTACT
    elif row.closed_at is not None:
        end, ended_by = row.closed_at, CLOSED
    parts = attribute(story.start, end, story.claims, counted=story.counted)
    return Wait(story.start, end, ended_by, parts, story.hours)


def _chain_wait(stories: Sequence[_Story], members: Sequence[Handoff], *, now: datetime) -> Wait:
    """Each handoff answers for the time up to the submission of the next one."""
    end, ended_by = now, ""
    contacts = [row.first_contact_at for row in members if row.first_contact_at is not None]
    closings = [row.closed_at for row in members if row.closed_at is not None]
    if contacts:
        end, ended_by = min(contacts), CONTACT
    elif len(closings) == len(members):
        end, ended_by = max(closings), CLOSED
    edges = [stories[0].start]
    for story in stories[1:]:
        edges.append(max(story.start, edges[-1]))
    edges = [min(edge, end) for edge in edges] + [end]
    parts: list[Part] = []
    for story, (start, until) in zip(stories, pairwise(edges), strict=True):
        parts += attribute(start, until, story.claims, counted=story.counted)
    hours = dict.fromkeys(story.hours for story in stories if story.hours)
    return Wait(stories[0].start, end, ended_by, tuple(parts), ", ".join(hours))


def _stories(rows: Collection[Handoff]) -> tuple[Sequence[Leg], list[_Story]]:
    """All legs, and a story of each row that was submitted, in the order of the rows."""
    submitted = [row for row in rows if row.submitted_at is not None]
    if not submitted:
        return (), []
    clocks = _contact_clocks(submitted)
    merged = _merged_into([row for row in submitted if _is_older(row, clocks.get(row.pk))])
    ids = {row.pk for row in submitted} | {one.pk for group in merged.values() for one in group}
    legs = list(
        Leg.objects.filter(handoff_id__in=ids).select_related("receiver", "contest").order_by("pk")
    )
    by_row: dict[int, list[Leg]] = {}
    for leg in legs:
        by_row.setdefault(leg.handoff_id, []).append(leg)
    usual = _Usual()
    stories = [
        _story(row, clocks.get(row.pk), by_row, merged.get(row.pk, ()), usual) for row in submitted
    ]
    return legs, stories


def _story(
    row: Handoff,
    clock: Clock | None,
    legs: Mapping[int, Sequence[Leg]],
    merged: Sequence[Handoff],
    usual: "_Usual",
) -> _Story:
    begun = [row.submitted_at, clock.started_at if clock else None]
    begun += [one.submitted_at for one in merged]
    claims = [*_pauses(row, clock), *_submitters(row, legs.get(row.pk, ()))]
    claims += [_leg(leg) for leg in legs.get(row.pk, ())]
    # Before its own submission, a survivor's lead was with those who had the duplicate.
    claims += [_leg(leg, before=row.submitted_at) for one in merged for leg in legs.get(one.pk, ())]
    version = clock.calendar_version if clock else usual.version
    is_elapsed = clock is not None and clock.target.unit == Unit.ELAPSED_MINUTES
    if is_elapsed or version is None:
        counted, hours = _all_of_it, ""
    else:
        counted, hours = partial(between_delta, rules_calendar(version)), version.calendar.name
    start = min(at for at in begun if at is not None)
    return _Story(row, start.astimezone(UTC), clock, tuple(claims), counted, hours)


class _Usual:
    """The organisation's hours, read once and only where a handoff has no clock of its own."""

    def __init__(self) -> None:
        self._found: list[CalendarVersion | None] = []

    @property
    def version(self) -> CalendarVersion | None:
        if not self._found:
            self._found.append(organisation().calendar.current_version)
        return self._found[0]


def _all_of_it(start: datetime, end: datetime) -> timedelta:
    return end - start


def _contact_clocks(rows: Iterable[Handoff]) -> dict[int, Clock]:
    """The buyer's clock of each, in two queries."""
    links = HandoffClock.objects.filter(
        handoff_id__in=[row.pk for row in rows], kind=ClockKind.CONTACT, is_current=True
    )
    links = links.select_related("clock__target", "clock__calendar_version__calendar")
    return {link.handoff_id: link.clock for link in links.prefetch_related("clock__pauses")}


def _is_older(row: Handoff, clock: Clock | None) -> bool:
    """Whether the buyer waited, or was reached, before this handoff was there: a merge did it."""
    told = [clock.started_at if clock else None, row.first_contact_at]
    known = [at for at in told if at is not None]
    return row.submitted_at is not None and any(at < row.submitted_at for at in known)


def _merged_into(rows: Collection[Handoff]) -> dict[int, list[Handoff]]:
    """The duplicates that each of them took in, in two queries; in none where there is no row."""
    if not rows:
        return {}
    events = Event.objects.filter(
        handoff_id__in=[row.pk for row in rows], kind=EventKind.RETARGETED
    ).values_list("handoff_id", "data")
    taken = [(pk, data["from"]) for pk, data in events if isinstance(data.get("from"), int)]
    found = Handoff.objects.in_bulk({duplicate for _, duplicate in taken})
    groups: dict[int, list[Handoff]] = {}
    for pk, duplicate in taken:
        if duplicate in found:
            groups.setdefault(pk, []).append(found[duplicate])
    return groups


def _pauses(row: Handoff, clock: Clock | None) -> Iterable[Claim]:
    for pause in clock.pauses.all() if clock else ():
        party = Party(Holder.PAUSE, row.pk, pause.reason)
        yield Claim(pause.starts_at, pause.ends_at or OPEN_END, party)


def _submitters(row: Handoff, legs: Iterable[Leg]) -> Iterable[Claim]:
    """From a rejection to the answer or the ruling; and from the end to the next submission."""
    party = Party(Holder.SUBMITTER, row.submitted_by_id)
    for leg in legs:
        contest = _contest_of(leg)
        ruled_at = contest.ruled_at if contest and contest.is_upheld is False else None
        if leg.ended_as == LegEnd.REJECTED and leg.ended_at is not None:
            yield Claim(leg.ended_at, ruled_at or OPEN_END, party)
        elif ruled_at is not None and leg.decided_at is not None:
            # Overturned, the leg goes on as if it had not ended; only its decision tells when.
            yield Claim(leg.decided_at, ruled_at, party)
    if row.closed_at is not None:
        yield Claim(row.closed_at, OPEN_END, party)


def _contest_of(leg: Leg) -> Contest | None:
    """Read with the leg; most have none."""
    return getattr(leg, "contest", None)


def _leg(leg: Leg, *, before: datetime | None = None) -> Claim:
    end = leg.ended_at or OPEN_END
    return Claim(
        leg.assigned_at, min(end, before) if before else end, Party(Holder.RECEIVER, leg.pk)
    )
