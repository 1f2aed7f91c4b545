"""Clocks that go on after all: reopened where they stood, or timed anew in place of another."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from sla import selectors
from sla.choices import ClockState, StepAction
from sla.models import Clock, Pause, Target
from sla.rules import pauses, schedule
from sla.services.clocks import cancel_clock
from sla.services.facts import CHANGING_FIELDS, record_passed
from sla.services.pauses import lock_clock, move_clock


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
    move_clock(locked)
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
    target, started_at = target or old.target, started_at or old.started_at
    until = until or now
    if old.state not in (ClockState.RUNNING, ClockState.PAUSED):
        return None
    was_paused = old.state == ClockState.PAUSED
    open_since = [pause.starts_at for pause in old.pauses.all() if pause.ends_at is None]
    cancel_clock(clock=old, at=now, now=now)
    holds = selectors.holds_of(old)
    pace = selectors.pace_of(target, old.calendar_version).held(
        pauses.closed(holds), since=started_at
    )
    plan = schedule.plan(selectors.ladder_of(target), pace, started_at, due_at=due_at)
    breached_at = plan.due_at if old.breached_at and plan.due_at < until else None
    rungs = _left(plan.rungs, old, now=now, is_breached=breached_at is not None)
    new = Clock.objects.create(
        kind=old.kind,
        started_at=started_at,
        target=target,
        calendar_version=old.calendar_version,
        due_at=plan.due_at,
        breached_at=breached_at,
        detected_at=now if breached_at else None,
        schedule=schedule.encode(rungs),
        next_step_at=rungs[0].at if rungs else None,
        is_unstaffed=old.is_unstaffed,
        is_due_fixed=due_at is not None,
        replaces=old,
    )
    _carry_pauses(old, new, is_open=was_paused and bool(open_since), now=now)
    if not was_paused:
        record_passed(new, until=until, now=now)
    return new


def _left(
    rungs: tuple[schedule.Rung, ...], old: Clock, *, now: datetime, is_breached: bool
) -> list[schedule.Rung]:
    """The steps that are still to fire on the new clock."""
    before = schedule.decode(old.schedule)
    done = {(rung.action, rung.step_id) for rung in before[: old.fired]}
    left = [rung for rung in rungs if (rung.action, rung.step_id) not in done]
    return [
        rung
        for rung in left
        if not (rung.action == StepAction.REMIND and rung.at < now)
        and not (rung.action == StepAction.BREACH and is_breached)
    ]


def _carry_pauses(old: Clock, new: Clock, *, is_open: bool, now: datetime) -> None:
    """The new clock's pauses are the old one's; the one still open goes on."""
    Pause.objects.bulk_create(
        Pause(
            clock=new,
            starts_at=pause.starts_at,
            ends_at=pause.ends_at,
            reason=pause.reason,
            made_by=pause.made_by,
        )
        for pause in old.pauses.all()
    )
    if is_open:
        new.pauses.filter(ends_at=now).update(ends_at=None)
        new.state = ClockState.PAUSED
        new.save(update_fields=["state"])
