"""Clocks that go on after all: reopened where they stood, or timed anew in place of another.

A clock keeps its start, target and calendar version for good; where one of them changes, another
clock takes its place, with its pauses and with all that has happened to it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from django.db import connection, transaction

from sla import selectors
from sla.choices import ClockState, EscalationState, StepAction
from sla.models import Acknowledgement, Clock, Escalation, Pause, Target
from sla.rules import pauses, schedule
from sla.rules.pace import Pace
from sla.rules.targets import MOVES, Offset, offset_of
from sla.services.acknowledge import hold_escalations
from sla.services.clocks import cancel_clock
from sla.services.facts import CHANGING_FIELDS, record_passed
from sla.services.pauses import lock_clock, move_clock
from worktime.models import CalendarVersion

LIVE = (ClockState.RUNNING, ClockState.PAUSED)
LINE_STATEMENT = """
WITH RECURSIVE line (id, replaces_id) AS (
    SELECT id, replaces_id FROM sla_clock WHERE id = %s
    UNION ALL
    SELECT clock.id, clock.replaces_id FROM sla_clock AS clock
    JOIN line ON clock.id = line.replaces_id
)
SELECT id FROM line
"""


@transaction.atomic
def reopen_clock(*, clock: Clock, reason: str, by_id: int | None, now: datetime) -> bool:
    """Let a cancelled clock run on, the time since then being a pause; True when it does.

    What was breached stays breached. A clock that was met, still runs or was replaced by another
    stays as it is.
    """
    locked = lock_clock(clock.pk)
    since = locked.cancelled_at
    if locked.state != ClockState.CANCELLED or since is None or locked.replaced_by.exists():
        return False
    closed = []
    if since < now:
        closed = pauses.uncovered(pauses.hold_of(since, now), selectors.holds_of(locked))
        Pause.objects.bulk_create(
            Pause(
                clock=locked,
                starts_at=piece.starts_at,
                ends_at=piece.ends_at,
                reason=reason,
                made_by=by_id,
            )
            for piece in closed
        )
    locked.state, locked.cancelled_at = ClockState.RUNNING, None
    locked.save(update_fields=["state", "cancelled_at"])
    move_clock(locked, ended=closed)
    clock.refresh_from_db(fields=CHANGING_FIELDS)
    return True


@transaction.atomic
def retarget_clock(
    *,
    clock: Clock,
    now: datetime,
    started_at: datetime | None = None,
    target: Target | None = None,
    until: datetime | None = None,
    due_at: datetime | None = None,
) -> Clock | None:
    """Put a clock with another start or target in the place of a live one; None where it stopped.

    Pauses and facts are carried over. A step that has fired does not fire again, and nobody is
    reminded of a due time that is past; where the due time is past, that is one breach, at once.
    The caller who is about to meet the new clock as of an earlier instant gives it as ``until``.
    With ``due_at`` the new clock is due then, whatever the target's length.
    """
    old = lock_clock(clock.pk)
    if old.state not in LIVE:
        return None
    until = until or now
    new = Clock(
        started_at=started_at or old.started_at,
        target=target or old.target,
        calendar_version=old.calendar_version,
        is_due_fixed=due_at is not None,
        has_ladder=old.has_ladder,
    )
    pace = _stop_counting(old, new, now=now)
    ladder = selectors.ladder_of(new.target, has_ladder=new.has_ladder)
    plan = schedule.plan(ladder, pace, new.started_at, due_at=due_at)
    if plan.due_at < until and _was_missed(old):
        new.breached_at, new.detected_at = plan.due_at, now
    return _take_place(old, new, plan, until=until, now=now)


@transaction.atomic
def retime_clock(
    *, clock: Clock, target: Target, calendar_version: CalendarVersion, now: datetime
) -> Clock | None:
    """Let a live clock follow another version of its policy or hours, from its original start.

    Pauses and facts are carried over, and a step that has fired does not fire again. A breach
    stays: such a clock keeps its due time, and only what follows it is timed anew. A due time
    that was agreed stays as well. Where the new due time is past, that is one breach, at once.
    None where the clock has stopped, or follows these versions already.
    """
    old = lock_clock(clock.pk)
    is_same = (old.target_id, old.calendar_version_id) == (target.pk, calendar_version.pk)
    if old.state not in LIVE or is_same:
        return None
    new = Clock(
        started_at=old.started_at,
        target=target,
        calendar_version=calendar_version,
        is_due_fixed=old.is_due_fixed,
        has_ladder=old.has_ladder,
    )
    # An agreed one moves as the old clock's pause ends; on the new clock that pause goes on.
    due_at = old.due_at
    pace = _stop_counting(old, new, now=now)
    plan = schedule.retimed(
        selectors.ladder_of(target, has_ladder=new.has_ladder),
        pace,
        old.started_at,
        due_at=due_at,
        is_breached=old.breached_at is not None,
        is_due_fixed=old.is_due_fixed,
    )
    new.breached_at, new.detected_at = old.breached_at, old.detected_at
    return _take_place(old, new, plan, until=now, now=now)


def _stop_counting(old: Clock, new: Clock, *, now: datetime) -> Pace:
    """Cancel the clock, all that has passed on it written down; how the new one's time passes."""
    new.state = ClockState(old.state)
    if old.state == ClockState.RUNNING:
        record_passed(old, until=now, now=now)
    cancel_clock(clock=old, at=now, now=now)
    pace = selectors.pace_of(new.target, new.calendar_version)
    return pace.held(pauses.closed(selectors.holds_of(old)), since=new.started_at)


def _take_place(
    old: Clock, new: Clock, plan: schedule.Plan, *, until: datetime, now: datetime
) -> Clock:
    """Store the new clock with the steps that are left for it, and fire those that have passed."""
    rungs = list(_left(plan, old, new, now=now))
    new.kind, new.is_unstaffed, new.replaces = old.kind, old.is_unstaffed, old
    new.due_at, new.schedule = plan.due_at, schedule.encode(rungs)
    new.next_step_at = rungs[0].at if rungs else None
    new.save(force_insert=True)
    _carry_pauses(old, new)
    Acknowledgement.objects.bulk_create(
        Acknowledgement(clock=new, by_id=one.by_id, at=one.at, until=one.until, note=one.note)
        for one in old.acknowledgements.all()
    )
    if new.state == ClockState.PAUSED:
        move_clock(new)
    else:
        record_passed(new, until=until, now=now)
        _carry_waits(old, new)
    return new


def _left(plan: schedule.Plan, old: Clock, new: Clock, *, now: datetime) -> Iterator[schedule.Rung]:
    """The steps that are still to fire on the new clock.

    A step is known by what it does and how far from due, for every version has steps of its own.
    A reminder or a move that fired and was not acted on is still to come: it is only acted on
    while its own clock runs.
    """
    offsets = {step_id: offset for step_id, offset, _ in selectors.ladder_of(new.target).steps}
    done, waiting = _fired(old)
    for rung in plan.rungs:
        key = (rung.action, offsets[rung.step_id])
        if rung.action == StepAction.BREACH:
            is_left = new.breached_at is None
        elif rung.action == StepAction.REMIND and rung.at < now:
            is_left = key in waiting and plan.due_at >= now
        else:
            is_left = key not in done
        if is_left:
            yield rung


def _fired(old: Clock) -> tuple[set[tuple[str, Offset]], set[tuple[str, Offset]]]:
    """What was done on the clock or on one that it replaced, and what still waits to be done."""
    done, waiting = set(), set()
    steps = Escalation.objects.filter(clock__in=_line(old)).values_list(
        "step__action", "step__offset_percent", "step__offset_minutes", "state", "clock"
    )
    settled = {EscalationState.HANDLED, EscalationState.QUARANTINED}
    for action, percent, minutes, state, clock_id in steps:
        key = (action, offset_of(percent, minutes))
        if state in settled or action not in {StepAction.REMIND, *MOVES}:
            done.add(key)
        elif state == EscalationState.PENDING and clock_id == old.pk:
            waiting.add(key)
    return done, waiting - done


def _was_missed(old: Clock) -> bool:
    """Whether the clock or one that it replaced has a breach: then another is no news."""
    return Clock.objects.filter(pk__in=_line(old), breached_at__isnull=False).exists()


def _line(clock: Clock) -> Sequence[int]:
    """The clock and those that it took the place of, one after the other, in one query at most."""
    if clock.replaces_id is None:
        return [clock.pk]
    with connection.cursor() as cursor:
        cursor.execute(LINE_STATEMENT, [clock.replaces_id])
        return [clock.pk, *(pk for (pk,) in cursor.fetchall())]


def _carry_waits(old: Clock, new: Clock) -> None:
    """A move that was put off on the old clock waits as long on the new one."""
    put_off = old.escalations.filter(state=EscalationState.PENDING, step__action__in=MOVES)
    until = max(put_off.values_list("not_before", flat=True), default=None)
    if until is not None:
        hold_escalations(clock_id=new.pk, until=until)


def _carry_pauses(old: Clock, new: Clock) -> None:
    """The new clock's pauses are the old one's; the one still open goes on.

    Stopping the old clock has ended that one, now or, where it follows more time that was given,
    where it begins. It is the last: none begins after an open one.
    """
    carried = [
        Pause(
            clock=new,
            starts_at=pause.starts_at,
            ends_at=pause.ends_at,
            reason=pause.reason,
            made_by=pause.made_by,
        )
        for pause in old.pauses.order_by("starts_at", "pk")
    ]
    if new.state == ClockState.PAUSED:
        carried[-1].ends_at = None
    Pause.objects.bulk_create(carried)
