"""The submitter's answer to a rejection, and taking a handoff back."""

import uuid
from datetime import datetime

from django.db import transaction

from accounts.models import User
from accounts.rules.policy import Action
from core.errors import FieldProblem
from handoff.choices import ClosedAs, EventKind, LegEnd, Status
from handoff.errors import AnswersRefused, RejectionContested
from handoff.models import Contest, Handoff, Leg
from handoff.rules.form import Form
from handoff.rules.gate import completeness, meeting_time
from handoff.rules.transitions import CLOSED_AS, Step
from handoff.rules.values import read_answer
from handoff.selectors.access import submitters_side
from handoff.selectors.story import clock_time, current_state
from handoff.services import tell
from handoff.services.change import append_event, close_row, hold_people, open_for
from handoff.services.clocks import earliest_due, start_hand_off, stop_clocks
from handoff.services.decide import end_leg, free
from routing.services import give_back


def start_fix(handoff: Handoff, *, by: User, now: datetime, version: int | None = None) -> Handoff:
    """The draft that answers a rejection, with all answers carried over; one per rejection.

    The rejected handoff stays as it is until the draft is handed off. Asking again gives the
    same draft.

    Raises:
        Conflict: the handoff is not rejected any more, or changed since ``version``.
    """
    with transaction.atomic():
        hold_people(handoff.pk)
        row = open_for(
            handoff.pk,
            step=Step.SUPERSEDE,
            action=Action.HANDOFF_FIX,
            by=by,
            now=now,
            version=version,
        )
        refuse_while_contested(row, now=now)
        begun = Handoff.objects.filter(previous_id=row.pk, status=Status.DRAFT).first()
        if begun is not None:
            return begun
        return next_draft(row, to=submitters_side(row), by=by, now=now)


def next_draft(
    row: Handoff, *, to: User, by: User | None, now: datetime, starts_clock: bool = False
) -> Handoff:
    """The chain's next draft, with all answers that the type's present form still asks for.

    What it asks no more, or in another way, stays with ``row``, and the draft's first event names
    it. The submitter's clock runs on a rejected handoff itself; a returned one is closed, so its
    next draft has it.
    """
    form_version = row.type.current_form or row.form_version
    form = Form.from_layout(form_version.layout)
    answers = {key: value for key, value in row.answers.items() if _is_asked(form, key, value)}
    left_out = sorted(row.answers.keys() - answers.keys())
    draft = Handoff.objects.create(
        lead_id=row.lead_id,
        type_id=row.type_id,
        form_version=form_version,
        temperature=row.temperature,
        answers=answers,
        completeness=completeness(form, answers),
        meeting_at=meeting_time(form, answers),
        submitted_by=to,
        owner=to,
        chain_id=row.chain_id,
        previous_id=row.pk,
        submission_uuid=uuid.uuid4(),
    )
    if starts_clock:
        start_hand_off(draft, started_at=now, now=now)
        draft.next_due_at = earliest_due(draft)
        Handoff.objects.filter(pk=draft.pk).update(next_due_at=draft.next_due_at)
    stored = {
        "status": draft.status,
        "next_due_at": draft.next_due_at.isoformat() if draft.next_due_at else None,
        "owner_id": draft.owner_id,
        "chain_id": draft.chain_id,
        "previous_id": row.pk,
        "temperature": draft.temperature,
        "completeness": draft.completeness,
        "meeting_at": draft.meeting_at.isoformat() if draft.meeting_at else None,
    }
    data = {"set": stored, **({"left_out": left_out} if left_out else {})}
    append_event(draft, kind=EventKind.DRAFTED, by=by, now=now, data=data)
    return draft


def _is_asked(form: Form, key: str, value: object) -> bool:
    """Whether the form has the field and could have stored the answer."""
    field = form.get(key)
    return field is not None and read_answer(field, value)[1] is None


def rejected_leg(row: Handoff) -> Leg | None:
    """The leg of the rejection that the submitter has to answer."""
    return (
        Leg.objects.select_related("turn__rule", "receiver")
        .filter(handoff_id=row.pk, ended_as=LegEnd.REJECTED)
        .order_by("-pk")
        .first()
    )


def refuse_while_contested(row: Handoff, *, now: datetime) -> None:
    """Nothing is done about a rejection until the ruling on its contest.

    Raises:
        RejectionContested: a manager has yet to rule.
    """
    waiting = Contest.objects.filter(leg__handoff_id=row.pk, ruled_at=None).first()
    if waiting is not None:
        message = (
            f"{waiting.by.name} contested this rejection {clock_time(waiting.at, now=now)}. "
            "Wait for the ruling of a manager. Nothing was changed."
        )
        raise RejectionContested(message, current=current_state(row))


def discard_fixes(row: Handoff, *, by: User, now: datetime) -> None:
    """Withdraw the fix that was begun of a rejection that is settled in another way."""
    drafts = Handoff.objects.filter(previous_id=row.pk, status=Status.DRAFT)
    for draft in drafts.select_for_update().order_by("pk"):
        close_row(draft, EventKind.WITHDRAWN, ClosedAs.WITHDRAWN, by=by, now=now)


def concede_handoff(
    handoff: Handoff,
    *,
    by: User,
    now: datetime,
    to: str = ClosedAs.CONCEDED,
    version: int | None = None,
) -> Handoff:
    """Accept the rejection: the handoff closes, as conceded or back to nurture.

    The receiver's turn is given back, and a fix that was begun is discarded.

    Raises:
        AnswersRefused: ``to`` is neither of the two.
        Conflict: the handoff is not rejected any more, or changed since ``version``.
    """
    with transaction.atomic():
        row = open_for(
            handoff.pk,
            step=Step.CONCEDE,
            action=Action.HANDOFF_CONCEDE,
            by=by,
            now=now,
            version=version,
        )
        if to not in CLOSED_AS[Step.CONCEDE]:
            message = "Choose what becomes of the lead: conceded or nurture."
            raise AnswersRefused(message, problems=[FieldProblem("to", "invalid_choice", message)])
        refuse_while_contested(row, now=now)
        discard_fixes(row, by=by, now=now)
        stop_clocks(row, step=Step.CONCEDE, now=now)
        close_row(row, EventKind.CONCEDED, ClosedAs(to), by=by, now=now)
        leg = rejected_leg(row)
        if leg is not None:
            give_back(turn=leg.turn, reason="conceded", now=now)
        return row


def withdraw_handoff(
    handoff: Handoff, *, by: User, now: datetime, version: int | None = None
) -> Handoff:
    """Take a draft, held or pending handoff back; a draft is thereby discarded.

    Raises:
        HandoffNotOpen: it has been accepted, rejected or closed; the message says by whom.
    """
    with transaction.atomic():
        row = open_for(
            handoff.pk,
            step=Step.WITHDRAW,
            action=Action.HANDOFF_WITHDRAW,
            by=by,
            now=now,
            version=version,
        )
        was_pending = row.status == Status.PENDING
        leg = None
        stop_clocks(row, step=Step.WITHDRAW, now=now)
        if was_pending:
            leg = Leg.objects.select_related("receiver", "turn").get(
                handoff_id=row.pk, ended_at=None
            )
            end_leg(row, leg, ended_as=LegEnd.WITHDRAWN, now=now)
        close_row(row, EventKind.WITHDRAWN, ClosedAs.WITHDRAWN, by=by, now=now)
        if leg is not None:
            tell.receiver_withdrawn(row, leg, now=now)
            free(leg, now=now)
        return row
