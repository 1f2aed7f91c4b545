"""Drafts: begin one, and keep what was typed."""

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max

from accounts.models import User
from accounts.rules.policy import Action, allows
from core.errors import FieldProblem, NotPermitted, NotVisible
from handoff.choices import EventKind, Temperature
from handoff.errors import AnswersRefused, TemperatureLowered, TypeNotOffered
from handoff.models import Event, FormVersion, Handoff, HandoffType, Lead
from handoff.rules.form import Form
from handoff.rules.gate import asked_answers, completeness, meeting_time, read_answers
from handoff.rules.qualified import hand_off_start
from handoff.rules.transitions import Step, may_set_temperature
from handoff.rules.values import is_empty
from handoff.selectors.access import types_for
from handoff.services.change import append_event, apply_change, open_for
from handoff.services.clocks import earliest_due, retime_hand_off, start_hand_off
from handoff.services.leads import (
    answers_of_lead,
    find_or_make_lead,
    name_in,
    surviving_lead,
)


def create_draft(
    *,
    type: HandoffType,
    answers: Mapping[str, Any],
    by: User,
    now: datetime,
    lead: Lead | None = None,
    temperature: str | None = None,
    submission_uuid: uuid.UUID | None = None,
    form_version: FormVersion | None = None,
) -> Handoff:
    """Begin a handoff of a lead; without a lead, the answers name the contact and company.

    The same ``submission_uuid`` by the same person gives the same draft, so that a form sent
    twice makes one. ``form_version`` is the one that the person saw, where another has been
    published since: what they typed is kept with the questions that they answered.

    Raises:
        NotPermitted, TypeNotOffered: the person may not hand off, or not this type.
        NotVisible: the lead is not theirs to see.
        AnswersRefused: an answer cannot be stored, or neither lead nor name was given.
        TemperatureLowered: it is cooler than the lead's, and the person no manager.
    """
    if not allows(by.roles, Action.HANDOFF_CREATE, frozenset()):
        raise NotPermitted("Only submitters hand leads over.")
    offered = {offer.pk: offer for offer in types_for(by)}
    if type.pk not in offered or type.current_form is None:
        raise TypeNotOffered(f"Your groups do not hand off \u201c{type.name}\u201d.")
    if form_version is None or form_version.type_id != type.pk:
        form_version = type.current_form
    form = Form.from_layout(form_version.layout)
    clean = _readable(form, answers)
    key = submission_uuid or uuid.uuid4()
    try:
        with transaction.atomic():
            _hold_author(by)
            again = next(iter(Handoff.objects.filter(submission_uuid=key).order_by()), None)
            if again is None:
                lead = _lead_for(lead, form=form, answers=clean, by=by)
                warmth = _temperature(lead, temperature, by=by)
                return _insert(form_version, form, lead, clean, warmth, by=by, now=now, key=key)
    except IntegrityError:
        # The same form sent twice at once: the other request has made the draft by now.
        again = Handoff.objects.filter(submission_uuid=key).first()
        if again is None:
            raise
    if again.submitted_by_id != by.pk:
        raise NotVisible("There is no such handoff.")
    return again


def _hold_author(by: User) -> None:
    """Nobody who leaves in this instant begins a draft: it would stay with them."""
    active = User.objects.select_for_update(no_key=True).filter(pk=by.pk, is_active=True)
    if not list(active.values_list("pk")):
        raise NotPermitted("Only submitters hand leads over.")


def _insert(
    form_version: FormVersion,
    form: Form,
    lead: Lead,
    answers: dict[str, Any],
    temperature: str,
    *,
    by: User,
    now: datetime,
    key: uuid.UUID,
) -> Handoff:
    known = answers_of_lead(lead, form)
    filled_in = sorted(known.keys() - answers.keys())
    answers = {**known, **answers}
    row = Handoff.objects.create(
        lead=lead,
        type_id=form_version.type_id,
        form_version=form_version,
        temperature=temperature,
        submitted_by=by,
        owner=by,
        submission_uuid=key,
        **_kept(form, answers),
    )
    # The first of a chain points at itself, and its id is known only now.
    Handoff.objects.filter(pk=row.pk).update(chain_id=row.pk)
    row.chain_id = row.pk
    if lead.claimed_by_id is None:
        Lead.objects.filter(pk=lead.pk, claimed_by__isnull=True).update(claimed_by=by)
    start_hand_off(row, started_at=_qualified_at(lead, now=now), now=now)
    row.next_due_at = earliest_due(row)
    Handoff.objects.filter(pk=row.pk).update(next_due_at=row.next_due_at)
    stored = {
        "status": row.status,
        "next_due_at": row.next_due_at.isoformat() if row.next_due_at else None,
        "owner_id": by.pk,
        "chain_id": row.pk,
        "temperature": temperature,
        "completeness": row.completeness,
        "meeting_at": row.meeting_at.isoformat() if row.meeting_at else None,
    }
    data = {"set": stored, **({"filled_in": filled_in} if filled_in else {})}
    append_event(row, kind=EventKind.DRAFTED, by=by, now=now, data=data)
    return row


def _drafted_at(row: Handoff) -> datetime:
    """When the draft was begun, which its first event knows."""
    return Event.objects.filter(handoff_id=row.pk).order_by("seq").values_list("at", flat=True)[0]


def _qualified_at(lead: Lead, *, now: datetime) -> datetime:
    """From when the submitter's time to hand off counts."""
    last = lead.handoffs.aggregate(last=Max("submitted_at"))["last"]
    return hand_off_start(lead.qualified_at, drafted_at=now, last_submitted_at=last)


def save_draft(
    handoff: Handoff,
    *,
    answers: Mapping[str, Any],
    by: User,
    now: datetime,
    temperature: str | None = None,
    version: int | None = None,
) -> Handoff:
    """Keep the answers of a draft as typed; the gate is asked at submission only.

    ``answers`` replaces all answers. Saving what is stored already changes nothing.

    Raises:
        AnswersRefused: an answer cannot be stored; the draft is as it was.
        TemperatureLowered: it is cooler than before, and the person no manager.
        Conflict: it is no draft any more, or changed elsewhere since ``version``.
    """
    with transaction.atomic():
        row = open_for(
            handoff.pk,
            step=Step.SUBMIT,
            action=Action.HANDOFF_EDIT,
            by=by,
            now=now,
            version=version,
        )
        form = Form.from_layout(row.form_version.layout)
        clean = _readable(form, answers)
        warmth = _temperature(row.lead, temperature or row.temperature, by=by)
        if clean == row.answers and warmth == row.temperature:
            return row
        touched = sorted(
            key for key in {*clean, *row.answers} if clean.get(key) != row.answers.get(key)
        )
        changes = {**_kept(form, clean), "temperature": warmth}
        row.temperature, row.meeting_at = warmth, changes["meeting_at"]
        retime_hand_off(row, drafted_at=_drafted_at(row), now=now)
        apply_change(
            row,
            event=EventKind.EDITED,
            by=by,
            now=now,
            changes={**changes, "next_due_at": earliest_due(row)},
            data={"fields": touched},
        )
        return row


def _kept(form: Form, answers: dict[str, Any]) -> dict[str, Any]:
    """The columns that follow from the answers."""
    return {
        "answers": answers,
        "completeness": completeness(form, answers),
        "meeting_at": meeting_time(form, answers),
    }


def frozen(form: Form, answers: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of a handoff that is submitted with these answers.

    What the form does not ask in view of the others is dropped: it was never part of the story.
    """
    return _kept(form, asked_answers(form, answers))


def _readable(form: Form, answers: Mapping[str, Any]) -> dict[str, Any]:
    clean, problems = read_answers(form, answers)
    if problems:
        raise AnswersRefused(
            f"{len(problems)} of the answers cannot be kept as typed.", problems=problems
        )
    return clean


def _lead_for(lead: Lead | None, *, form: Form, answers: dict[str, Any], by: User) -> Lead:
    if lead is not None:
        found = Lead.objects.for_user(by).filter(pk=lead.pk).first()
        if found is None:
            raise NotVisible("There is no such lead.")
        return surviving_lead(found, by=by)
    problems = [
        FieldProblem(key, "required", message)
        for key, message in (
            ("contact.last_name", "Name the contact, so that the draft can be found again."),
            ("company.name", "Name the company, so that the draft can be found again."),
        )
        if form.get(key) is not None and is_empty(name_in(answers.get(key)))
    ]
    if problems:
        raise AnswersRefused("A draft needs a contact and a company.", problems=problems)
    return find_or_make_lead(answers, form, by=by)


def _temperature(lead: Lead, wanted: str | None, *, by: User) -> str:
    if wanted is None:
        return lead.temperature
    if wanted not in Temperature.values:
        message = f"Choose one of: {', '.join(Temperature.values)}."
        raise AnswersRefused(
            message, problems=[FieldProblem("temperature", "invalid_choice", message)]
        )
    if not _may_set(lead, wanted, by=by):
        message = (
            f"This lead is {lead.temperature}. You can raise it; ask your manager to lower it."
        )
        raise TemperatureLowered(
            message, problems=[FieldProblem("temperature", "temperature_lowered", message)]
        )
    return wanted


def settled_temperature(row: Handoff, *, by: User) -> str:
    """The draft's temperature, or the lead's where that was raised meanwhile.

    Whoever may lower the lead's hands it off as the draft says.
    """
    return row.temperature if _may_set(row.lead, row.temperature, by=by) else row.lead.temperature


def _may_set(lead: Lead, wanted: str, *, by: User) -> bool:
    """Raised by anybody; lowered by managers, and by who is just writing the lead down."""
    before = lead.temperature
    if may_set_temperature(before, wanted, is_manager=by.is_manager or by.is_admin):
        return True
    return not _is_known_elsewhere(lead)


def _is_known_elsewhere(lead: Lead) -> bool:
    """Whether the lead's temperature is more than what its submitter is just writing down."""
    return bool(lead.external_id) or lead.handoffs.filter(submitted_at__isnull=False).exists()
