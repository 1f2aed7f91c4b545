"""The clocks of a handoff: started here, stopped as the table of clock exits says."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from django.db.models import BigIntegerField

from accounts.models import User
from accounts.selectors import calendar_for
from core.inserts import insert_rows
from core.prepared import PreparedRead
from handoff.choices import Status
from handoff.errors import NotSetUp
from handoff.models import Handoff, HandoffClock, Leg
from handoff.rules.qualified import hand_off_due
from handoff.rules.transitions import CLOCK_EXITS, ClockExit, Step
from handoff.selectors.access import submitters_side
from handoff.selectors.facts import facts_of
from handoff.selectors.meetings import is_arranged
from sla.choices import ClockKind, ClockState
from sla.models import Clock, Target
from sla.rules.pace import Hold
from sla.rules.pauses import closed
from sla.selectors import holds_of, match_target, match_targets, pace_of
from sla.services import (
    cancel_clock,
    meet_clock,
    pause_clock,
    planned_clock,
    reopen_clock,
    retarget_clock,
    start_clocks,
)
from worktime.models import Calendar, CalendarVersion

Promised = Mapping[str, Target]
"""Targets by the kind of clock; a kind without one has no clock."""
BUYERS = (ClockKind.CONTACT, ClockKind.SECOND_MEETING)
"""The clocks of the buyer, whoever has the lead; they count in the calendar of the policy."""
LATE_SHARE = 25
"""Percent of the target that a receiver has at least who gets a lead when its time is nearly up."""


def start_hand_off(row: Handoff, *, started_at: datetime, now: datetime) -> Clock | None:
    """The submitter's clock: of a draft, and again once a lead has come back.

    It counts in the hours of whoever stands in for a submitter that has left. A draft with a
    meeting is due a day before it; ``now`` is when the draft begins.
    """
    _make_way(row, [ClockKind.HAND_OFF])
    target = match_target(facts_of(row), ClockKind.HAND_OFF)
    if target is None:
        return None
    clock = planned_clock(
        target=target,
        started_at=started_at,
        calendar_version=current_hours(submitters_side(row)),
        due_at=_before_meeting(row, drafted_at=now),
    )
    _begin(row, None, [clock])
    return clock


def retime_hand_off(row: Handoff, *, drafted_at: datetime, now: datetime) -> None:
    """Time the draft's clock anew, for its present temperature and meeting, from the same start."""
    for link in _current(row, [ClockKind.HAND_OFF]):
        target = match_target(facts_of(row), ClockKind.HAND_OFF)
        due_at = _before_meeting(row, drafted_at=drafted_at)
        clock = link.clock
        is_same = target is not None and target.pk == clock.target_id
        if is_same and (due_at == clock.due_at if due_at else not clock.is_due_fixed):
            continue
        if target is None:
            cancel_clock(clock=clock, at=now, now=now)
            continue
        _replace(link, retarget_clock(clock=clock, target=target, due_at=due_at, now=now))


def _before_meeting(row: Handoff, *, drafted_at: datetime) -> datetime | None:
    if row.status != Status.DRAFT:
        return None
    return hand_off_due(row.meeting_at, drafted_at=drafted_at)


def promised_for(row: Handoff) -> Promised:
    """What the policies that are published now promise for the handoff, by the kind of clock."""
    return match_targets(facts_of(row))


def start_buyers(
    row: Handoff, promised: Promised, *, usual: Calendar, now: datetime, is_unstaffed: bool = False
) -> None:
    """The buyer's clocks of a lead that nobody has yet: first contact and second meeting.

    They start once for each handoff, at submission, and never again.
    """
    _begin(row, None, _buyers(promised, usual, now=now, is_unstaffed=is_unstaffed))


def start_leg(
    row: Handoff,
    leg: Leg,
    promised: Promised,
    *,
    hours: CalendarVersion,
    now: datetime,
    usual: Calendar | None = None,
    is_unstaffed: bool = False,
) -> Sequence[Clock]:
    """Start the receiver's clocks for a decision and for their own contact; returns what started.

    ``usual`` is given where the lead is new: then the buyer's clocks start with them.
    """
    if row.may_have_legs:
        _make_way(row, [ClockKind.ACCEPT, ClockKind.CONTACT_LEG])
    clocks = _buyers(promised, usual, now=now, is_unstaffed=is_unstaffed) if usual else []
    contact = next((clock for clock in clocks if clock.kind == ClockKind.CONTACT), None)
    if ClockKind.ACCEPT in promised:
        accept = planned_clock(
            target=promised[ClockKind.ACCEPT],
            started_at=now,
            calendar_version=hours,
            is_unstaffed=is_unstaffed,
        )
        clocks.append(accept)
    own, buyers = None, None
    if ClockKind.CONTACT_LEG in promised:
        buyers = contact or contact_clock(row)
        target = promised[ClockKind.CONTACT_LEG]
        own = _own_contact(row, leg, target, hours, buyers, now=now, is_unstaffed=is_unstaffed)
        clocks.append(own)
    _begin(row, leg, clocks)
    if own is not None and buyers is not None and buyers.state == ClockState.PAUSED:
        _pause_with(buyers, own, now=now)
    return clocks


def _buyers(
    promised: Promised, usual: Calendar, *, now: datetime, is_unstaffed: bool
) -> list[Clock]:
    targets = [promised[kind] for kind in BUYERS if kind in promised]
    return [
        planned_clock(
            target=target,
            started_at=now,
            calendar_version=hours_in(target.version.calendar or usual),
            is_unstaffed=is_unstaffed,
        )
        for target in targets
    ]


def _own_contact(
    row: Handoff,
    leg: Leg,
    target: Target,
    hours: CalendarVersion,
    buyers: Clock | None,
    *,
    now: datetime,
    is_unstaffed: bool,
) -> Clock:
    """The receiver's clock for their own first contact, due with the buyer's at the earliest.

    Whoever got the lead late has a quarter of the target. The first receiver's ladder is that of
    the buyer's clock: theirs would say the same again. Nor does it act for a buyer who has been
    contacted: then a miss is written down, and the lead stays.
    """
    others = Leg.objects.filter(handoff_id=row.pk).exclude(pk=leg.pk)
    return planned_clock(
        target=target,
        started_at=now,
        calendar_version=hours,
        is_unstaffed=is_unstaffed,
        due_at=_own_contact_due(buyers, target, hours, started_at=now),
        has_ladder=row.first_contact_at is None and row.may_have_legs and others.exists(),
    )


def _pause_with(buyers: Clock, own: Clock, *, now: datetime) -> None:
    """While the buyer's clock is paused, the receiver's is too, and both go on together."""
    pause = buyers.pauses.get(ends_at__isnull=True)
    pause_clock(
        clock=own,
        starts_at=now,
        reason=pause.reason,
        by_id=pause.made_by,
        now=now,
        moves_agreed=True,
    )


def _own_contact_due(
    buyers: Clock | None,
    target: Target,
    hours: CalendarVersion,
    *,
    started_at: datetime,
    holds: Iterable[Hold] = (),
) -> datetime | None:
    """The later of the buyer's due time and a quarter of the target; None without the former.

    The receiver's own pauses, ``holds``, are no part of their quarter.
    """
    if buyers is None:
        return None
    pace = pace_of(target, hours).held(closed(holds), since=started_at)
    quarter = pace.length(started_at, target.amount) * LATE_SHARE // 100
    return max(buyers.due_at, pace.later(started_at, quarter))


def own_contact_clocks(row: Handoff) -> list[Clock]:
    """The live clock of the present receiver's own contact, where its time follows the buyer's."""
    found = (link.clock for link in _live(row, [ClockKind.CONTACT_LEG]))
    return [clock for clock in found if clock.is_due_fixed]


def follow_buyer(row: Handoff, *, now: datetime) -> None:
    """Time the receiver's own contact anew after the buyer's clock has moved.

    What was missed stays missed; a clock that is paused misses nothing.
    """
    for link in _live(row, [ClockKind.CONTACT_LEG]):
        clock = link.clock
        is_past = clock.state == ClockState.RUNNING and clock.due_at < now
        is_missed = clock.breached_at is not None or is_past
        if not clock.is_due_fixed or is_missed:
            continue
        due_at = _own_contact_due(
            contact_clock(row),
            clock.target,
            clock.calendar_version,
            started_at=clock.started_at,
            holds=holds_of(clock),
        )
        if due_at is not None and due_at != clock.due_at:
            _replace(link, retarget_clock(clock=clock, due_at=due_at, now=now))


def start_accepted(row: Handoff, leg: Leg, *, now: datetime) -> None:
    """The receiver's clocks for a dated next step of their own and for a meeting with the buyer.

    None for a meeting where one is booked or was held.
    """
    promised, hours = promised_for(row), current_hours(leg.receiver)
    kinds = [ClockKind.NEXT_STEP]
    if not is_arranged(row):
        kinds.append(ClockKind.BOOKING)
    _make_way(row, kinds)
    clocks = [
        planned_clock(target=promised[kind], started_at=now, calendar_version=hours)
        for kind in kinds
        if kind in promised
    ]
    _begin(row, leg, clocks)


def stop_clocks(row: Handoff, *, step: Step, now: datetime) -> None:
    """Do to the handoff's current clocks what the step does to each kind; the others run on."""
    exits = CLOCK_EXITS.get(step, {})
    for link in _live(row, exits):
        stop = meet_clock if exits[link.kind] is ClockExit.MET else cancel_clock
        stop(clock=link.clock, at=now, now=now)


def meet_clocks(row: Handoff, kinds: Collection[str], *, at: datetime, now: datetime) -> None:
    """Stop the handoff's current clocks of these kinds as met at ``at``."""
    for link in _live(row, kinds):
        meet_clock(clock=link.clock, at=at, now=now)


def meet_own_contact(row: Handoff, leg: Leg, *, at: datetime, now: datetime) -> None:
    """Stop the receiver's clock for their own contact, where it is this leg's."""
    for link in _live(row, [ClockKind.CONTACT_LEG]):
        if link.leg_id == leg.pk:
            meet_clock(clock=link.clock, at=at, now=now)


def reopen_clocks(row: Handoff, *, reason: str, by: User, now: datetime) -> None:
    """Let the buyer's clocks run on that a rejection has cancelled; the time between is a pause."""
    for link in _current(row, BUYERS):
        reopen_clock(clock=link.clock, reason=reason, by_id=by.pk, now=now)


def reopen_own_contact(row: Handoff, leg: Leg, *, reason: str, by: User, now: datetime) -> None:
    """The same for the clock of a leg that goes on, after the buyer's."""
    for link in _current(row, [ClockKind.CONTACT_LEG]):
        if link.leg_id == leg.pk and reopen_clock(
            clock=link.clock, reason=reason, by_id=by.pk, now=now
        ):
            follow_buyer(row, now=now)


def contact_clock(row: Handoff) -> Clock | None:
    """The buyer's clock of the handoff, in whatever state; None where the policy has none."""
    return next((link.clock for link in _current(row, [ClockKind.CONTACT])), None)


def retarget_contact(
    row: Handoff, *, started_at: datetime, now: datetime, until: datetime | None = None
) -> Clock | None:
    """Count the buyer's time from another start; None where the clock has stopped already.

    ``until`` is when contact was made, where the caller is about to say so.
    """
    for link in _current(row, [ClockKind.CONTACT]):
        clock = retarget_clock(clock=link.clock, started_at=started_at, until=until, now=now)
        _replace(link, clock)
        if clock is not None:
            follow_buyer(row, now=now)
        return clock
    return None


def _replace(link: HandoffClock, clock: Clock | None) -> None:
    """The new clock is the handoff's current one of its kind; None where there is no new one."""
    if clock is None:
        return
    HandoffClock.objects.filter(pk=link.pk).update(is_current=False)
    HandoffClock.objects.create(
        clock=clock,
        handoff_id=link.handoff_id,
        leg_id=link.leg_id,
        kind=link.kind,
        is_current=True,
    )


def current_clock(row: Handoff, kind: str) -> Clock | None:
    """The handoff's current clock of this kind, whatever its state."""
    links = _current(row, [kind])
    return links[0].clock if links else None


def earliest_due(row: Handoff) -> datetime | None:
    """The earliest due time of the current clocks that run; a paused one is not due."""
    return next((due_at for (due_at,) in _earliest_due(handoff=row.pk)), None)


_earliest_due = PreparedRead(
    lambda handoff: (
        Clock.objects.filter(
            state=ClockState.RUNNING,
            handoff_clock__handoff_id=handoff,
            handoff_clock__is_current=True,
        )
        .order_by("due_at")
        .values_list("due_at")[:1]
    ),
    handoff=BigIntegerField(),
)


def current_hours(user: User) -> CalendarVersion:
    """The version of the person's working hours that new clocks start with."""
    return hours_in(calendar_for(user))


def hours_in(calendar: Calendar) -> CalendarVersion:
    """The same of a calendar that was read before. Raise NotSetUp where it has no hours yet."""
    version = calendar.current_version
    if version is None:
        raise NotSetUp(f"The calendar \u201c{calendar.name}\u201d has no published hours yet.")
    return version


def _begin(row: Handoff, leg: Leg | None, clocks: Sequence[Clock]) -> None:
    """Start the clocks as the handoff's current ones; earlier ones of their kinds have made way.

    Those of the buyer belong to no leg.
    """
    if not clocks:
        return
    start_clocks(clocks)
    links = [
        {
            "clock_id": clock.pk,
            "handoff_id": row.pk,
            "leg_id": None if leg is None or clock.kind in BUYERS else leg.pk,
            "kind": clock.kind,
            "is_current": True,
        }
        for clock in clocks
    ]
    insert_rows(HandoffClock, links)


def _make_way(row: Handoff, kinds: Collection[str]) -> None:
    """What ran before is no longer the current clock of its kind."""
    HandoffClock.objects.filter(handoff_id=row.pk, kind__in=kinds, is_current=True).update(
        is_current=False
    )


def _current(row: Handoff, kinds: Collection[str]) -> list[HandoffClock]:
    """The current clocks of these kinds, in the order in which clocks are locked."""
    links = HandoffClock.objects.filter(handoff_id=row.pk, is_current=True, kind__in=list(kinds))
    return sorted(links.select_related("clock"), key=lambda link: link.clock_id)


def _live(row: Handoff, kinds: Collection[str]) -> list[HandoffClock]:
    """Those of them that have not stopped; the row is locked, so nothing starts one meanwhile."""
    stopped = {ClockState.MET, ClockState.CANCELLED}
    return [link for link in _current(row, kinds) if link.clock.state not in stopped]
