"""Pausing clocks, and letting them go on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from core.errors import FieldProblem
from sla import selectors
from sla.choices import ClockKind, ClockState
from sla.models import Clock, Pause
from sla.rules import pauses, schedule, transitions
from sla.rules.errors import ClockFinished, ClockNotPausable, PauseInvalid
from sla.rules.pace import Hold
from sla.services.facts import CHANGING_FIELDS, record_passed

# What to do about a clock that is due at an agreed time, by its kind.
MOVE_MEETING = "It is due at an agreed time: move the meeting instead."
INSTEAD: dict[str, str] = {
    ClockKind.CONTACT_LEG: "It is due with the buyer's first contact: pause that clock, or give "
    "that clock more time, and this one follows.",
}


@transaction.atomic
def pause_clock(
    *,
    clock: Clock,
    starts_at: datetime,
    ends_at: datetime | None = None,
    reason: str,
    by_id: int | None,
    now: datetime,
    moves_agreed: bool = False,
) -> list[Pause]:
    """Take the span out of the clock's time; the pauses written, none where all was paused.

    With an end the due time and the steps to come move at once and the clock runs on; without
    one it is paused, and nothing fires until it is resumed. A breach stays. A clock that is due
    at an agreed time is only paused for a caller that moves this time itself: ``moves_agreed``.
    Raises ClockNotPausable, ClockFinished and PauseInvalid.
    """
    _check(clock.kind, starts_at, ends_at, reason, now)
    locked = lock_clock(clock.pk)
    if locked.is_due_fixed and not moves_agreed:
        raise ClockNotPausable(INSTEAD.get(locked.kind, MOVE_MEETING))
    if ClockState.PAUSED not in {*transitions.TRANSITIONS[locked.state], locked.state}:
        raise ClockFinished
    # What passed before the pause has passed, whether or not a sweep has run since.
    if locked.state == ClockState.RUNNING:
        record_passed(locked, until=min(starts_at, now), now=now)
    wanted = pauses.hold_of(starts_at, ends_at)
    pieces = pauses.uncovered(wanted, selectors.holds_of(locked))
    written = Pause.objects.bulk_create(
        Pause(
            clock=locked,
            starts_at=piece.starts_at,
            ends_at=None if piece.ends_at == pauses.OPEN_END else piece.ends_at,
            reason=reason,
            made_by=by_id,
        )
        for piece in pieces
    )
    if ends_at is None:
        locked.state = ClockState.PAUSED
    move_clock(locked)
    clock.refresh_from_db(fields=CHANGING_FIELDS)
    return written


@transaction.atomic
def resume_clock(*, clock: Clock, now: datetime) -> bool:
    """End the open pause at `now` and move what is to come; False when the clock is not paused."""
    resumed = end_open_pause(clock_id=clock.pk, at=now, now=now)
    clock.refresh_from_db(fields=CHANGING_FIELDS)
    return resumed


def end_open_pause(*, clock_id: int, at: datetime, now: datetime) -> bool:
    """End the clock's open pause as of `at`, inside the caller's transaction."""
    locked = lock_clock(clock_id)
    if locked.state != ClockState.PAUSED:
        return False
    ended = []
    for pause in locked.pauses.filter(ends_at__isnull=True):
        # A stop as of a time before the pause makes it an empty one.
        pause.ends_at = max(at, pause.starts_at)
        pause.save(update_fields=["ends_at"])
        ended.append(Hold(pause.starts_at, pause.ends_at))
    locked.state = ClockState.RUNNING
    move_clock(locked, ended=ended)
    return True


def _check(
    kind: str, starts_at: datetime, ends_at: datetime | None, reason: str, now: datetime
) -> None:
    if not transitions.may_pause(kind):
        raise ClockNotPausable
    if not reason.strip():
        raise PauseInvalid(FieldProblem("reason", "reason_missing", "Say why the clock pauses."))
    if ends_at is not None and ends_at <= starts_at:
        message = "The end must come after the start."
        raise PauseInvalid(FieldProblem("ends_at", "end_not_after_start", message))
    if ends_at is None and starts_at > now:
        message = "A pause without an end starts now or earlier."
        raise PauseInvalid(FieldProblem("starts_at", "open_pause_in_future", message))


def lock_clock(clock_id: int) -> Clock:
    """The row as it is now, held to the end of the transaction."""
    return (
        Clock.objects.select_for_update(of=("self",))
        .select_related("target", "calendar_version")
        .get(pk=clock_id)
    )


def move_clock(clock: Clock, *, ended: Sequence[Hold] = ()) -> None:
    """Work the due time and the steps to come out again from the start and all the pauses.

    A due time that was agreed is not counted from the start: it moves by the pauses that have
    just ``ended``, or stays where it is, and so do the steps around it. A breach stays.
    """
    rungs = schedule.decode(clock.schedule)
    before = schedule.Plan(clock.due_at, rungs)
    ladder = selectors.ladder_of(clock.target, has_ladder=clock.has_ladder)
    pace = selectors.pace_of(clock.target, clock.calendar_version).held(
        pauses.closed(selectors.holds_of(clock)), since=clock.started_at
    )
    start, is_breached = clock.started_at, clock.breached_at is not None
    if clock.is_due_fixed:
        moving = () if is_breached else ended
        plan = schedule.put_off(before, ladder, pace, start, fired=clock.fired, ended=moving)
    else:
        plan = schedule.moved(
            before, ladder, pace, start, fired=clock.fired, is_breached=is_breached
        )
    if clock.replaces_id is not None:
        # What fired on the clock before is not on this one's schedule, and stays away.
        plan = plan.only({rung.step_id for rung in rungs})
    clock.due_at = plan.due_at
    clock.schedule = schedule.encode(plan.rungs)
    clock.next_step_at = plan.next_at(clock.fired)
    clock.save(update_fields=["state", "due_at", "schedule", "next_step_at"])
