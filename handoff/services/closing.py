"""The ends of a handoff: won over, ruled out, put off, returned, or one with another."""

from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.db import transaction

from accounts.models import User
from accounts.rules.policy import Action
from core.errors import FieldProblem
from handoff.choices import (
    ClosedAs,
    DealOutcome,
    DisqualifyReason,
    EventKind,
    LegEnd,
    Status,
    TransferReason,
)
from handoff.errors import ClosingRefused, HandoffNotConverted
from handoff.models import Handoff, Leg
from handoff.rules.kinds import CURRENCIES
from handoff.rules.transitions import Step
from handoff.selectors.access import submitters_side
from handoff.selectors.story import current_state, what_happened_last
from handoff.services import tell
from handoff.services.after import next_draft
from handoff.services.change import (
    apply_change,
    close_row,
    hold_people,
    open_for,
    open_in,
    transfer_to,
)
from handoff.services.clocks import stop_clocks
from handoff.services.companies import adopt_company
from handoff.services.decide import end_leg, free, live_leg, note_problems
from handoff.services.touches import converted_touch

MOST_VALUE = Decimal("999999999999.99")
_CENT = Decimal("0.01")


def convert_handoff(
    handoff: Handoff,
    *,
    value: Decimal | None = None,
    currency: str = "",
    by: User,
    now: datetime,
    version: int | None = None,
) -> Handoff:
    """Close an accepted handoff as an opportunity, which counts as contact where none was logged.

    Where nobody looks after the company yet, the receiver does from now on.

    Raises:
        ClosingRefused: the value or its currency cannot be.
        HandoffNotAccepted, StaleVersion: somebody was first; the message says who and when.
        NotPermitted, NotVisible: it is not this person's to convert.
    """
    with transaction.atomic():
        row = open_for(
            handoff.pk,
            step=Step.CONVERT,
            action=Action.HANDOFF_CONVERT,
            by=by,
            now=now,
            version=version,
        )
        _refuse(_value_problems(value, currency))
        leg = live_leg(row, now=now)
        stop_clocks(row, step=Step.CONVERT, now=now)
        contact = {} if row.first_contact_at else converted_touch(row, leg, by=by, now=now)
        end_leg(row, leg, ended_as=LegEnd.CLOSED, now=now)
        adopted = adopt_company(row, leg.receiver_id, by=by, now=now)
        close_row(
            row,
            EventKind.CONVERTED,
            ClosedAs.CONVERTED,
            by=by,
            now=now,
            changes={**contact, **_worth(value, currency)},
            data={"leg": leg.pk, **({"company_owner": leg.receiver_id} if adopted else {})},
        )
        tell.about_closing("converted", row, leg, by=by, now=now)
        free(leg, now=now)
        return row


def record_outcome(
    handoff: Handoff,
    *,
    outcome: str,
    note: str = "",
    value: Decimal | None = None,
    currency: str = "",
    by: User,
    now: datetime,
    version: int | None = None,
) -> Handoff:
    """Say what became of a converted handoff: won or lost, and why. It may be corrected.

    Without ``value`` the one from before stays.

    Raises:
        ClosingRefused: no such outcome, or something else cannot be kept.
        HandoffNotConverted, StaleVersion, NotPermitted, NotVisible: as for converting.
    """
    with transaction.atomic():
        row = open_in(
            handoff.pk,
            states=frozenset({Status.CLOSED.value}),
            otherwise=HandoffNotConverted,
            action=Action.HANDOFF_OUTCOME,
            by=by,
            now=now,
            version=version,
        )
        if row.closed_as != ClosedAs.CONVERTED:
            raise HandoffNotConverted(what_happened_last(row, now=now), current=current_state(row))
        problems = _value_problems(value, currency) + note_problems(note)
        if outcome not in DealOutcome.values:
            message = f"Choose one of: {', '.join(DealOutcome.values)}."
            problems.insert(0, FieldProblem("outcome", "invalid_choice", message))
        _refuse(problems)
        event = apply_change(
            row,
            event=EventKind.OUTCOME_RECORDED,
            by=by,
            now=now,
            changes={
                "deal_outcome": outcome,
                "deal_note": note.strip(),
                **_worth(value, currency),
            },
        )
        tell.submitter_outcome(row, by=by, seq=event.seq, now=now)
        return row


def disqualify_handoff(
    handoff: Handoff,
    *,
    reason: str,
    note: str = "",
    by: User,
    now: datetime,
    version: int | None = None,
) -> Handoff:
    """Close a held, pending or accepted handoff for a lead that will not buy.

    Raises:
        ClosingRefused: no such reason, or the note cannot be kept.
        HandoffNotOpen, StaleVersion, NotPermitted, NotVisible: as for converting.
    """
    with transaction.atomic():
        row = open_for(
            handoff.pk,
            step=Step.DISQUALIFY,
            action=Action.HANDOFF_DISQUALIFY,
            by=by,
            now=now,
            version=version,
        )
        problems = note_problems(note)
        if reason not in DisqualifyReason.values:
            message = f"Choose one of: {', '.join(DisqualifyReason.values)}."
            problems.insert(0, FieldProblem("reason", "invalid_choice", message))
        _refuse(problems)
        leg = end_live_leg(row, Step.DISQUALIFY, LegEnd.CLOSED, note=note, now=now)
        close_row(
            row,
            EventKind.DISQUALIFIED,
            ClosedAs.DISQUALIFIED,
            by=by,
            now=now,
            changes={"disqualified_for": reason},
            data={"leg": leg.pk if leg else None},
        )
        tell.about_closing("disqualified", row, leg, by=by, now=now)
        free(leg, now=now)
        return row


def nurture_handoff(
    handoff: Handoff, *, note: str = "", by: User, now: datetime, version: int | None = None
) -> Handoff:
    """Close a held, pending or accepted handoff for a lead that is not ready yet.

    Raises:
        ClosingRefused: the note cannot be kept.
        HandoffNotOpen, StaleVersion, NotPermitted, NotVisible: as for converting.
    """
    with transaction.atomic():
        row = open_for(
            handoff.pk,
            step=Step.NURTURE,
            action=Action.HANDOFF_NURTURE,
            by=by,
            now=now,
            version=version,
        )
        _refuse(note_problems(note))
        nurture_row(row, note=note, by=by, now=now)
        return row


def nurture_row(
    row: Handoff,
    *,
    note: str,
    by: User | None,
    now: datetime,
    escalation_id: int | None = None,
) -> Leg | None:
    """Close a handoff that the caller has locked and found open; the leg that it ended.

    ``by`` is None where the product does it.
    """
    leg = end_live_leg(row, Step.NURTURE, LegEnd.CLOSED, note=note, now=now)
    close_row(
        row,
        EventKind.NURTURED,
        ClosedAs.NURTURE,
        by=by,
        now=now,
        data={"leg": leg.pk if leg else None},
        escalation_id=escalation_id,
    )
    tell.about_closing("nurtured", row, leg, by=by, now=now)
    free(leg, now=now)
    return leg


def return_handoff(
    handoff: Handoff, *, note: str, by: User, now: datetime, version: int | None = None
) -> Handoff:
    """Give the lead back to its submitter; returns the chain's next draft, opened for them.

    Raises:
        ClosingRefused: the note is missing or cannot be kept.
        HandoffNotOpen, StaleVersion, NotPermitted, NotVisible: as for converting.
    """
    with transaction.atomic():
        hold_people(handoff.pk)
        row = open_for(
            handoff.pk,
            step=Step.RETURN,
            action=Action.HANDOFF_RETURN,
            by=by,
            now=now,
            version=version,
        )
        problems = note_problems(note)
        if not note.strip():
            message = "Say why it goes back, so that the submitter knows what to do."
            problems = [FieldProblem("note", "required", message)]
        _refuse(problems)
        return return_row(row, note=note, by=by, now=now)


def return_row(
    row: Handoff,
    *,
    note: str,
    by: User | None,
    now: datetime,
    escalation_id: int | None = None,
) -> Handoff:
    """Return a handoff that the caller has locked and found open; the chain's next draft.

    ``by`` is None where the product does it. The caller holds the people, and no pool or load.
    """
    leg = end_live_leg(row, Step.RETURN, LegEnd.RETURNED, note=note, now=now)
    home = submitters_side(row)
    transferred = transfer_to(
        row, to_id=home.pk, reason=TransferReason.RETURNED, by=by, now=now, note=note.strip()
    )
    draft = next_draft(row, to=home, by=by, now=now, starts_clock=True)
    close_row(
        row,
        EventKind.RETURNED,
        ClosedAs.RETURNED,
        by=by,
        now=now,
        changes=transferred,
        data={"leg": leg.pk if leg else None, "next": draft.pk},
        escalation_id=escalation_id,
    )
    tell.about_return(row, draft, leg, by=by, now=now)
    free(leg, now=now)
    return draft


def end_live_leg(
    row: Handoff, step: Step, ended_as: LegEnd, *, note: str, now: datetime
) -> Leg | None:
    """Stop the clocks and the live leg; a held handoff has none."""
    stop_clocks(row, step=step, now=now)
    if row.status == Status.HOLDING:
        return None
    leg = live_leg(row, now=now)
    end_leg(row, leg, ended_as=ended_as, now=now, note=note)
    return leg


def _worth(value: Decimal | None, currency: str) -> dict[str, Any]:
    if value is None:
        return {}
    return {"value": value.quantize(_CENT, rounding=ROUND_HALF_UP), "currency": currency}


def _value_problems(value: Decimal | None, currency: str) -> list[FieldProblem]:
    if value is None:
        return []
    if not value.is_finite() or not 0 <= value <= MOST_VALUE:
        message = f"Enter an amount from 0 to {MOST_VALUE:,}, or leave it empty."
        return [FieldProblem("value", "out_of_range", message)]
    if currency not in CURRENCIES:
        message = f"Choose the currency: {', '.join(CURRENCIES)}."
        return [FieldProblem("currency", "invalid_choice", message)]
    return []


def _refuse(problems: list[FieldProblem]) -> None:
    if problems:
        raise ClosingRefused(problems[0].message, problems=problems)
