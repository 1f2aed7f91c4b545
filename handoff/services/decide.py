"""The receiver's decision: accept or reject."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from accounts.models import User
from accounts.rules.policy import Action
from core.errors import FieldProblem
from handoff.choices import EventKind, LegEnd, RejectReason, Status, TransferReason
from handoff.errors import HandoffNotPending, RejectionRefused
from handoff.models import Handoff, Leg
from handoff.rules.form import Form
from handoff.rules.transitions import NEEDS_FIELDS, TO_NEXT_RECEIVER, Step
from handoff.rules.values import has_forbidden_characters
from handoff.selectors.access import submitters_side
from handoff.selectors.facts import facts_of
from handoff.selectors.story import current_state, what_happened_last
from handoff.services import tell
from handoff.services.change import apply_change, hold_people, open_for, transfer_to
from handoff.services.clocks import (
    current_hours,
    earliest_due,
    start_accepted,
    start_hand_off,
    stop_clocks,
)
from handoff.services.placement import CONFLICT, Placing, place
from routing.selectors import match_rule
from routing.services import give_back, lock_loads, lock_pools, release
from worktime.rules import between
from worktime.selectors import rules_calendar

MAX_NOTE = 2_000
_DECISIONS = frozenset({LegEnd.REJECTED, LegEnd.CONFLICT})


def accept_handoff(
    handoff: Handoff, *, by: User, now: datetime, version: int | None = None
) -> Handoff:
    """Take the lead: the accept clock stops and ownership is frozen.

    Raises:
        HandoffNotPending, StaleVersion: somebody was first; the message says who and when.
        NotPermitted, NotVisible: it is not this person's to accept.
    """
    with transaction.atomic():
        row = open_for(
            handoff.pk,
            step=Step.ACCEPT,
            action=Action.HANDOFF_ACCEPT,
            by=by,
            now=now,
            version=version,
        )
        accept_leg(row, live_leg(row, now=now), by=by, now=now)
        return row


def accept_leg(
    row: Handoff, leg: Leg, *, by: User, now: datetime, data: Mapping[str, object] | None = None
) -> None:
    """Accept a handoff that the caller has opened for it, by its live leg.

    Raises:
        HandoffNotPending: the leg was accepted or has ended in the meantime.
    """
    stop_clocks(row, step=Step.ACCEPT, now=now)
    mine = Leg.objects.filter(pk=leg.pk, accepted_at=None, ended_at=None)
    if mine.update(accepted_at=now, decided_at=now) != 1:
        raise HandoffNotPending(what_happened_last(row, now=now), current=current_state(row))
    start_accepted(row, leg, now=now)
    apply_change(
        row,
        event=EventKind.ACCEPTED,
        by=by,
        now=now,
        changes={**acceptance(row, leg, now=now), "next_due_at": earliest_due(row)},
        data={"leg": leg.pk, **(data or {})},
    )
    tell.submitter_accepted(row, leg, now=now)


def acceptance(
    row: Handoff, leg: Leg, *, now: datetime, starts_freeze: bool = False
) -> dict[str, object]:
    """The columns that an acceptance changes; how long the first one took is kept with it.

    The freeze dates from the first acceptance: a cover or a successor goes on in it. Whoever
    restarts it has emptied it, or says so by ``starts_freeze``.
    """
    changes: dict[str, object] = {"status": Status.ACCEPTED}
    if starts_freeze or row.freeze_until is None:
        changes["freeze_until"] = now + timedelta(days=settings.HANDOFF_FREEZE_DAYS)
    if row.first_accepted_at is None and row.submitted_at is not None:
        hours = rules_calendar(current_hours(leg.receiver))
        waited = int(between(hours, row.submitted_at, now))
        changes |= {"first_accepted_at": now, "accept_seconds": max(waited, 0)}
    return changes


def reject_handoff(
    handoff: Handoff,
    *,
    reason: str,
    by: User,
    now: datetime,
    fields: Sequence[str] = (),
    note: str = "",
    version: int | None = None,
) -> Handoff:
    """Send the lead back to its submitter, or on to the next receiver where it is a conflict.

    ``fields`` names what is missing, for the reason ``missing_information`` only.

    Raises:
        RejectionRefused: no such reason, or missing information without its fields.
        HandoffNotPending, StaleVersion, NotPermitted, NotVisible: as for accepting.
    """
    with transaction.atomic():
        step = Step.CONFLICT if reason in TO_NEXT_RECEIVER else Step.REJECT
        if step is Step.REJECT:
            hold_people(handoff.pk)
        row = open_for(
            handoff.pk, step=step, action=Action.HANDOFF_REJECT, by=by, now=now, version=version
        )
        _check_rejection(row, reason, fields, note)
        leg = live_leg(row, now=now)
        stop_clocks(row, step=step, now=now)
        ended_as = LegEnd.CONFLICT if step is Step.CONFLICT else LegEnd.REJECTED
        end_leg(row, leg, ended_as=ended_as, now=now, reason=reason, fields=fields, note=note)
        data = {"leg": leg.pk, "reason": reason, "fields": list(fields)}
        if step is Step.CONFLICT:
            _pass_on(row, leg, by=by, now=now, data=data)
        else:
            _send_back(row, leg, reason=reason, by=by, now=now, data=data)
        return row


def _send_back(
    row: Handoff, leg: Leg, *, reason: str, by: User, now: datetime, data: dict[str, object]
) -> None:
    transferred = transfer_to(
        row, to_id=submitters_side(row).pk, reason=TransferReason.REJECTED, by=by, now=now
    )
    start_hand_off(row, started_at=now, now=now)
    apply_change(
        row,
        event=EventKind.REJECTED,
        by=by,
        now=now,
        changes={
            **transferred,
            "status": Status.REJECTED,
            "reason": reason,
            "next_due_at": earliest_due(row),
        },
        data=data,
    )
    tell.submitter_rejected(row, leg, now=now)
    free(leg, now=now)


def _pass_on(row: Handoff, leg: Leg, *, by: User, now: datetime, data: dict[str, object]) -> None:
    rule = leg.turn.rule or match_rule(facts_of(row))
    if rule is None:
        raise HandoffNotPending("No routing rule says who is next. Ask your admin to publish one.")
    lock_pools([leg.turn.pool_id, rule.pool_id])
    lock_loads(pool_id=rule.pool_id, user_id=leg.receiver_id)
    next_leg = place(row, Placing(CONFLICT, by=by, now=now, data=data), rule=rule)
    tell.submitter_moved(row, leg, next_leg, now=now)
    # A conflict is no fault of the receiver's: the turn comes back at once.
    give_back(turn=leg.turn, reason="conflict", now=now)
    free(leg, now=now)


def _check_rejection(row: Handoff, reason: str, fields: Sequence[str], note: str) -> None:
    problems = []
    if reason not in RejectReason.values:
        message = f"Choose one of: {', '.join(RejectReason.values)}."
        problems.append(FieldProblem("reason", "invalid_choice", message))
    form = Form.from_layout(row.form_version.layout)
    unknown = [key for key in fields if form.get(key) is None]
    if unknown:
        message = f"This form has no field {unknown[0][:60]!r}."
        problems.append(FieldProblem("fields", "unknown_field", message))
    if reason in NEEDS_FIELDS and not fields:
        message = "Mark the fields that are missing, so that the submitter can fix them."
        problems.append(FieldProblem("fields", "required", message))
    if reason not in NEEDS_FIELDS and fields and not problems:
        message = "Only missing information marks fields. Leave them out for this reason."
        problems.append(FieldProblem("fields", "not_used", message))
    problems += note_problems(note)
    if problems:
        raise RejectionRefused(problems[0].message, problems=problems)


def note_problems(note: str) -> list[FieldProblem]:
    """Why a note cannot be kept; empty when it can."""
    if has_forbidden_characters(note):
        message = "The note has characters that are not text. Type it again."
        return [FieldProblem("note", "invalid_characters", message)]
    if len(note) > MAX_NOTE:
        message = f"The note has {len(note):,} characters; {MAX_NOTE:,} fit. Shorten it."
        return [FieldProblem("note", "too_long", message)]
    return []


def live_leg(row: Handoff, *, now: datetime) -> Leg:
    """The leg that is going on; the caller holds the handoff's lock."""
    live = Leg.objects.filter(handoff_id=row.pk, ended_at=None).order_by()
    leg = next(iter(live.select_related("receiver", "turn__rule")), None)
    if leg is None:
        raise HandoffNotPending(what_happened_last(row, now=now), current=current_state(row))
    return leg


def free(leg: Leg | None, *, now: datetime) -> None:
    """Free the receiver's slot, once: a first contact has freed it before."""
    if leg is not None and leg.contacted_at is None:
        release(turn=leg.turn, now=now)


def end_leg(
    row: Handoff,
    leg: Leg,
    *,
    ended_as: LegEnd,
    now: datetime,
    reason: str = "",
    fields: Sequence[str] = (),
    note: str = "",
) -> None:
    """End the live leg, once.

    Raises:
        HandoffNotPending: it has ended in the meantime.
    """
    decided = {"decided_at": now} if ended_as in _DECISIONS else {}
    # A leg that was reopened keeps what was said when it was rejected.
    said = {"reason": reason, "rejected_fields": list(fields), "note": note.strip()}
    updated = Leg.objects.filter(pk=leg.pk, ended_at=None).update(
        **decided,
        **{name: value for name, value in said.items() if value},
        ended_at=now,
        ended_as=ended_as,
    )
    if updated != 1:
        raise HandoffNotPending(what_happened_last(row, now=now), current=current_state(row))
    leg.refresh_from_db()
