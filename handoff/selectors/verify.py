"""Whether the stored state is what the product promises: the checks behind `manage.py verify`.

Each check reads in one pass or in batches by id, never all rows at once, so that it may run
beside a live installation. A finding names the row and what is wrong with it.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any

from django.db.models import Count, Exists, F, Min, OuterRef, Q
from django.utils.dateparse import parse_datetime

from handoff.choices import EventKind, Status, Verdict
from handoff.models import Contest, Event, Handoff, HandoffClock, Leg, Meeting, Touch
from handoff.models.handoff import OPEN
from handoff.models.meeting import ARRANGED
from handoff.selectors.waiting import wait_problems
from notify.models import Message
from routing.models import Load, Pool, Turn
from sla.choices import ClockKind, ClockState, EscalationState
from sla.models import Clock, Escalation, Pause
from sla.rules.schedule import decode

BATCH = 500
SWEEP_GRACE = timedelta(seconds=60)
# How far zones lie from UTC, at most: a day begins that much earlier, or ends that much later.
EAST, WEST = timedelta(hours=14), timedelta(hours=12)
LIVE = (ClockState.RUNNING, ClockState.PAUSED)
_WITH_BUYER = (Status.HOLDING, Status.PENDING, Status.ACCEPTED)

# The kinds of clocks that may run in each state: what the table of clock exits leaves over.
MAY_RUN: dict[str, frozenset[str]] = {
    Status.DRAFT: frozenset({"hand_off"}),
    Status.HOLDING: frozenset({"contact", "second_meeting"}),
    Status.PENDING: frozenset({"accept", "contact", "contact_leg", "second_meeting"}),
    Status.ACCEPTED: frozenset(
        {"contact", "contact_leg", "next_step", "booking", "second_meeting"}
    ),
    Status.REJECTED: frozenset({"hand_off"}),
    Status.CLOSED: frozenset(),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that should not be: the check that found it, and what it is in words."""

    check: str
    text: str


Check = Callable[[datetime], Iterator[str]]


def findings(now: datetime, *, moving: bool = True) -> Iterator[Finding]:
    """All that is wrong at ``now``.

    ``moving`` leaves out what a loop may be about to do, as on a live installation; without it
    everything due must have been done.
    """
    checks = CHECKS if moving else (*CHECKS, ("caught up", caught_up))
    for name, check in checks:
        for text in check(now):
            yield Finding(name, text)


def active_owners(now: datetime) -> Iterator[str]:
    """An open handoff has an owner who is active, and after submission a transfer to them."""
    rows = Handoff.objects.filter(status__in=OPEN, owner__is_active=False)
    for pk, owner in rows.values_list("pk", "owner_id").iterator():
        yield f"handoff {pk} is owned by user {owner}, who is not active"
    unlogged = Handoff.objects.filter(submitted_at__isnull=False).exclude(
        last_transfer__to_user=F("owner")
    )
    for pk in unlogged.values_list("pk", flat=True).iterator():
        yield f"handoff {pk} has an owner without a transfer to them"


def live_legs(now: datetime) -> Iterator[str]:
    """Pending and accepted handoffs have one live leg, whose receiver owns them; others none."""
    live = Leg.objects.filter(handoff=OuterRef("pk"), ended_at__isnull=True)
    with_receiver = Handoff.objects.filter(status__in=[Status.PENDING, Status.ACCEPTED])
    for pk in with_receiver.filter(~Exists(live)).values_list("pk", flat=True).iterator():
        yield f"handoff {pk} has no live leg"
    others = live.exclude(receiver=OuterRef("owner"))
    for pk in with_receiver.filter(Exists(others)).values_list("pk", flat=True).iterator():
        yield f"handoff {pk} is not owned by its receiver"
    rest = Handoff.objects.exclude(status__in=[Status.PENDING, Status.ACCEPTED])
    for pk in rest.filter(Exists(live)).values_list("pk", flat=True).iterator():
        yield f"handoff {pk} has a live leg in a state without one"
    undecided = Leg.objects.filter(ended_at__isnull=True).filter(
        Q(handoff__status=Status.PENDING, accepted_at__isnull=False)
        | Q(handoff__status=Status.ACCEPTED, accepted_at__isnull=True)
    )
    for pk in undecided.values_list("pk", flat=True).iterator():
        yield f"leg {pk} does not say what its handoff says about acceptance"


def clocks_fit(now: datetime) -> Iterator[str]:
    """Only clocks run that the handoff's state leaves running, and only current ones."""
    running = HandoffClock.objects.filter(clock__state__in=LIVE)
    stale = running.filter(is_current=False)
    for clock, row in stale.values_list("clock_id", "handoff_id").iterator():
        yield f"clock {clock} of handoff {row} runs on although another took its place"
    for status, kinds in MAY_RUN.items():
        wrong = running.filter(handoff__status=status).exclude(kind__in=kinds)
        for clock, row, kind in wrong.values_list("clock_id", "handoff_id", "kind").iterator():
            yield f"clock {clock} ({kind}) runs on handoff {row}, which is {status}"
    yield from _stopped_too_early()
    linked = HandoffClock.objects.filter(clock=OuterRef("pk"))
    loose = Clock.objects.filter(~Exists(linked))
    for pk in loose.values_list("pk", flat=True).iterator():
        yield f"clock {pk} belongs to no handoff"


def _stopped_too_early() -> Iterator[str]:
    """What the state leaves running must run, where the policy has started it."""
    waiting = Exists(Contest.objects.filter(leg__handoff=OuterRef("handoff"), ruled_at=None))
    is_live = Q(leg__ended_at__isnull=True)
    undated = is_live & Q(leg__next_step_at__isnull=True)
    silent = is_live & Q(leg__contacted_at__isnull=True)
    meetings = Meeting.objects.filter(handoff=OuterRef("handoff"), state__in=ARRANGED)
    arranged = Touch.objects.filter(
        handoff=OuterRef("handoff"), kind__in=["meeting_booked", "meeting_held"]
    )
    unarranged = ~Exists(meetings) & ~Exists(arranged)
    held = meetings.filter(state="held").order_by().values("handoff")
    second_held = Exists(held.annotate(n=Count("pk")).filter(n__gte=2))
    must_run = (
        Q(kind="accept", handoff__status=Status.PENDING)
        | Q(kind="contact", handoff__status__in=_WITH_BUYER, handoff__first_contact_at__isnull=True)
        | Q(kind="contact_leg", handoff__status__in=[Status.PENDING, Status.ACCEPTED]) & silent
        | Q(kind="next_step", handoff__status=Status.ACCEPTED) & undated
        | Q(kind="booking", handoff__status=Status.ACCEPTED) & unarranged
        | Q(kind="second_meeting", handoff__status__in=_WITH_BUYER) & ~second_held
        | Q(kind="hand_off", handoff__status=Status.REJECTED) & ~waiting
    )
    stopped = HandoffClock.objects.filter(must_run, is_current=True).exclude(clock__state__in=LIVE)
    for clock, row, kind in stopped.values_list("clock_id", "handoff_id", "kind").iterator():
        yield f"clock {clock} ({kind}) of handoff {row} has stopped before its time"


def pauses(now: datetime) -> Iterator[str]:
    """A clock is paused by one open pause, its pauses are apart, and it knows its next step."""
    opened = Exists(Pause.objects.filter(clock=OuterRef("pk"), ends_at__isnull=True))
    is_paused = Q(state=ClockState.PAUSED)
    wrong = Clock.objects.filter((is_paused & ~opened) | (~is_paused & opened))
    for pk, state in wrong.values_list("pk", "state").iterator():
        yield f"clock {pk} is {state}, and its pauses say otherwise"
    others = Pause.objects.filter(clock=OuterRef("clock"), pk__lt=OuterRef("pk"))
    begun = others.filter(Q(ends_at__isnull=True) | Q(ends_at__gt=OuterRef("starts_at")))
    ended = Q(starts_at__lt=OuterRef("ends_at"))
    twice = Pause.objects.filter(
        Q(ends_at__isnull=True) & Exists(begun) | Exists(begun.filter(ended))
    )
    for pk, clock in twice.values_list("pk", "clock_id").iterator():
        yield f"pause {pk} of clock {clock} overlaps another"
    live = Clock.objects.filter(state__in=LIVE).only("schedule", "fired", "next_step_at")
    for one in live.iterator(BATCH):
        rungs = decode(one.schedule)
        coming = rungs[one.fired].at if one.fired < len(rungs) else None
        if one.next_step_at != coming:
            yield f"clock {one.pk} waits for {one.next_step_at}, and its next step is at {coming}"


def breaches(now: datetime) -> Iterator[str]:
    """A breach dates from the due time; what stopped after due, or is long past it, has one."""
    moved = Clock.objects.filter(breached_at__isnull=False).exclude(breached_at=F("due_at"))
    for pk in moved.values_list("pk", flat=True).iterator():
        yield f"clock {pk} was breached at another time than its due time"
    early = Clock.objects.filter(detected_at__lt=F("breached_at"))
    for pk in early.values_list("pk", flat=True).iterator():
        yield f"clock {pk} was found breached before it was"
    unbreached = Clock.objects.filter(breached_at__isnull=True)
    late = unbreached.filter(Q(met_at__gt=F("due_at")) | Q(cancelled_at__gt=F("due_at")))
    for pk in late.values_list("pk", flat=True).iterator():
        yield f"clock {pk} stopped after its due time and has no breach"
    overdue = unbreached.filter(state=ClockState.RUNNING, due_at__lt=now - SWEEP_GRACE)
    for pk in overdue.values_list("pk", flat=True).iterator():
        yield f"clock {pk} is past due and no sweep has seen it"


def steps(now: datetime) -> Iterator[str]:
    """Every fired step has its escalation, and every handled escalation its one event."""
    counted = Clock.objects.annotate(written=Count("escalations")).exclude(written=F("fired"))
    for pk, fired, written in counted.values_list("pk", "fired", "written").iterator():
        yield f"clock {pk} fired {fired} steps and has {written} escalations"
    told = Event.objects.filter(escalation=OuterRef("pk"))
    done = [EscalationState.HANDLED, EscalationState.SUPERSEDED]
    silent = Escalation.objects.filter(~Exists(told), state__in=done)
    for pk in silent.values_list("pk", flat=True).iterator():
        yield f"escalation {pk} is done and no event says so"
    early = Escalation.objects.filter(Exists(told), state=EscalationState.PENDING)
    for pk in early.values_list("pk", flat=True).iterator():
        yield f"escalation {pk} has an event and is not done"


def due_times(now: datetime) -> Iterator[str]:
    """`next_due_at` repeats the earliest due time of the current clocks that are running."""
    earliest = Min(
        "clocks__clock__due_at",
        filter=Q(clocks__is_current=True, clocks__clock__state=ClockState.RUNNING),
    )
    rows = Handoff.objects.filter(status__in=OPEN).annotate(earliest=earliest)
    wrong = rows.exclude(next_due_at=F("earliest")).exclude(
        next_due_at__isnull=True, earliest__isnull=True
    )
    for pk, stored, found in wrong.values_list("pk", "next_due_at", "earliest").iterator():
        yield f"handoff {pk} says it is due {stored}, and its clocks say {found}"


def replays(now: datetime) -> Iterator[str]:
    """The events of each handoff have no gap, and told in order they give its stored state."""
    last = 0
    while rows := list(Handoff.objects.filter(pk__gt=last).order_by("pk")[:BATCH]):
        last = rows[-1].pk
        by_handoff: dict[int, list[tuple[int, dict[str, Any]]]] = defaultdict(list)
        events = Event.objects.filter(handoff__in=[row.pk for row in rows]).order_by("seq")
        for pk, seq, data in events.values_list("handoff_id", "seq", "data"):
            by_handoff[pk].append((seq, data.get("set", {})))
        for row in rows:
            yield from _replayed(row, by_handoff[row.pk])


def _replayed(row: Handoff, events: list[tuple[int, dict[str, Any]]]) -> Iterator[str]:
    if [seq for seq, _ in events] != list(range(1, len(events) + 1)):
        yield f"handoff {row.pk} has a gap in its events"
    told: dict[str, Any] = {}
    for _, changes in events:
        told.update(changes)
    # The draft's first event is its first version; every change since has told what it set.
    if row.version != (made := sum(bool(changes) for _, changes in events)):
        yield f"handoff {row.pk} is at version {row.version}, and its events tell of {made}"
    wrong = sorted(name for name, value in told.items() if not _tells(value, getattr(row, name)))
    if wrong:
        yield f"handoff {row.pk} is not what its events say: {', '.join(wrong)}"
    if "status" not in told:
        yield f"handoff {row.pk} has no event that says how it began"


def _tells(told: Any, stored: Any) -> bool:
    """Whether the column has the value that an event keeps as text, or as it is."""
    if isinstance(stored, datetime):
        # Whoever acts writes in a zone of their own: it is the instant that counts.
        return isinstance(told, str) and parse_datetime(told) == stored
    is_plain = stored is None or isinstance(stored, str | int | bool | float)
    return bool(told == (stored if is_plain else str(stored)))


def contacts(now: datetime) -> Iterator[str]:
    """A first contact has a touch that counts, and a touch that counts is a contact."""
    counting = Touch.objects.filter(handoff=OuterRef("pk"), verdict=Verdict.MEANINGFUL)
    contacted = Handoff.objects.filter(first_contact_at__isnull=False)
    # A merge hands the contact of the duplicate on to the survivor.
    taken_over = Event.objects.filter(handoff=OuterRef("pk"), kind=EventKind.RETARGETED)
    silent = contacted.filter(~Exists(counting), ~Exists(taken_over))
    for pk in silent.values_list("pk", flat=True).iterator():
        yield f"handoff {pk} says that the buyer was reached, and no touch that counts does"
    unsaid = Handoff.objects.filter(Exists(counting), first_contact_at__isnull=True)
    for pk in unsaid.values_list("pk", flat=True).iterator():
        yield f"handoff {pk} has a touch that counts, and says that the buyer was not reached"


def waits(now: datetime) -> Iterator[str]:
    """The buyer's clock starts with the handoff and never anew, one receiver has it at a time, and
    the parts of every wait add up to it.
    """
    anew = HandoffClock.objects.filter(
        kind=ClockKind.CONTACT, is_current=True, clock__started_at__gt=F("handoff__submitted_at")
    )
    for pk, clock in anew.values_list("handoff_id", "clock_id").iterator():
        yield f"clock {clock} starts after the buyer of handoff {pk} began to wait"
    before = Leg.objects.filter(handoff=OuterRef("handoff"), pk__lt=OuterRef("pk"))
    going_on = Q(ended_at__isnull=True) | Q(ended_at__gt=OuterRef("assigned_at"))
    twice = Leg.objects.filter(Exists(before.filter(going_on)))
    for pk, leg in twice.values_list("handoff_id", "pk").iterator():
        yield f"handoff {pk} was with somebody else when leg {leg} began"
    submitted = Handoff.objects.filter(submitted_at__isnull=False).defer("answers").order_by("pk")
    last = 0
    while rows := list(submitted.filter(pk__gt=last)[:BATCH]):
        last = rows[-1].pk
        for pk, words in wait_problems(rows, now=now):
            yield f"handoff {pk}: {words}"


def ledgers(now: datetime) -> Iterator[str]:
    """Each pool's turns are numbered without a gap, each leg has its own, and loads add up."""
    pools = Pool.objects.annotate(made=Count("turns")).values_list("pk", "sequence", "made")
    for pk, sequence, made in pools:
        if sequence != made:
            yield f"pool {pk} counts {sequence} turns and its ledger has {made}"
    unused = Turn.objects.filter(leg__isnull=True)
    for pk in unused.values_list("pk", flat=True).iterator():
        yield f"turn {pk} led to no leg"
    for pk in Leg.objects.exclude(receiver=F("turn__user")).values_list("pk", flat=True).iterator():
        yield f"leg {pk} is somebody else's than its turn"
    carried = dict(Leg.objects.carried().values_list("receiver").annotate(n=Count("pk")).order_by())
    for load in Load.objects.iterator():
        if load.open_count != carried.get(load.user_id, 0):
            yield (
                f"user {load.user_id} carries {carried.get(load.user_id, 0)} leads, "
                f"and the load says {load.open_count}"
            )


def counts(now: datetime) -> Iterator[str]:
    """What a person was counted to have got in a day or a week is in the ledger.

    The organisation may have changed its zone since: turns of that day in any zone will do.
    """
    for name, days in (("day", 1), ("week", 7)):
        counted = Load.objects.filter(**{f"{name}_count__gt": 0, f"{name}__isnull": False})
        for begin in counted.order_by(name).values_list(name, flat=True).distinct():
            said = dict(counted.filter(**{name: begin}).values_list("user_id", f"{name}_count"))
            at = datetime.combine(begin, time(), tzinfo=UTC) - EAST
            turns = Turn.objects.filter(at__gte=at, at__lt=at + timedelta(days) + EAST + WEST)
            made = turns.filter(user__in=list(said)).order_by().values_list("user")
            in_ledger = dict(made.annotate(n=Count("pk")))
            for user, count in said.items():
                if count > in_ledger.get(user, 0):
                    yield (
                        f"user {user} is counted to have got {count} leads in the {name} that "
                        f"begins {begin}, and the ledgers have {in_ledger.get(user, 0)}"
                    )


def refusals_left_nothing(now: datetime) -> Iterator[str]:
    """A handoff that was never submitted has neither legs nor transfers."""
    drafts = Handoff.objects.filter(submitted_at__isnull=True)
    odd = drafts.filter(Q(legs__isnull=False) | Q(transfers__isnull=False)).distinct()
    for pk in odd.values_list("pk", flat=True).iterator():
        yield f"handoff {pk} was never handed off and has been with a receiver"


def caught_up(now: datetime) -> Iterator[str]:
    """Nothing that is due by now is left to do."""
    waiting = {
        "clocks with a step that is due": Clock.objects.filter(
            state=ClockState.RUNNING, next_step_at__lt=now
        ),
        "escalations": Escalation.objects.filter(state=EscalationState.PENDING, not_before__lt=now),
        "messages": Message.objects.filter(state__in=["pending", "sending"], not_before__lt=now),
    }
    for words, rows in waiting.items():
        if count := rows.count():
            yield f"{count} {words} are still waiting"


CHECKS: tuple[tuple[str, Check], ...] = (
    ("owners", active_owners),
    ("legs", live_legs),
    ("clocks", clocks_fit),
    ("pauses", pauses),
    ("breaches", breaches),
    ("steps", steps),
    ("due times", due_times),
    ("events", replays),
    ("contacts", contacts),
    ("waits", waits),
    ("ledgers", ledgers),
    ("counts", counts),
    ("drafts", refusals_left_nothing),
)
