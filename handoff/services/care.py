"""What a manager does about a clock: seen, more time, paused, going on."""

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from accounts.models import User
from accounts.rules.policy import Action
from core.errors import FieldProblem
from handoff.choices import EventKind
from handoff.errors import CareRefused, HandoffNotOpen, NoSuchClock
from handoff.models import Handoff
from handoff.models.handoff import OPEN
from handoff.rules.values import has_forbidden_characters
from handoff.selectors.story import current_state
from handoff.services.change import append_event, apply_change, open_in
from handoff.services.clocks import (
    current_clock,
    earliest_due,
    follow_buyer,
    own_contact_clocks,
)
from sla.choices import ClockKind, ClockState
from sla.models import Acknowledgement, Clock
from sla.rules.transitions import may_pause
from sla.services import acknowledge_clock, hold_escalations, pause_clock, resume_clock

MOST_REASON = 200
FURTHEST = timedelta(days=366)
_OPEN = frozenset(str(status) for status in OPEN)


def acknowledge_late(
    handoff: Handoff, *, kind: str, note: str = "", by: User, now: datetime
) -> Acknowledgement:
    """Say that somebody works on a late clock: for some hours its ladder is quiet.

    Raises:
        CareRefused: the kind or the note cannot be; ``problems`` names the field.
        NoSuchClock, ClockFinished, ClockNotLate: there is nothing to acknowledge.
        NotPermitted, NotVisible: it is not this person's to acknowledge.
    """
    with transaction.atomic():
        row = _open(handoff, Action.CLOCK_ACKNOWLEDGE, by=by, now=now, version=None)
        _refuse(_kind_problems(kind) + _text_problems("note", note))
        clock = _clock(row, kind)
        made = acknowledge_clock(clock=clock, by_id=by.pk, note=note, now=now)
        data = {**_about(clock), "until": made.until.isoformat()}
        append_event(row, kind=EventKind.ACKNOWLEDGED, by=by, now=now, data=data)
        return made


def extend_clock(
    handoff: Handoff,
    *,
    kind: str,
    until: datetime,
    reason: str,
    by: User,
    now: datetime,
    version: int | None = None,
) -> Handoff:
    """Give a clock more time: what is open of the span until then does not count.

    The due time and the steps to come move at once. A breach stays; what waits to be done about
    it waits until then.

    Raises:
        CareRefused: the kind, the time or the reason cannot be; accept never pauses.
        NoSuchClock, HandoffNotOpen, StaleVersion: it has stopped or changed in the meantime.
        NotPermitted, NotVisible: it is not this person's to change.
    """
    with transaction.atomic():
        row = _open(handoff, Action.CLOCK_PAUSE, by=by, now=now, version=version)
        problems = _pause_problems(kind, reason)
        if until <= now:
            message = "Choose a time that is still ahead."
            problems.append(FieldProblem("until", "not_ahead", message))
        elif until - now > FURTHEST:
            message = "Choose a time within a year."
            problems.append(FieldProblem("until", "out_of_range", message))
        _refuse(problems)
        clock = _clock(row, kind)
        if clock.state == ClockState.PAUSED:
            message = "This clock is paused. Resume it first, then give it more time."
            _refuse([FieldProblem("kind", "paused", message)])
        pause_clock(
            clock=clock, starts_at=now, ends_at=until, reason=reason.strip(), by_id=by.pk, now=now
        )
        hold_escalations(clock_id=clock.pk, until=until)
        if clock.kind == ClockKind.CONTACT:
            follow_buyer(row, now=now)
            for own in own_contact_clocks(row):
                hold_escalations(clock_id=own.pk, until=until)
        _write(row, EventKind.EXTENDED, clock, by=by, now=now, more={"until": until.isoformat()})
        return row


def pause_clocks(
    handoff: Handoff,
    *,
    kind: str,
    reason: str,
    by: User,
    now: datetime,
    version: int | None = None,
) -> Handoff:
    """Stop the time of a clock until somebody resumes it; nothing fires meanwhile.

    Pausing a paused clock changes nothing. Raises as ``extend_clock``.
    """
    with transaction.atomic():
        row = _open(handoff, Action.CLOCK_PAUSE, by=by, now=now, version=version)
        _refuse(_pause_problems(kind, reason))
        clock = _clock(row, kind)
        if clock.state != ClockState.PAUSED:
            said: dict[str, Any] = {"reason": reason.strip(), "by_id": by.pk, "now": now}
            pause_clock(clock=clock, starts_at=now, **said)
            if clock.kind == ClockKind.CONTACT:
                for own in own_contact_clocks(row):
                    pause_clock(clock=own, starts_at=now, **said, moves_agreed=True)
            _write(row, EventKind.PAUSED, clock, by=by, now=now)
        return row


def resume_clocks(
    handoff: Handoff, *, kind: str, by: User, now: datetime, version: int | None = None
) -> Handoff:
    """Let a paused clock go on, its due time and steps moved by the open time of the pause.

    Resuming a running clock changes nothing. Raises as ``extend_clock``.
    """
    with transaction.atomic():
        row = _open(handoff, Action.CLOCK_PAUSE, by=by, now=now, version=version)
        _refuse(_kind_problems(kind))
        clock = _clock(row, kind)
        if resume_clock(clock=clock, now=now):
            if clock.kind == ClockKind.CONTACT:
                for own in own_contact_clocks(row):
                    resume_clock(clock=own, now=now)
                follow_buyer(row, now=now)
            _write(row, EventKind.RESUMED, clock, by=by, now=now)
        return row


def _open(
    handoff: Handoff, action: Action, *, by: User, now: datetime, version: int | None
) -> Handoff:
    return open_in(
        handoff.pk,
        states=_OPEN,
        otherwise=HandoffNotOpen,
        action=action,
        by=by,
        now=now,
        version=version,
    )


def _clock(row: Handoff, kind: str) -> Clock:
    clock = current_clock(row, kind)
    if clock is None or clock.state not in (ClockState.RUNNING, ClockState.PAUSED):
        message = (
            f"No clock \u201c{ClockKind(kind).label}\u201d runs here now. Nothing was changed."
        )
        raise NoSuchClock(message, current=current_state(row))
    return clock


def _write(
    row: Handoff,
    event: EventKind,
    clock: Clock,
    *,
    by: User,
    now: datetime,
    more: dict[str, str] | None = None,
) -> None:
    apply_change(
        row,
        event=event,
        by=by,
        now=now,
        changes={"next_due_at": earliest_due(row)},
        data={**_about(clock), **(more or {}), "due_at": clock.due_at.isoformat()},
    )


def _about(clock: Clock) -> dict[str, object]:
    return {"clock": clock.pk, "clock_kind": clock.kind}


def _kind_problems(kind: str) -> list[FieldProblem]:
    if kind in ClockKind.values:
        return []
    message = f"Choose one of: {', '.join(ClockKind.values)}."
    return [FieldProblem("kind", "invalid_choice", message)]


def _pause_problems(kind: str, reason: str) -> list[FieldProblem]:
    problems = _kind_problems(kind)
    if not problems and not may_pause(kind):
        message = "Accept cannot be paused: give the lead to somebody else instead."
        problems.append(FieldProblem("kind", "not_pausable", message))
    if not reason.strip():
        message = "Say why, for whoever wonders about the due time later."
        problems.append(FieldProblem("reason", "required", message))
    return problems + _text_problems("reason", reason)


def _text_problems(field: str, text: str) -> list[FieldProblem]:
    if has_forbidden_characters(text):
        message = "It has characters that are not text. Type it again."
        return [FieldProblem(field, "invalid_characters", message)]
    if len(text) > MOST_REASON:
        message = f"It has {len(text):,} characters; {MOST_REASON} fit. Shorten it."
        return [FieldProblem(field, "too_long", message)]
    return []


def _refuse(problems: list[FieldProblem]) -> None:
    if problems:
        raise CareRefused(problems[0].message, problems=problems)
