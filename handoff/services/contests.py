"""A rejection that its submitter does not accept, and the one ruling on it."""

from datetime import datetime
from typing import Any

from django.db import transaction

from accounts.models import User
from accounts.rules.policy import Action
from core.errors import FieldProblem, NotPermitted
from handoff.choices import EventKind, TransferReason
from handoff.errors import (
    ContestRefused,
    HandoffNotRejected,
    NothingContested,
    NotSetUp,
    RejectionContested,
)
from handoff.models import Contest, Handoff, Leg
from handoff.rules.transitions import Step
from handoff.selectors.access import who_may_rule
from handoff.selectors.facts import facts_of
from handoff.selectors.story import clock_time, current_state, what_happened_last
from handoff.services import tell
from handoff.services.after import discard_fixes, rejected_leg
from handoff.services.change import apply_change, hold_people, open_for, transfer_to
from handoff.services.clocks import (
    earliest_due,
    reopen_clocks,
    reopen_own_contact,
    start_accepted,
    start_hand_off,
    stop_clocks,
)
from handoff.services.decide import acceptance, note_problems
from handoff.services.placement import Placing, Reason, place
from routing.choices import TurnKind
from routing.selectors import match_rule
from routing.services import give_back, lock_pools, occupy

CLOSED_MEANWHILE = "Closed by a rejection that was overturned"
ANEW = Reason(TurnKind.ROTATION, TransferReason.OVERTURNED, EventKind.OVERTURNED)


def contest_rejection(
    handoff: Handoff, *, note: str, by: User, now: datetime, version: int | None = None
) -> Contest:
    """Ask a manager to rule on a rejection, once; until then it is neither fixed nor conceded.

    A fix that was begun waits, and is discarded where the rejection is overturned.

    Raises:
        ContestRefused: the note is missing or cannot be kept.
        RejectionContested: it was contested before.
        HandoffNotRejected, StaleVersion, NotPermitted, NotVisible: as for a fix.
    """
    with transaction.atomic():
        row = open_for(
            handoff.pk,
            step=Step.CONTEST,
            action=Action.HANDOFF_CONTEST,
            by=by,
            now=now,
            version=version,
        )
        leg = _rejected(row, now=now)
        _refuse_second(row, leg, now=now)
        problems = note_problems(note)
        if not note.strip():
            message = "Say why the rejection is not fair; a manager reads it and rules."
            problems = [FieldProblem("note", "required", message)]
        _refuse(problems)
        contest = Contest.objects.create(leg=leg, by=by, at=now, note=note.strip())
        stop_clocks(row, step=Step.CONTEST, now=now)
        apply_change(
            row,
            event=EventKind.CONTESTED,
            by=by,
            now=now,
            changes={"next_due_at": earliest_due(row)},
            data={"leg": leg.pk, "contest": contest.pk},
        )
        manager = who_may_rule(row, leg, by=by)
        if manager is not None:
            tell.manager_asked(row, leg, manager, now=now)
        return contest


def rule_on_contest(
    handoff: Handoff,
    *,
    is_upheld: bool,
    note: str = "",
    by: User,
    now: datetime,
    version: int | None = None,
) -> Handoff:
    """Rule on a contested rejection: it stands, or the same leg is reopened as accepted.

    Upheld, the submitter's clock starts again and the receiver gets the turn back. Overturned,
    acceptance and freeze date from the ruling and the clocks run on; where the receiver has left
    meanwhile, somebody else is picked instead.

    Raises:
        ContestRefused: the note cannot be kept.
        NothingContested: nobody has contested it, or somebody has ruled.
        NotPermitted: it is one's own: nobody rules on what they submitted, got or contested.
        HandoffNotRejected, StaleVersion, NotVisible: as for a fix.
    """
    with transaction.atomic():
        hold_people(handoff.pk)
        row = open_for(
            handoff.pk,
            step=Step.UPHOLD if is_upheld else Step.OVERTURN,
            action=Action.HANDOFF_RULE,
            by=by,
            now=now,
            version=version,
        )
        leg = _rejected(row, now=now)
        contest = Contest.objects.filter(leg=leg).first()
        if contest is None or contest.ruled_at is not None:
            raise NothingContested(what_happened_last(row, now=now), current=current_state(row))
        if by.pk in {row.submitted_by_id, leg.receiver_id, contest.by_id}:
            raise NotPermitted("Nobody rules on their own. Ask another manager or an admin.")
        _refuse(note_problems(note))
        ruled = Contest.objects.filter(pk=contest.pk, ruled_at=None).update(
            ruled_by=by, ruled_at=now, is_upheld=is_upheld, ruling=note.strip()
        )
        if ruled != 1:
            raise NothingContested(what_happened_last(row, now=now), current=current_state(row))
        data = {"leg": leg.pk, "contest": contest.pk}
        if is_upheld:
            _uphold(row, leg, by=by, now=now, data=data)
        else:
            _overturn(row, leg, by=by, now=now, data=data)
        return row


def _uphold(row: Handoff, leg: Leg, *, by: User, now: datetime, data: dict[str, Any]) -> None:
    start_hand_off(row, started_at=now, now=now)
    changes = {"next_due_at": earliest_due(row)}
    apply_change(row, event=EventKind.UPHELD, by=by, now=now, changes=changes, data=data)
    tell.about_ruling("upheld", row, leg, by=by, now=now)
    give_back(turn=leg.turn, reason="upheld", now=now)


def _overturn(row: Handoff, leg: Leg, *, by: User, now: datetime, data: dict[str, Any]) -> None:
    discard_fixes(row, by=by, now=now)
    stop_clocks(row, step=Step.OVERTURN, now=now)
    reopen_clocks(row, reason=CLOSED_MEANWHILE, by=by, now=now)
    if leg.receiver.is_active:
        _reopen(row, leg, by=by, now=now, data=data)
    else:
        _pick_anew(row, leg, by=by, now=now, data=data)
    tell.about_ruling("overturned", row, leg, by=by, now=now)


def _reopen(row: Handoff, leg: Leg, *, by: User, now: datetime, data: dict[str, Any]) -> None:
    """The leg goes on as accepted. Its turn stays spent, and it counts as load again."""
    reopened = Leg.objects.filter(pk=leg.pk, ended_at__isnull=False).update(
        ended_at=None, ended_as="", accepted_at=now
    )
    if reopened != 1:
        raise HandoffNotRejected(what_happened_last(row, now=now), current=current_state(row))
    leg.refresh_from_db(fields=["ended_at", "ended_as", "accepted_at"])
    reopen_own_contact(row, leg, reason=CLOSED_MEANWHILE, by=by, now=now)
    start_accepted(row, leg, now=now)
    transferred = transfer_to(
        row, to_id=leg.receiver.pk, reason=TransferReason.OVERTURNED, by=by, now=now
    )
    changes = {
        **transferred,
        **acceptance(row, leg, now=now, starts_freeze=True),
        "reason": "",
        "next_due_at": earliest_due(row),
    }
    apply_change(row, event=EventKind.OVERTURNED, by=by, now=now, changes=changes, data=data)
    if leg.contacted_at is None:
        occupy(turn=leg.turn, now=now)


def _pick_anew(row: Handoff, leg: Leg, *, by: User, now: datetime, data: dict[str, Any]) -> None:
    rule = match_rule(facts_of(row))
    if rule is None:
        raise NotSetUp("No routing rule says who gets this lead. Ask your admin to publish one.")
    lock_pools([leg.turn.pool_id, rule.pool_id])
    place(row, Placing(ANEW, by=by, now=now, changes={"reason": ""}, data=data), rule=rule)


def _rejected(row: Handoff, *, now: datetime) -> Leg:
    leg = rejected_leg(row)
    if leg is None:
        raise HandoffNotRejected(what_happened_last(row, now=now), current=current_state(row))
    return leg


def _refuse_second(row: Handoff, leg: Leg, *, now: datetime) -> None:
    before = Contest.objects.filter(leg=leg).select_related("by", "ruled_by").first()
    if before is None:
        return
    if before.ruled_by is not None and before.ruled_at is not None:
        when = clock_time(before.ruled_at, now=now)
        message = (
            f"{before.ruled_by.name} upheld this rejection {when}, and a ruling is final. "
            "Fix it or concede. Nothing was changed."
        )
    else:
        message = (
            f"{before.by.name} contested it {clock_time(before.at, now=now)}. "
            "Wait for the ruling of a manager. Nothing was changed."
        )
    raise RejectionContested(message, current=current_state(row))


def _refuse(problems: list[FieldProblem]) -> None:
    if problems:
        raise ContestRefused(problems[0].message, problems=problems)
