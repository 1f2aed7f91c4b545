"""The ends of a handoff through their services."""

from datetime import timedelta
from decimal import Decimal

import pytest

from core.errors import NotPermitted
from handoff.errors import (
    ClosingRefused,
    HandoffNotAccepted,
    HandoffNotConverted,
    HandoffNotDraft,
    HandoffNotOpen,
)
from handoff.models import FormVersion, Handoff, HandoffClock, HandoffType, Touch
from handoff.rules.form import Form
from handoff.selectors.history import event_lines
from handoff.services import (
    accept_handoff,
    convert_handoff,
    disqualify_handoff,
    log_touch,
    nurture_handoff,
    record_outcome,
    reject_handoff,
    return_handoff,
    start_fix,
    submit_handoff,
    withdraw_handoff,
)
from notify.models import Message
from notify.registry import refresh
from routing.models import CreditNote, Load
from sla.models import Clock
from tests.factories.handoff import NOW, make_world
from tests.support.invariants import broken

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


@pytest.fixture
def world(db):
    return make_world(preset="temperatures")


@pytest.fixture
def nobody(db):
    """Where every handoff is held, for the pool is empty."""
    return make_world(receivers=0, preset="temperatures")


def accepted(world):
    handoff = world.submitted()
    return accept_handoff(handoff, by=world.receiver_of(handoff), now=NOW)


def states(handoff):
    links = HandoffClock.objects.filter(handoff=handoff, is_current=True)
    return {link.kind: link.clock.state for link in links.select_related("clock")}


def told(kind, to):
    return Message.objects.filter(kind=kind, recipient=to).exists()


def replayed(handoff):
    """What the events say, beside what is stored."""
    said = {}
    for event in handoff.events.order_by("seq"):
        said |= event.data.get("set", {})
    stored = Handoff.objects.filter(pk=handoff.pk).values(*said).get()
    plain = {
        name: value.isoformat()
        if hasattr(value, "isoformat")
        else str(value)
        if isinstance(value, Decimal)
        else value
        for name, value in stored.items()
    }
    return said, plain


# Converted


def test_convert_without_a_touch_counts_as_contact(world):
    handoff = accepted(world)
    receiver = world.receiver_of(handoff)
    handoff = convert_handoff(
        handoff, value=Decimal("40000.005"), currency="EUR", by=receiver, now=NOW + HOUR
    )
    touch, leg = Touch.objects.get(), handoff.legs.get()
    assert (handoff.status, handoff.closed_as) == ("closed", "converted")
    assert (handoff.value, handoff.currency) == (Decimal("40000.01"), "EUR")
    assert (touch.kind, touch.verdict, touch.leg) == ("converted", "meaningful", leg)
    assert (handoff.first_contact_at, handoff.contact_seconds) == (NOW + HOUR, 3600)
    assert (leg.ended_as, leg.contacted_at) == ("closed", NOW + HOUR)
    assert states(handoff) == {
        "hand_off": "met",
        "accept": "met",
        "contact": "met",
        "contact_leg": "met",
        "next_step": "cancelled",
        "booking": "cancelled",
        "second_meeting": "cancelled",
    }
    assert handoff.owner == receiver
    assert told("converted", world.sdr)
    assert not told("ended", receiver)
    assert Load.objects.get(user=receiver).open_count == 0
    said, stored = replayed(handoff)
    assert said == stored


def test_convert_after_a_touch_logs_no_other(world):
    handoff = accepted(world)
    receiver = world.receiver_of(handoff)
    log_touch(handoff, kind="call", occurred_at=NOW, by=receiver, now=NOW)
    handoff = convert_handoff(handoff, by=receiver, now=NOW + HOUR)
    assert Touch.objects.count() == 1
    assert (handoff.first_contact_at, handoff.value, handoff.currency) == (NOW, None, "")


@pytest.mark.parametrize(
    ("value", "currency", "field"),
    [
        (Decimal(-1), "EUR", "value"),
        (Decimal("NaN"), "EUR", "value"),
        (Decimal("1e30"), "EUR", "value"),
        (Decimal(1), "", "currency"),
        (Decimal(1), "DOGE", "currency"),
    ],
)
def test_convert_with_a_value_that_cannot_be_is_refused(world, value, currency, field):
    handoff = accepted(world)
    with pytest.raises(ClosingRefused) as refused:
        convert_handoff(
            handoff, value=value, currency=currency, by=world.receiver_of(handoff), now=NOW
        )
    assert [problem.field for problem in refused.value.problems] == [field]
    handoff.refresh_from_db()
    assert handoff.status == "accepted"


def test_convert_pending_is_refused(world):
    handoff = world.submitted()
    with pytest.raises(HandoffNotAccepted):
        convert_handoff(handoff, by=world.receiver_of(handoff), now=NOW)


def test_convert_after_due_is_contact_and_a_miss(world):
    handoff = accepted(world)
    due = Clock.objects.get(kind="contact").due_at
    convert_handoff(handoff, by=world.receiver_of(handoff), now=due + HOUR)
    clock = Clock.objects.get(kind="contact")
    assert (clock.met_at, clock.breached_at) == (due + HOUR, due)


# Its outcome


def test_outcome_is_recorded_and_corrected_by_the_last_receiver(world):
    handoff = accepted(world)
    receiver = world.receiver_of(handoff)
    convert_handoff(handoff, value=Decimal(100), currency="EUR", by=receiver, now=NOW)
    handoff = record_outcome(handoff, outcome="lost", note=" Too dear ", by=receiver, now=NOW)
    assert (handoff.deal_outcome, handoff.deal_note, handoff.value) == ("lost", "Too dear", 100)
    handoff = record_outcome(
        handoff, outcome="won", value=Decimal(90), currency="USD", by=world.manager, now=NOW
    )
    assert (handoff.deal_outcome, handoff.deal_note) == ("won", "")
    assert (handoff.value, handoff.currency) == (90, "USD")
    assert told("outcome", world.sdr)
    assert "Too dear" not in str([event.data for event in handoff.events.all()])
    said, stored = replayed(handoff)
    assert said == stored


def test_outcome_of_anything_else_is_refused(world):
    handoff = accepted(world)
    with pytest.raises(HandoffNotConverted):
        record_outcome(handoff, outcome="won", by=world.manager, now=NOW)
    nurture_handoff(handoff, by=world.manager, now=NOW)
    with pytest.raises(HandoffNotConverted):
        record_outcome(handoff, outcome="won", by=world.manager, now=NOW)


def test_outcome_that_is_none_or_not_theirs_is_refused(world):
    handoff = accepted(world)
    convert_handoff(handoff, by=world.receiver_of(handoff), now=NOW)
    with pytest.raises(ClosingRefused):
        record_outcome(handoff, outcome="maybe", by=world.manager, now=NOW)
    with pytest.raises(NotPermitted):
        record_outcome(handoff, outcome="won", by=world.sdr, now=NOW)


# Disqualified and back to nurture


@pytest.mark.parametrize("state", ["pending", "accepted"])
def test_disqualify_stops_everything_and_frees_the_slot_once(world, state):
    handoff = world.submitted() if state == "pending" else accepted(world)
    receiver = world.receiver_of(handoff)
    other = world.submitted()
    handoff = disqualify_handoff(
        handoff, reason="no_need", note="Built it themselves", by=receiver, now=NOW
    )
    assert (handoff.closed_as, handoff.disqualified_for) == ("disqualified", "no_need")
    leg = handoff.legs.get()
    assert (leg.ended_as, leg.note) == ("closed", "Built it themselves")
    assert states(handoff)["contact"] == "cancelled"
    assert handoff.next_due_at is None
    assert told("disqualified", world.sdr)
    assert not CreditNote.objects.exists()
    other.refresh_from_db()
    assert not [found for found in broken() if "carries" in found]


@pytest.mark.parametrize("state", ["pending", "accepted"])
def test_nurture_by_the_manager_tells_both(world, state):
    handoff = accepted(world) if state == "accepted" else world.submitted()
    handoff = nurture_handoff(handoff, by=world.manager, now=NOW)
    assert (handoff.status, handoff.closed_as) == ("closed", "nurture")
    assert told("nurtured", world.sdr)
    assert told("ended", handoff.legs.get().receiver)
    assert set(states(handoff).values()) <= {"cancelled", "met"}


def test_nurture_of_a_held_lead_tells_its_submitter(nobody):
    handoff = nurture_handoff(nobody.submitted(), by=nobody.manager, now=NOW)
    assert (handoff.closed_as, states(handoff)["contact"]) == ("nurture", "cancelled")
    assert told("nurtured", nobody.sdr)


def test_disqualify_without_a_reason_is_refused(world):
    handoff = world.submitted()
    with pytest.raises(ClosingRefused) as refused:
        disqualify_handoff(handoff, reason="boring", by=world.receiver_of(handoff), now=NOW)
    assert refused.value.problems[0].field == "reason"


def test_closed_handoff_is_closed_once_and_says_by_whom(world):
    handoff = accepted(world)
    nurture_handoff(handoff, by=world.manager, now=NOW)
    with pytest.raises(HandoffNotOpen) as lost:
        disqualify_handoff(handoff, reason="no_need", by=world.manager, now=NOW)
    assert "Helen Brandt sent it back to nurture" in str(lost.value)


def test_clock_past_due_is_breached_when_the_handoff_is_closed(world):
    handoff = accepted(world)
    due = Clock.objects.get(kind="contact").due_at
    nurture_handoff(handoff, by=world.manager, now=due + HOUR)
    clock = Clock.objects.get(kind="contact")
    assert (clock.state, clock.breached_at) == ("cancelled", due)


# Returned


@pytest.mark.parametrize("state", ["pending", "accepted"])
def test_return_closes_it_and_opens_the_chains_next_draft_with_its_clock(world, state):
    handoff = world.submitted() if state == "pending" else accepted(world)
    receiver = world.receiver_of(handoff)
    draft = return_handoff(handoff, note="Wrong team, see above", by=receiver, now=NOW + HOUR)
    handoff.refresh_from_db()
    leg = handoff.legs.get()
    assert (handoff.status, handoff.closed_as, handoff.owner) == ("closed", "returned", world.sdr)
    assert (leg.ended_as, leg.note) == ("returned", "Wrong team, see above")
    assert handoff.last_transfer.note == "Wrong team, see above"
    assert (draft.status, draft.owner, draft.previous) == ("draft", world.sdr, handoff)
    assert (draft.chain_id, draft.answers) == (handoff.pk, handoff.answers)
    clock = Clock.objects.get(handoff_clock__handoff=draft)
    assert (clock.kind, clock.started_at, clock.state) == ("hand_off", NOW + HOUR, "running")
    assert draft.next_due_at == clock.due_at
    assert Handoff.objects.get(pk=draft.pk).next_due_at == clock.due_at
    assert told("returned", world.sdr)
    assert not CreditNote.objects.exists()
    assert not [found for found in broken() if "carries" in found or "events say" in found]


def test_returned_lead_is_handed_off_again_in_the_same_chain(world):
    handoff = accepted(world)
    draft = return_handoff(handoff, note="Back", by=world.receiver_of(handoff), now=NOW)
    again = submit_handoff(draft, by=world.sdr, now=NOW + HOUR)
    handoff.refresh_from_db()
    assert (again.status, again.previous) == ("pending", handoff)
    assert (handoff.closed_as, again.legs.get().turn.kind) == ("returned", "rotation")
    assert states(again)["hand_off"] == "met"
    assert not CreditNote.objects.exists()


def test_draft_of_a_returned_lead_may_be_discarded(world):
    handoff = accepted(world)
    draft = return_handoff(handoff, note="Back", by=world.receiver_of(handoff), now=NOW)
    draft = withdraw_handoff(draft, by=world.sdr, now=NOW)
    assert states(draft) == {"hand_off": "cancelled"}
    with pytest.raises(HandoffNotDraft):
        submit_handoff(draft, by=world.sdr, now=NOW)


def test_return_from_holding_goes_to_the_submitter(nobody):
    handoff = nobody.submitted()
    assert handoff.status == "holding"
    draft = return_handoff(handoff, note="Nobody is here", by=nobody.manager, now=NOW)
    handoff.refresh_from_db()
    assert (handoff.owner, draft.owner) == (nobody.sdr, nobody.sdr)


@pytest.mark.parametrize("note", ["", "  ", "\x00", "a" * 2_001])
def test_return_without_a_readable_note_is_refused(world, note):
    handoff = world.submitted()
    with pytest.raises(ClosingRefused) as refused:
        return_handoff(handoff, note=note, by=world.receiver_of(handoff), now=NOW)
    assert refused.value.problems[0].field == "note"
    assert Handoff.objects.count() == 1


@pytest.mark.parametrize("way", ["return", "reject"])
def test_lead_of_a_submitter_who_left_comes_back_to_their_manager(world, way):
    handoff = world.submitted()
    type(world.sdr).objects.filter(pk=world.sdr.pk).update(is_active=False)
    by = world.receiver_of(handoff)
    if way == "return":
        draft = return_handoff(handoff, note="Back", by=by, now=NOW)
    else:
        reject_handoff(handoff, reason="no_budget", by=by, now=NOW)
        draft = start_fix(handoff, by=world.manager, now=NOW)
    handoff.refresh_from_db()
    assert (handoff.owner, draft.owner) == (world.manager, world.manager)
    assert submit_handoff(draft, by=world.manager, now=NOW).status == "pending"


def test_every_message_about_an_end_reads_well(world):
    for end in (
        lambda row: convert_handoff(
            row, value=Decimal(40_000), currency="EUR", by=world.receiver_of(row), now=NOW
        ),
        lambda row: disqualify_handoff(row, reason="no_need", by=world.manager, now=NOW),
        lambda row: nurture_handoff(row, note="Next year", by=world.manager, now=NOW),
        lambda row: return_handoff(row, note="Wrong team", by=world.manager, now=NOW),
    ):
        end(accepted(world))
    found = {message.kind: refresh(message, NOW + HOUR) for message in Message.objects.all()}
    assert "opportunity now, 40,000 EUR" in found["converted"].subject
    assert "disqualified, no need" in found["disqualified"].subject
    assert "Next year" in found["nurtured"].body
    assert "Wrong team" in found["returned"].body
    assert "Nothing is left to do" in found["ended"].body


def test_next_draft_names_the_answers_that_the_form_asks_no_more(world):
    row = world.submitted()
    version = row.form_version
    layout = Form.from_layout(version.layout).to_layout()
    for part in layout["sections"]:
        part["fields"] = [field for field in part["fields"] if field["key"] != "need"]
        for field in part["fields"]:
            if field["key"] == "company.industry":
                field["kind"] = "integer"
    HandoffType.objects.filter(pk=row.type_id).update(
        current_form=FormVersion.objects.create(type=row.type, n=version.n + 1, layout=layout)
    )
    draft = return_handoff(row, note="Left the company.", by=row.owner, now=NOW)
    kept = row.answers.keys() - draft.answers.keys()
    assert kept == {"need", "company.industry"}
    begun = draft.events.get(kind="drafted")
    assert begun.data["left_out"] == ["company.industry", "need"]
    form = Form.from_layout(draft.form_version.layout)
    rest = [line.rest for line in event_lines(draft, form, (), now=NOW)]
    kept = f"handoff {row.pk} keeps 2 answers that the form asks no more"
    assert rest == [f"by {row.legs.get().receiver.name}; {kept}."]
