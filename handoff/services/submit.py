"""Handing off: the gate, then the router, then the clock, in one transaction."""

from datetime import date, datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import BigIntegerField, Q, QuerySet

from accounts.models import User
from accounts.rules.policy import Action
from accounts.selectors import zone_for
from core.prepared import PreparedRead
from handoff.choices import ClosedAs, EventKind, Status
from handoff.errors import AlreadyOpen, GateRefused, NotSetUp
from handoff.models import Handoff, Leg
from handoff.models.handoff import SUBMITTED_OPEN
from handoff.rules.form import Form
from handoff.rules.gate import gate_problems
from handoff.rules.transitions import Step
from handoff.selectors.facts import facts_of
from handoff.selectors.meetings import introduced_receiver
from handoff.selectors.merged import survivors_of
from handoff.selectors.story import current_state
from handoff.services.after import refuse_while_contested, rejected_leg
from handoff.services.change import append_event, close_row, lock_handoff, open_for
from handoff.services.clocks import stop_clocks
from handoff.services.drafts import frozen, settled_temperature
from handoff.services.leads import known_lead, take_lead, write_through
from handoff.services.meetings import hand_over
from handoff.services.placement import SUBMITTED, Placing, place
from handoff.services.touches import introduced_touch
from routing.choices import TurnKind
from routing.selectors import match_rule
from routing.services import Firsts, give_back, lock_pools


def submit_handoff(
    handoff: Handoff, *, by: User, now: datetime, version: int | None = None
) -> Handoff:
    """Hand a draft off: afterwards a receiver has it and a clock runs, or the pool holds it.

    A fix of a rejected handoff closes that one as superseded, gives its receiver the turn back
    and goes to the same receiver, when eligible; after them whoever was introduced to the buyer
    live, and then whom the rule names goes first.

    Raises:
        GateRefused: answers are missing; ``problems`` names each. The refusal is kept as an
            event, nothing else changes.
        AlreadyOpen: the lead has another open handoff of this type.
        Conflict: it is no draft any more, or changed since ``version``.
        NotSetUp: there is no routing rule or calendar to work with.
    """
    try:
        with transaction.atomic():
            return _submit(handoff.pk, handoff.previous_id, by=by, now=now, version=version)
    except GateRefused as refusal:
        _record_refusal(handoff.pk, refusal, by=by, now=now)
        raise
    except IntegrityError as error:
        if "one_open" not in str(error) and "lead_id" not in str(error):
            raise
        # Two drafts of one lead handed off in the same instant: the constraint let one through.
        message = "Somebody handed this lead off a moment ago. Nothing was changed."
        raise AlreadyOpen(message) from error


def _submit(
    pk: int, previous_id: int | None, *, by: User, now: datetime, version: int | None
) -> Handoff:
    """``previous_id`` is the draft's for good, so that it may have been read before the lock."""
    # Handoffs are locked in the order of their ids, and the previous one is the older.
    previous = lock_handoff(previous_id) if previous_id else None
    row = open_for(
        pk,
        step=Step.SUBMIT,
        action=Action.HANDOFF_SUBMIT,
        by=by,
        now=now,
        version=version,
        along=("form_version", "lead__company"),
    )
    form = Form.from_layout(row.form_version.layout)
    rejected = _answered_leg(previous)
    _gate(row, form, rejected, today=now.astimezone(zone_for(by)).date(), now=now)
    settled = _settle(row, form, by=by)
    _refuse_second(row)
    write_through(row.lead, form, row.answers, by=by, temperature=row.temperature)
    rule = match_rule(facts_of(row))
    if rule is None:
        raise NotSetUp("No routing rule says who gets this lead. Ask your admin to publish one.")
    if previous is not None and previous.closed_as != ClosedAs.RETURNED:
        _supersede(previous, by=by, now=now)
    stop_clocks(row, step=Step.SUBMIT, now=now)
    hand_over(row, by=by, now=now)
    met = introduced_receiver(row)
    if rejected is not None:
        lock_pools([rejected.turn.pool_id, rule.pool_id])
    step = Placing(
        SUBMITTED,
        by=by,
        now=now,
        changes={"submitted_at": now, **settled, **frozen(form, row.answers)},
        data={"previous": previous_id} if previous_id else None,
    )
    leg = place(row, step, rule=rule, firsts=_firsts(rejected, met))
    if leg is not None and leg.receiver_id == met:
        introduced_touch(row, leg, by=by, now=now)
    if rejected is not None:
        give_back(turn=rejected.turn, reason="fixed", now=now)
    return row


def _firsts(rejected: Leg | None, met: int | None) -> Firsts:
    """Whoever rejected it gets the fix back; else whoever was introduced to the buyer live."""
    found = []
    if rejected is not None:
        found.append((rejected.receiver_id, TurnKind.RETURNING))
    if met is not None:
        found.append((met, TurnKind.INTRODUCED))
    return tuple(found)


def _answered_leg(previous: Handoff | None) -> Leg | None:
    """The leg whose rejection is being fixed; none for a lead that was returned."""
    if previous is None or previous.status != Status.REJECTED:
        return None
    return rejected_leg(previous)


def _gate(row: Handoff, form: Form, rejected: Leg | None, *, today: date, now: datetime) -> None:
    marked = rejected.rejected_fields if rejected else ()
    problems = gate_problems(form, row.answers, marked=marked, today=today, now=now)
    if problems:
        count = len(problems)
        message = "1 field is not ready." if count == 1 else f"{count} fields are not ready."
        raise GateRefused(message, problems=problems)


def _settle(row: Handoff, form: Form, *, by: User) -> dict[str, Any]:
    """Whose it is and how warm, as known by now: the columns that this changes."""
    settled: dict[str, Any] = {}
    known = known_lead(row, form, by=by)
    if known is not None:
        take_lead(row, known)
        settled["lead_id"] = known.pk
    warmth = settled_temperature(row, by=by)
    if warmth != row.temperature:
        row.temperature = settled["temperature"] = warmth
    return settled


def _refuse_second(row: Handoff) -> None:
    """One at a time of a lead and type, whichever of the leads that were merged it is of."""
    last = survivors_of([row.lead])[row.lead_id]
    mine = {row.pk, row.previous_id}
    same = _open_of_lead(lead=row.lead_id, last=last, kind=row.type_id)
    found = next((pk for (pk,) in same if pk not in mine), None)
    if found is not None:
        other = Handoff.objects.select_related("owner").get(pk=found)
        message = (
            f"Handoff {other.pk} of this lead is open, and {other.owner} has it. "
            "Nothing was changed."
        )
        raise AlreadyOpen(message, current=current_state(other))


def _open_of(lead: Any, last: Any, kind: Any) -> QuerySet[Handoff, Any]:
    same = Q(lead=lead) | Q(lead=last) | Q(lead__merged_into=last)
    rows = Handoff.objects.filter(same, type_id=kind, status__in=SUBMITTED_OPEN)
    return rows.order_by().values_list("pk")


_open_of_lead = PreparedRead(
    _open_of, lead=BigIntegerField(), last=BigIntegerField(), kind=BigIntegerField()
)


def _supersede(previous: Handoff, *, by: User, now: datetime) -> None:
    """Close the rejected handoff, so that the lead's next one may be open."""
    row = open_for(
        previous.pk, step=Step.SUPERSEDE, action=Action.HANDOFF_FIX, by=by, now=now, version=None
    )
    refuse_while_contested(row, now=now)
    stop_clocks(row, step=Step.SUPERSEDE, now=now)
    close_row(row, EventKind.SUPERSEDED, ClosedAs.SUPERSEDED, by=by, now=now)


def _record_refusal(pk: int, refusal: GateRefused, *, by: User, now: datetime) -> None:
    """The only thing that a refusal leaves: the gate's pass rate is counted from it."""
    with transaction.atomic():
        row = lock_handoff(pk)
        append_event(
            row,
            kind=EventKind.SUBMISSION_REFUSED,
            by=by,
            now=now,
            data={"problems": [[item.field, item.code] for item in refusal.problems]},
        )
