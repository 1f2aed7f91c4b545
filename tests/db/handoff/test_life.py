"""The life of a handoff through its services, one test per way on."""

from datetime import timedelta

import pytest

from core.errors import NotPermitted, NotVisible
from handoff.choices import ClosedAs, EventKind, LegEnd, Status, TransferReason
from handoff.errors import (
    AlreadyOpen,
    GateRefused,
    HandoffNotDraft,
    HandoffNotOpen,
    HandoffNotPending,
    HandoffNotRejected,
    RejectionRefused,
)
from handoff.models import Company, Event, Handoff, Lead, Leg, Transfer
from handoff.services import (
    accept_handoff,
    concede_handoff,
    reject_handoff,
    save_draft,
    start_fix,
    submit_handoff,
    withdraw_handoff,
)
from notify.models import Message
from notify.registry import refresh
from routing.models import CreditNote, Load, Turn
from sla.models import Clock
from tests.factories.handoff import NOW, answers, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(db):
    return make_world()


def kinds(handoff):
    return list(handoff.events.order_by("seq").values_list("kind", flat=True))


def snapshot():
    """Everything that a refusal must leave as it was, except its own event."""
    return [
        list(model.objects.order_by("pk").values())
        for model in (Handoff, Lead, Company, Leg, Transfer, Turn, Load, Clock, Message)
    ]


def test_submit_full_draft_gives_it_to_a_receiver_with_clock_leg_turn_and_message(world):
    handoff = world.submitted()
    leg = handoff.legs.get()
    assert handoff.status == Status.PENDING
    assert handoff.owner == leg.receiver
    assert leg.turn.pool == world.pool
    clock = Clock.objects.get(kind="accept")
    # 4 working hours from 11:00 in office hours until 17:00.
    assert clock.due_at == NOW + timedelta(hours=4)
    assert handoff.next_due_at == clock.due_at
    transfer = handoff.transfers.get()
    assert (transfer.from_user, transfer.to_user) == (world.sdr, leg.receiver)
    assert transfer.reason == TransferReason.SUBMITTED
    assert kinds(handoff) == ["drafted", "submitted", "assigned"]
    assert {m.channel for m in Message.objects.filter(recipient=leg.receiver)} == {"inbox", "email"}
    assert handoff.completeness == 87


def test_submit_writes_company_and_lead_through(world):
    handoff = world.submitted(company__size=42, contact__title="CTO")
    handoff.lead.refresh_from_db()
    assert handoff.lead.title == "CTO"
    assert handoff.lead.company.size == 42


def test_submit_with_missing_fields_changes_nothing_but_leaves_an_event(world):
    draft = world.draft(budget="n/a", need="")
    before = snapshot()
    with pytest.raises(GateRefused) as refused:
        submit_handoff(draft, by=world.sdr, now=NOW)
    assert [(p.field, p.code) for p in refused.value.problems] == [
        ("need", "required"),
        ("budget", "placeholder"),
    ]
    assert snapshot() == before
    event = draft.events.last()
    assert event.kind == EventKind.SUBMISSION_REFUSED
    assert event.data == {"problems": [["need", "required"], ["budget", "placeholder"]]}


def test_submit_twice_second_is_told_who_has_it(world):
    handoff = world.submitted()
    with pytest.raises(HandoffNotDraft) as lost:
        submit_handoff(handoff, by=world.sdr, now=NOW)
    assert lost.value.current["status"] == "pending"
    assert "Sam Okafor handed it off" in str(lost.value)


def test_submit_second_draft_of_the_same_lead_is_refused(world):
    handoff = world.submitted()
    draft = world.draft(lead=handoff.lead)
    save_draft(draft, answers=answers(), by=world.sdr, now=NOW)
    with pytest.raises(AlreadyOpen):
        submit_handoff(draft, by=world.sdr, now=NOW)
    draft.refresh_from_db()
    assert draft.status == Status.DRAFT


def test_accept_stops_the_clock_freezes_ownership_and_tells_the_submitter(world):
    handoff = world.submitted()
    receiver = world.receiver_of(handoff)
    later = NOW + timedelta(hours=1)
    handoff = accept_handoff(handoff, by=receiver, now=later, version=handoff.version)
    clock = Clock.objects.get(kind="accept")
    assert handoff.status == Status.ACCEPTED
    assert (clock.state, clock.met_at, clock.breached_at) == ("met", later, None)
    assert handoff.freeze_until == later + timedelta(days=30)
    assert handoff.accept_seconds == 3600
    assert handoff.next_due_at == Clock.objects.get(kind="contact", state="running").due_at
    # It counts as load until the first contact.
    assert Load.objects.get(user=receiver).open_count == 1
    assert Message.objects.filter(kind="accepted", recipient=world.sdr).count() == 1


def test_accept_after_due_is_met_and_missed(world):
    handoff = world.submitted()
    receiver = world.receiver_of(handoff)
    clock = Clock.objects.get(kind="accept")
    accept_handoff(handoff, by=receiver, now=clock.due_at + timedelta(seconds=1))
    clock.refresh_from_db()
    assert clock.state == "met"
    assert clock.breached_at == clock.due_at
    assert clock.escalations.filter(step__action="breach").count() == 1


def test_accept_by_another_receiver_is_not_visible(world):
    handoff = world.submitted()
    (other,) = [ae for ae in world.aes if ae != world.receiver_of(handoff)]
    with pytest.raises(NotVisible):
        accept_handoff(handoff, by=other, now=NOW)


def test_accept_by_submitter_is_not_permitted(world):
    handoff = world.submitted()
    with pytest.raises(NotPermitted):
        accept_handoff(handoff, by=world.sdr, now=NOW)


def test_accept_by_the_teams_manager_is_on_behalf(world):
    handoff = world.submitted()
    handoff = accept_handoff(handoff, by=world.manager, now=NOW)
    assert handoff.status == Status.ACCEPTED
    assert handoff.owner == world.receiver_of(handoff)
    assert handoff.events.get(kind="accepted").by == world.manager


def test_accept_by_somebody_who_left_is_not_visible(world):
    handoff = world.submitted()
    receiver = world.receiver_of(handoff)
    type(receiver).objects.filter(pk=receiver.pk).update(is_active=False)
    receiver.refresh_from_db()
    with pytest.raises(NotVisible):
        accept_handoff(handoff, by=receiver, now=NOW)


def test_accept_twice_second_is_told_who_was_first(world):
    handoff = world.submitted()
    receiver = world.receiver_of(handoff)
    accept_handoff(handoff, by=receiver, now=NOW)
    with pytest.raises(HandoffNotPending) as lost:
        accept_handoff(handoff, by=receiver, now=NOW)
    assert f"{receiver.name} accepted it at" in str(lost.value)
    assert "Nothing was changed." in str(lost.value)


def test_reject_sends_it_back_to_the_submitter(world):
    handoff = world.submitted()
    receiver = world.receiver_of(handoff)
    handoff = reject_handoff(
        handoff,
        reason="missing_information",
        fields=["budget"],
        note="Who signs?",
        by=receiver,
        now=NOW,
    )
    leg = handoff.legs.get()
    assert (handoff.status, handoff.reason) == (Status.REJECTED, "missing_information")
    assert handoff.owner == world.sdr
    assert (leg.ended_as, leg.rejected_fields, leg.note) == ("rejected", ["budget"], "Who signs?")
    assert Clock.objects.get(kind="accept").state == "met"
    assert Load.objects.get(user=receiver).open_count == 0
    assert not CreditNote.objects.exists()
    assert Message.objects.filter(kind="rejected", recipient=world.sdr).count() == 2


@pytest.mark.parametrize(
    ("arguments", "field", "code"),
    [
        ({"reason": "boring"}, "reason", "invalid_choice"),
        ({"reason": "missing_information"}, "fields", "required"),
        ({"reason": "missing_information", "fields": ["nope"]}, "fields", "unknown_field"),
        ({"reason": "no_budget", "fields": ["budget"]}, "fields", "not_used"),
        ({"reason": "no_budget", "note": "\x00"}, "note", "invalid_characters"),
        ({"reason": "no_budget", "note": "a" * 2_001}, "note", "too_long"),
    ],
)
def test_reject_incomplete_changes_nothing(world, arguments, field, code):
    handoff = world.submitted()
    before = snapshot()
    with pytest.raises(RejectionRefused) as refused:
        reject_handoff(handoff, by=world.receiver_of(handoff), now=NOW, **arguments)
    assert [(p.field, p.code) for p in refused.value.problems] == [(field, code)]
    assert snapshot() == before


def test_conflict_goes_to_the_next_receiver_with_a_clock_of_their_own(world):
    handoff = world.submitted()
    first = world.receiver_of(handoff)
    later = NOW + timedelta(minutes=30)
    handoff = reject_handoff(handoff, reason="conflict", by=first, now=later)
    second = world.receiver_of(handoff)
    assert handoff.status == Status.PENDING
    assert second != first
    assert handoff.owner == second
    assert handoff.legs.first().ended_as == LegEnd.CONFLICT
    old, new = Clock.objects.filter(kind="accept").order_by("pk")
    assert (old.state, new.state) == ("met", "running")
    assert new.due_at == later + timedelta(hours=4)
    assert handoff.next_due_at == new.due_at
    assert handoff.transfers.last().reason == TransferReason.CONFLICT
    assert CreditNote.objects.get().turn == handoff.legs.first().turn


def test_conflict_of_everybody_is_held_and_never_offered_to_them_again(world):
    handoff = world.submitted()
    for _ in range(2):
        handoff = reject_handoff(handoff, reason="conflict", by=world.receiver_of(handoff), now=NOW)
    assert handoff.status == Status.HOLDING
    assert handoff.owner == world.manager
    held = handoff.events.filter(kind="held").get()
    assert {(x["user"], x["code"]) for x in held.data["exclusions"]} == {
        (ae.pk, "conflict") for ae in world.aes
    }
    assert Message.objects.filter(kind="exhausted", recipient=world.manager).exists()


def test_fix_goes_back_to_the_receiver_who_rejected_it(world):
    handoff = world.submitted()
    receiver = world.receiver_of(handoff)
    reject_handoff(
        handoff, reason="missing_information", fields=["objections"], by=receiver, now=NOW
    )
    draft = start_fix(handoff, by=world.sdr, now=NOW)
    assert start_fix(handoff, by=world.sdr, now=NOW).pk == draft.pk
    assert draft.answers == handoff.answers
    assert (draft.previous_id, draft.chain_id) == (handoff.pk, handoff.pk)
    with pytest.raises(GateRefused) as refused:
        submit_handoff(draft, by=world.sdr, now=NOW)
    assert [p.field for p in refused.value.problems] == ["objections"]
    save_draft(
        draft, answers={**draft.answers, "objections": "Price, answered"}, by=world.sdr, now=NOW
    )
    fixed = submit_handoff(draft, by=world.sdr, now=NOW)
    handoff.refresh_from_db()
    assert (handoff.status, handoff.closed_as) == (Status.CLOSED, ClosedAs.SUPERSEDED)
    assert world.receiver_of(fixed) == receiver
    assert fixed.legs.get().turn.kind == "returning"
    assert CreditNote.objects.get().turn == handoff.legs.get().turn


def test_rejected_handoff_stays_while_its_fix_is_a_draft(world):
    handoff = world.submitted()
    reject_handoff(handoff, reason="no_budget", by=world.receiver_of(handoff), now=NOW)
    start_fix(handoff, by=world.sdr, now=NOW)
    handoff.refresh_from_db()
    assert handoff.status == Status.REJECTED


@pytest.mark.parametrize("to", ["conceded", "nurture"])
def test_concede_closes_it_gives_the_turn_back_and_drops_a_begun_fix(world, to):
    handoff = world.submitted()
    reject_handoff(handoff, reason="no_budget", by=world.receiver_of(handoff), now=NOW)
    draft = start_fix(handoff, by=world.sdr, now=NOW)
    handoff = concede_handoff(handoff, to=to, by=world.sdr, now=NOW)
    draft.refresh_from_db()
    assert (handoff.status, handoff.closed_as) == (Status.CLOSED, to)
    assert draft.closed_as == ClosedAs.WITHDRAWN
    assert CreditNote.objects.count() == 1
    with pytest.raises(HandoffNotRejected):
        start_fix(handoff, by=world.sdr, now=NOW)


def test_withdraw_pending_cancels_the_clock_and_tells_the_receiver(world):
    handoff = world.submitted()
    receiver = world.receiver_of(handoff)
    handoff = withdraw_handoff(handoff, by=world.sdr, now=NOW + timedelta(minutes=5))
    clock = Clock.objects.get(kind="accept")
    assert handoff.closed_as == ClosedAs.WITHDRAWN
    assert (clock.state, clock.breached_at) == ("cancelled", None)
    assert Load.objects.get(user=receiver).open_count == 0
    assert Message.objects.filter(kind="withdrawn", recipient=receiver).exists()


def test_withdraw_by_the_manager_is_not_told_as_the_submitters_doing(world):
    handoff = withdraw_handoff(world.submitted(), by=world.manager, now=NOW)
    message = Message.objects.filter(kind="withdrawn").first()
    text = refresh(message, NOW)
    assert handoff.submitted_by.name not in text.body
    assert "taken back" in text.body


def test_withdraw_after_due_counts_as_a_miss(world):
    handoff = world.submitted()
    clock = Clock.objects.get(kind="accept")
    withdraw_handoff(handoff, by=world.sdr, now=clock.due_at + timedelta(minutes=1))
    clock.refresh_from_db()
    assert (clock.state, clock.breached_at) == ("cancelled", clock.due_at)


def test_withdraw_accepted_is_refused(world):
    handoff = world.submitted()
    accept_handoff(handoff, by=world.receiver_of(handoff), now=NOW)
    with pytest.raises(HandoffNotOpen):
        withdraw_handoff(handoff, by=world.sdr, now=NOW)


def test_events_replayed_in_order_give_the_stored_state(world):
    handoff = world.submitted()
    handoff = reject_handoff(handoff, reason="conflict", by=world.receiver_of(handoff), now=NOW)
    handoff = reject_handoff(handoff, reason="no_budget", by=world.receiver_of(handoff), now=NOW)
    handoff = concede_handoff(handoff, by=world.sdr, now=NOW)
    replayed = {}
    for event in Event.objects.filter(handoff=handoff).order_by("seq"):
        replayed |= event.data.get("set", {})
    stored = Handoff.objects.filter(pk=handoff.pk).values(*replayed).get()
    assert replayed == {
        name: value.isoformat() if hasattr(value, "isoformat") else value
        for name, value in stored.items()
    }
