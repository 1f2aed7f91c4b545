"""Each constraint of the handoff tables refuses what it is there to refuse, whoever writes."""

import uuid
from datetime import timedelta

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, models, transaction
from django.db.models import ProtectedError

from handoff.models import Event, Field, FormVersion, Handoff, HandoffClock, Lead, Meeting
from handoff.services import (
    accept_handoff,
    apply_escalations,
    contest_rejection,
    convert_handoff,
    log_touch,
    reject_handoff,
    start_fix,
    submit_handoff,
)
from sla.services import fire_due_steps
from tests.factories.handoff import NOW, make_world

pytestmark = pytest.mark.django_db

CONSTRAINTS = {
    constraint.name: (model, constraint)
    for model in apps.get_app_config("handoff").get_models()
    for constraint in model._meta.constraints
}


@pytest.fixture
def world(db):
    return make_world()


def set_(row, **values):
    type(row).objects.filter(pk=row.pk).update(**values)


def add_copy(row, **values):
    """Insert a row that differs from this one in its id and the values only."""
    row = type(row).objects.get(pk=row.pk)
    row.pk = None
    row._state.adding = True
    for name, value in values.items():
        setattr(row, name, value)
    row.save(force_insert=True)
    return row


def rejected(world):
    handoff = world.submitted()
    return reject_handoff(handoff, reason="no_budget", by=handoff.owner, now=NOW)


def two_open_handoffs_of_one_lead(world):
    add_copy(world.submitted(), submission_uuid=uuid.uuid4())


def two_handoffs_after_the_same_one(world):
    draft = start_fix(rejected(world), by=world.sdr, now=NOW)
    fix = submit_handoff(draft, by=world.sdr, now=NOW)
    other_lead = world.submitted().lead
    closed = {"status": "closed", "closed_as": "withdrawn", "closed_at": NOW}
    add_copy(fix, submission_uuid=uuid.uuid4(), lead=other_lead, **closed)


def pending_without_a_time(world):
    set_(world.draft(), status="pending")


def pending_without_a_chain(world):
    set_(world.submitted(), chain=None)


def draft_with_a_time(world):
    set_(world.draft(), submitted_at=NOW)


def closed_without_an_outcome(world):
    set_(world.submitted(), status="closed", closed_at=NOW)


def closed_without_a_time(world):
    set_(world.submitted(), status="closed", closed_as="withdrawn")


def open_with_an_outcome(world):
    set_(world.submitted(), closed_as="withdrawn")


def open_with_a_closing_time(world):
    set_(world.submitted(), closed_at=NOW)


def accepted_without_its_seconds(world):
    set_(world.submitted(), first_accepted_at=NOW)


def rejected_without_a_reason(world):
    set_(rejected(world), reason="")


def two_live_legs(world):
    leg = world.submitted().legs.get()
    add_copy(leg, turn=add_copy(leg.turn, sequence=1_000))


def leg_ended_without_a_kind(world):
    set_(world.submitted().legs.get(), ended_at=NOW)


def leg_with_a_kind_and_no_end(world):
    set_(world.submitted().legs.get(), ended_as="withdrawn")


def leg_rejected_without_a_reason(world):
    set_(world.submitted().legs.get(), ended_at=NOW, ended_as="rejected")


def leg_in_conflict_without_a_reason(world):
    set_(world.submitted().legs.get(), ended_at=NOW, ended_as="conflict")


def two_current_clocks_of_one_kind(world):
    link = HandoffClock.objects.get(handoff=world.submitted(), kind="accept")
    other = HandoffClock.objects.get(handoff=world.submitted(), kind="accept")
    set_(other, handoff=link.handoff_id)


def two_events_with_one_number(world):
    add_copy(world.submitted().events.first())


def two_forms_with_one_number(world):
    add_copy(FormVersion.objects.first())


def two_companies_of_one_domain(world):
    company = world.submitted().lead.company
    set_(company, domain="nordwind.example")
    add_copy(company, domain="NordWind.example")


def two_leads_with_one_foreign_id(world):
    lead = world.submitted().lead
    set_(lead, external_id="17", source="crm")
    add_copy(lead, external_id="17", source="crm")


def custom_field_of_a_company(row):
    Field.objects.create(key="x", label="X", kind="text", target="company", is_custom=True)


def converted(world):
    handoff = world.submitted()
    handoff = accept_handoff(handoff, by=handoff.owner, now=NOW)
    return convert_handoff(handoff, by=handoff.owner, now=NOW)


def touched(world):
    handoff = world.submitted()
    return log_touch(handoff, kind="call", occurred_at=NOW, by=handoff.owner, now=NOW)


def contested(world):
    return contest_rejection(rejected(world), note="Not so", by=world.sdr, now=NOW)


def contact_seconds_without_a_contact(world):
    set_(world.submitted(), contact_seconds=1)


def value_without_a_currency(world):
    set_(converted(world), value=1)


def value_below_nothing(world):
    set_(converted(world), value=-1, currency="EUR")


def outcome_of_what_was_not_converted(world):
    set_(world.submitted(), deal_outcome="won")


def disqualified_without_a_reason(world):
    set_(world.submitted(), status="closed", closed_as="disqualified", closed_at=NOW)


def reason_of_what_was_not_disqualified(world):
    set_(converted(world), disqualified_for="no_need")


def touch_of_the_future(world):
    set_(touched(world), occurred_at=NOW + timedelta(seconds=1))


def automated_touch_that_counts(world):
    set_(touched(world), is_automated=True)


def half_a_ruling(world):
    set_(contested(world), ruled_at=NOW)


def lead_merged_into_itself(world):
    lead = world.submitted().lead
    set_(lead, merged_into=lead.pk)


def meeting(world, **values):
    row = world.submitted()
    full = {"handoff": row, "starts_at": NOW, "booked_by": world.sdr, "booked_at": NOW}
    return Meeting.objects.create(**full | values)


def two_meetings_at_one_time(world):
    first = meeting(world)
    Meeting.objects.create(handoff=first.handoff, starts_at=NOW, booked_by=world.sdr, booked_at=NOW)


def meeting_held_without_a_time(world):
    meeting(world, state="held")


def meeting_held_in_the_future(world):
    meeting(world, state="held", starts_at=NOW + timedelta(hours=1), settled_at=NOW)


VIOLATIONS = [
    ("handoff_handoff_one_open", two_open_handoffs_of_one_lead),
    ("handoff_handoff_one_next", two_handoffs_after_the_same_one),
    ("handoff_handoff_submitted_has_time", pending_without_a_time),
    ("handoff_handoff_submitted_has_time", pending_without_a_chain),
    ("handoff_handoff_draft_not_submitted", draft_with_a_time),
    ("handoff_handoff_closed_has_outcome", closed_without_an_outcome),
    ("handoff_handoff_closed_has_outcome", closed_without_a_time),
    ("handoff_handoff_closed_has_outcome", open_with_an_outcome),
    ("handoff_handoff_closed_has_outcome", open_with_a_closing_time),
    ("handoff_handoff_rejected_has_reason", rejected_without_a_reason),
    ("handoff_handoff_acceptance_is_whole", accepted_without_its_seconds),
    ("handoff_handoff_contact_is_whole", contact_seconds_without_a_contact),
    ("handoff_handoff_value_has_currency", value_without_a_currency),
    ("handoff_handoff_value_has_currency", value_below_nothing),
    ("handoff_handoff_outcome_of_converted", outcome_of_what_was_not_converted),
    ("handoff_handoff_disqualified_has_reason", disqualified_without_a_reason),
    ("handoff_handoff_disqualified_has_reason", reason_of_what_was_not_disqualified),
    ("handoff_leg_one_live", two_live_legs),
    ("handoff_leg_end_has_kind", leg_ended_without_a_kind),
    ("handoff_leg_end_has_kind", leg_with_a_kind_and_no_end),
    ("handoff_leg_rejected_has_reason", leg_rejected_without_a_reason),
    ("handoff_leg_rejected_has_reason", leg_in_conflict_without_a_reason),
    ("handoff_handoffclock_one_current", two_current_clocks_of_one_kind),
    ("handoff_event_sequence", two_events_with_one_number),
    ("handoff_formversion_number", two_forms_with_one_number),
    ("handoff_field_custom_is_of_handoff", custom_field_of_a_company),
    ("handoff_company_domain", two_companies_of_one_domain),
    ("handoff_touch_not_in_future", touch_of_the_future),
    ("handoff_touch_automated_never_counts", automated_touch_that_counts),
    ("handoff_contest_ruling_is_whole", half_a_ruling),
    ("handoff_meeting_once", two_meetings_at_one_time),
    ("handoff_meeting_settled_has_time", meeting_held_without_a_time),
    ("handoff_meeting_held_is_past", meeting_held_in_the_future),
    ("handoff_lead_not_merged_into_itself", lead_merged_into_itself),
    ("handoff_lead_external", two_leads_with_one_foreign_id),
]


@pytest.mark.parametrize(("name", "violation"), VIOLATIONS)
def test_constraint_refuses_what_it_forbids(world, name, violation):
    with pytest.raises(IntegrityError) as refusal, transaction.atomic():
        violation(world)
    assert words_of(name) in str(refusal.value)


def words_of(name):
    """What the database says; SQLite names the columns of a plain unique constraint instead."""
    model, constraint = CONSTRAINTS[name]
    if connection.vendor == "sqlite" and isinstance(constraint, models.UniqueConstraint):
        columns = [model._meta.get_field(field).column for field in constraint.fields]
        return ", ".join(f"{model._meta.db_table}.{column}" for column in columns) or name
    return name


def test_every_constraint_has_a_violation():
    assert {name for name, _ in VIOLATIONS} == set(CONSTRAINTS)


def test_one_clock_leg_event_and_handoff_for_each_thing_they_belong_to(world):
    handoff, other = world.submitted(), world.submitted()
    late = handoff.next_due_at.replace(year=2027)
    while fire_due_steps(late):
        pass
    apply_escalations(late)
    breached = Event.objects.filter(handoff=handoff, kind="breached").first()
    leg, link = handoff.legs.first(), handoff.clocks.filter(kind="accept").first()

    refused(lambda: add_copy(breached, seq=1_000))
    refused(lambda: set_(other.legs.first(), turn=leg.turn_id))
    refused(lambda: add_copy(link, is_current=False))
    refused(lambda: add_copy(contested(world)))
    refused(lambda: set_(other, submission_uuid=handoff.submission_uuid))


def refused(action):
    with pytest.raises(IntegrityError), transaction.atomic():
        action()


@pytest.mark.parametrize("column", ["owner_id", "submitted_by_id", "lead_id", "type_id"])
def test_handoff_is_never_without_its_people_and_lead(world, column):
    draft = world.draft()
    refused(lambda: set_(draft, **{column: None}))


def test_people_leads_and_handoffs_that_are_in_use_are_not_deleted(world):
    handoff = world.submitted()
    for row in (handoff.owner, handoff.submitted_by, handoff.lead, handoff.lead.company, handoff):
        with pytest.raises(ProtectedError):
            row.delete()
    assert Handoff.objects.get() == handoff
    assert Lead.objects.get() == handoff.lead
