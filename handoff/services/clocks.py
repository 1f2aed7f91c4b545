"""The clocks of a handoff: started here, stopped as the table of clock exits says."""

from collections.abc import Collection
from datetime import datetime

from accounts.models import User
from accounts.selectors import calendar_for, organisation
from handoff.choices import Status
from handoff.errors import NotSetUp
from handoff.models import Handoff, HandoffClock, Leg
from handoff.rules.qualified import hand_off_due
from handoff.rules.transitions import CLOCK_EXITS, ClockExit, Step
from handoff.selectors.access import submitters_side
from handoff.selectors.facts import facts_of
from sla.choices import ClockKind, ClockState
from sla.models import Clock, Target
from sla.selectors import match_target
from sla.services import cancel_clock, meet_clock, reopen_clock, retarget_clock, start_clock
from worktime.models import Calendar, CalendarVersion


def start_hand_off(row: Handoff, *, started_at: datetime, now: datetime) -> Clock | None:
    """The submitter's clock: of a draft, and again once a lead has come back.

    It counts in the hours of whoever stands in for a submitter that has left. A draft with a
    meeting is due a day before it; ``now`` is when the draft begins.
    """
    return _start(
        row,
        ClockKind.HAND_OFF,
        started_at=started_at,
        hours=current_hours(submitters_side(row)),
        due_at=_before_meeting(row, drafted_at=now),
    )


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
        made = retarget_clock(clock=clock, target=target, due_at=due_at, now=now)
        if made is not None:
            HandoffClock.objects.filter(pk=link.pk).update(is_current=False)
            HandoffClock.objects.create(
                clock=made, handoff_id=row.pk, leg_id=link.leg_id, kind=link.kind, is_current=True
            )


def _before_meeting(row: Handoff, *, drafted_at: datetime) -> datetime | None:
    if row.status != Status.DRAFT:
        return None
    return hand_off_due(row.meeting_at, drafted_at=drafted_at)


def start_accept(
    row: Handoff, leg: Leg, *, now: datetime, is_unstaffed: bool = False
) -> Clock | None:
    """The receiver's clock for a decision, in the receiver's working hours."""
    return _start(
        row,
        ClockKind.ACCEPT,
        started_at=now,
        hours=current_hours(leg.receiver),
        leg=leg,
        is_unstaffed=is_unstaffed,
    )


def start_contact(row: Handoff, *, now: datetime, is_unstaffed: bool = False) -> Clock | None:
    """The buyer's clock. It starts once for each handoff, at submission, and never again."""
    target = match_target(facts_of(row), ClockKind.CONTACT)
    if target is None:
        return None
    return _start(
        row,
        ClockKind.CONTACT,
        started_at=now,
        hours=_published(target.version.calendar or organisation().calendar),
        is_unstaffed=is_unstaffed,
        target=target,
    )


def start_next_step(row: Handoff, leg: Leg, *, now: datetime) -> Clock | None:
    """The receiver's clock for a dated next step of their own."""
    return _start(
        row, ClockKind.NEXT_STEP, started_at=now, hours=current_hours(leg.receiver), leg=leg
    )


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


def reopen_clocks(row: Handoff, *, reason: str, by: User, now: datetime) -> None:
    """Let the buyer's clock run on that a rejection has cancelled; the time between is a pause."""
    for link in _current(row, [ClockKind.CONTACT]):
        reopen_clock(clock=link.clock, reason=reason, by_id=by.pk, now=now)


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
        if clock is None:
            return None
        HandoffClock.objects.filter(pk=link.pk).update(is_current=False)
        HandoffClock.objects.create(
            clock=clock, handoff_id=row.pk, leg_id=link.leg_id, kind=link.kind, is_current=True
        )
        return clock
    return None


def current_clock(row: Handoff, kind: str) -> Clock | None:
    """The handoff's current clock of this kind, whatever its state."""
    links = _current(row, [kind])
    return links[0].clock if links else None


def earliest_due(row: Handoff) -> datetime | None:
    """The earliest due time of the current clocks that run; a paused one is not due."""
    return (
        Clock.objects.filter(state=ClockState.RUNNING)
        .filter(handoff_clock__handoff_id=row.pk, handoff_clock__is_current=True)
        .order_by("due_at")
        .values_list("due_at", flat=True)
        .first()
    )


def current_hours(user: User) -> CalendarVersion:
    """The version of the person's working hours that new clocks start with."""
    return _published(calendar_for(user))


def _published(calendar: Calendar) -> CalendarVersion:
    version = calendar.current_version
    if version is None:
        raise NotSetUp(f"The calendar \u201c{calendar.name}\u201d has no published hours yet.")
    return version


def _start(
    row: Handoff,
    kind: ClockKind,
    *,
    started_at: datetime,
    hours: CalendarVersion,
    leg: Leg | None = None,
    is_unstaffed: bool = False,
    due_at: datetime | None = None,
    target: Target | None = None,
) -> Clock | None:
    """Start the clock that the policy asks for, in place of an earlier one of the kind."""
    HandoffClock.objects.filter(handoff_id=row.pk, kind=kind, is_current=True).update(
        is_current=False
    )
    clock = start_clock(
        kind=kind,
        facts=facts_of(row),
        started_at=started_at,
        calendar_version=hours,
        is_unstaffed=is_unstaffed,
        due_at=due_at,
        target=target,
    )
    if clock is not None:
        HandoffClock.objects.create(
            clock=clock, handoff_id=row.pk, leg=leg, kind=kind, is_current=True
        )
    return clock


def _current(row: Handoff, kinds: Collection[str]) -> list[HandoffClock]:
    """The current clocks of these kinds, in the order in which clocks are locked."""
    links = HandoffClock.objects.filter(handoff_id=row.pk, is_current=True, kind__in=list(kinds))
    return sorted(links.select_related("clock"), key=lambda link: link.clock_id)


def _live(row: Handoff, kinds: Collection[str]) -> list[HandoffClock]:
    """Those of them that have not stopped; the row is locked, so nothing starts one meanwhile."""
    stopped = {ClockState.MET, ClockState.CANCELLED}
    return [link for link in _current(row, kinds) if link.clock.state not in stopped]
