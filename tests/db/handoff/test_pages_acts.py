"""The dialogs of receivers and submitters: refused with all that was typed, done, or too late."""

from datetime import timedelta
from decimal import Decimal
from urllib.parse import quote

import pytest
from django.urls import reverse

from handoff.choices import ClosedAs, Status
from handoff.models import Contest, Event, Handoff, Touch
from handoff.services import (
    accept_handoff,
    contest_rejection,
    convert_handoff,
    log_touch,
    reject_handoff,
    rule_on_contest,
)
from tests.factories.handoff import NOW, make_world

pytestmark = pytest.mark.django_db

MAIL = (
    "Dear Ana, your audit on 8 February needs proof of 61 inspections; here is how two sites "
    "of yours did it within a month."
)


@pytest.fixture
def world(time_machine):
    """Everything goes to the first receiver."""
    time_machine.move_to(NOW, tick=False)
    world = make_world()
    world.pool.members.exclude(user=world.ae).update(is_active=False)
    return world


@pytest.fixture
def accepted(world):
    return accept_handoff(world.submitted(), by=world.ae, now=NOW)


@pytest.fixture
def rejected(world):
    return reject_handoff(world.submitted(), reason="wrong_icp", by=world.ae, now=NOW)


def text(response):
    return response.content.decode()


def read(client, user, name, row, **query):
    client.force_login(user)
    return client.get(reverse(f"handoff:{name}", args=[row.pk]), query)


def send(client, user, name, row, query="", **data):
    client.force_login(user)
    address = reverse(f"handoff:{name}", args=[row.pk]) + query
    return client.post(address, {"version": row.version, **data}, follow=True)


def touch(**changes):
    return {
        "kind": "call",
        "occurred_at": "2026-11-17T11:00",
        "opened_at": NOW.isoformat(),
        **changes,
    }


def now_of(row):
    return Handoff.objects.get(pk=row.pk)


def test_touch_form_begins_now_in_the_persons_zone(world, client, accepted):
    shown = text(read(client, world.ae, "touch", accepted))
    assert 'value="2026-11-17T11:00"' in shown
    assert "First contact is due" in shown
    assert reverse("handoff:touch_check", args=[accepted.pk]) in shown


def test_touch_is_logged_and_its_verdict_told_afterwards(world, client, accepted):
    shown = text(send(client, world.ae, "touch", accepted, **touch()))
    assert "The touch is logged. Counts as contact." in shown
    assert now_of(accepted).first_contact_at == NOW
    short = text(
        send(client, world.ae, "touch", now_of(accepted), **touch(kind="email", text="Hi"))
    )
    assert "Does not count as contact: the mail has 1 word" in short
    assert "Does not count: too short" in short


def test_touch_that_counts_accepts_a_pending_handoff(world, client):
    row = world.submitted()
    send(client, world.ae, "touch", row, **touch())
    assert now_of(row).status == Status.ACCEPTED


def test_touch_from_the_queue_leads_back_to_its_part(world, client, accepted):
    shown = send(client, world.ae, "touch", accepted, "?back=queue:contact", **touch())
    assert shown.redirect_chain == [(f"{reverse('handoff:queue')}?tab=contact", 302)]
    other = send(client, world.ae, "touch", now_of(accepted), "?back=//evil.example", **touch())
    assert other.redirect_chain == [(reverse("handoff:detail", args=[accepted.pk]), 302)]


def test_touch_refused_keeps_what_was_typed(world, client, accepted):
    ahead = touch(kind="email", text=MAIL, occurred_at="2026-11-17T18:00")
    response = send(client, world.ae, "touch", accepted, **ahead)
    assert response.status_code == 422
    shown = text(response)
    assert "That is in the future." in shown
    assert MAIL in shown
    assert 'value="2026-11-17T18:00"' in shown
    assert not Touch.objects.exists()


def test_check_tells_the_verdict_and_writes_nothing(world, client, accepted):
    before = (Event.objects.count(), now_of(accepted).version)
    weak = text(send(client, world.ae, "touch_check", accepted, **touch(kind="email", text="Hi")))
    assert "the mail has 1 word, and it takes 12" in weak
    good = text(send(client, world.ae, "touch_check", accepted, **touch(kind="email", text=MAIL)))
    assert "Counts as contact. It is the first contact." in good
    assert MAIL in good
    assert f'action="{reverse("handoff:touch", args=[accepted.pk])}"' in good
    empty = text(send(client, world.ae, "touch_check", accepted, occurred_at="x", kind="call"))
    assert "Enter a day and time" in empty
    assert (Event.objects.count(), now_of(accepted).version) == before
    assert not Touch.objects.exists()


def test_next_step_is_dated_and_shown(world, client, accepted):
    shown = text(send(client, world.ae, "next_step", accepted, step="Demo", at="2026-11-20T10:00"))
    assert "The next step is dated: Fri 20 Nov, 10:00." in shown
    assert "Demo, Fri 20 Nov 2026, 10:00" in shown


def test_next_step_in_the_past_is_refused_by_name(world, client, accepted):
    response = send(client, world.ae, "next_step", accepted, step="Demo", at="2026-11-16T10:00")
    assert response.status_code == 422
    assert "That is over already." in text(response)
    assert 'value="Demo"' in text(response)


def test_convert_with_value_then_outcome(world, client, accepted):
    send(client, world.ae, "convert", accepted, value="40 000.50", currency="EUR")
    row = now_of(accepted)
    assert (row.closed_as, row.value, row.currency) == (
        ClosedAs.CONVERTED,
        Decimal("40000.50"),
        "EUR",
    )
    form = text(read(client, world.ae, "outcome", row))
    assert 'value="40000.50"' in form
    shown = send(client, world.ae, "outcome", row, outcome="", note="Price")
    assert shown.status_code == 422
    assert "Choose how it ended." in text(shown)
    assert "Price" in text(shown)
    send(client, world.ae, "outcome", now_of(row), outcome="lost", note="No line", currency="EUR")
    row = now_of(row)
    assert (row.deal_outcome, row.deal_note) == ("lost", "No line")


@pytest.mark.parametrize("value", ["abc", "-5", "1e9", "9" * 40, "1.2.3", "\u0664\u0665", "NaN"])
def test_convert_with_a_value_that_is_no_number_is_refused_by_name(world, client, accepted, value):
    response = send(client, world.ae, "convert", accepted, value=value, currency="EUR")
    assert response.status_code == 422
    assert now_of(accepted).status == Status.ACCEPTED
    assert "Give the value as a number, such as 40000" in text(response)


def test_disqualify_and_nurture_close(world, client, accepted):
    shown = text(send(client, world.ae, "disqualify", accepted, reason="no_need", note="None"))
    assert "is disqualified" in shown
    assert "Disqualified for" in shown
    other = world.submitted()
    send(client, world.ae, "nurture", other, note="In June")
    assert now_of(other).closed_as == ClosedAs.NURTURE


def test_merge_offers_open_handoffs_of_the_buyer_and_merges(world, client):
    first = world.submitted(company__domain="nordwind.example", company__name="Nordwind")
    second = world.submitted(company__domain="nordwind.example", company__name="Nordwind")
    stranger = world.submitted()
    assert first.lead.company_id == second.lead.company_id
    shown = text(read(client, world.ae, "merge", second))
    assert f'value="{first.pk}"' in shown
    assert f'value="{stranger.pk}"' not in shown
    assert send(client, world.ae, "merge", second, into=stranger.pk).status_code == 422
    send(client, world.ae, "merge", second, into=first.pk)
    assert now_of(second).closed_as == ClosedAs.DUPLICATE
    assert now_of(first).status == Status.PENDING


def test_merge_without_another_says_so(world, client):
    row = world.submitted()
    assert "You see no other open handoff" in text(read(client, world.ae, "merge", row))


def test_contest_waits_for_its_ruling_and_locks_the_other_answers(world, client, rejected):
    assert send(client, world.sdr, "contest", rejected, note=" ").status_code == 422
    shown = text(send(client, world.sdr, "contest", rejected, note="They have 180 people"))
    assert "Rejected and contested: waiting for a ruling" in shown
    assert "They have 180 people" in shown
    for name in ("fix", "concede", "contest"):
        assert reverse(f"handoff:{name}", args=[rejected.pk]) not in shown
    assert read(client, world.sdr, "contest", rejected).status_code == 409
    manager = text(read(client, world.manager, "detail", rejected))
    assert reverse("handoff:rule", args=[rejected.pk]) in manager
    listed = text(client.get(reverse("handoff:list")))
    assert "Rejected and contested" in listed


def test_contest_upheld_stays_rejected_without_a_second_one(world, client, rejected):
    contest_rejection(rejected, note="They fit", by=world.sdr, now=NOW)
    rule_on_contest(now_of(rejected), is_upheld=True, note="No", by=world.manager, now=NOW)
    shown = text(read(client, world.sdr, "detail", rejected))
    assert "Helen Brandt upheld the rejection 11:00." in shown
    assert reverse("handoff:fix", args=[rejected.pk]) in shown
    assert reverse("handoff:contest", args=[rejected.pk]) not in shown
    assert Contest.objects.count() == 1


def test_dialog_whose_time_is_over_says_who_was_first(world, client, accepted):
    version = accepted.version
    convert_handoff(accepted, by=world.ae, now=NOW)
    for name in ("touch", "nurture", "next_step"):
        response = read(client, world.ae, name, accepted)
        assert response.status_code == 409, name
        assert "Priya Nair made it an opportunity" in text(response)
    stale = client.post(
        reverse("handoff:convert", args=[accepted.pk]), {"version": version, "value": ""}
    )
    assert stale.status_code == 409
    assert "Nothing was changed." in text(stale)


HOSTILE = ["\x00", "\ud800", "x" * 1_000_000, "<script>alert(1)</script>", "\u202e" * 50]


@pytest.mark.parametrize("name", ["touch", "touch_check", "next_step", "convert", "contest"])
@pytest.mark.parametrize("bad", HOSTILE, ids=["nul", "surrogate", "long", "script", "bidi"])
def test_hostile_input_is_refused_and_never_fails(world, client, name, bad):
    row = world.submitted()
    if name == "contest":
        row = reject_handoff(row, reason="wrong_icp", by=world.ae, now=NOW)
    elif name != "touch":
        row = accept_handoff(row, by=world.ae, now=NOW)
    user = world.sdr if name == "contest" else world.ae
    body = "&".join(
        f"{key}={value}"
        for key, value in {
            "version": row.version,
            "kind": "email",
            "occurred_at": "2026-11-17T11:00",
            "opened_at": "%00",
        }.items()
    )
    sent = quote(bad.encode("utf-8", "surrogatepass"))
    for key in ("text", "step", "value", "note", "at", "into", "direction"):
        body += f"&{key}={sent}"
    client.force_login(user)
    response = client.post(
        reverse(f"handoff:{name}", args=[row.pk]), body, "application/x-www-form-urlencoded"
    )
    assert response.status_code < 500
    assert "<script>alert(1)" not in text(response)


@pytest.mark.parametrize("into", ["99999999999999999999", "x", "", "-1", "\x00"])
def test_merge_into_what_is_not_offered_is_refused(world, client, into):
    row = world.submitted()
    assert send(client, world.ae, "merge", row, into=into).status_code == 422


def test_who_decided_for_whom_is_said(world, client):
    row = world.submitted()
    accept_handoff(row, by=world.manager, now=NOW)
    shown = text(read(client, world.sdr, "detail", row))
    assert "Accepted</b> by Helen Brandt for Priya Nair." in shown
    late = client.post(reverse("handoff:withdraw", args=[row.pk]), {"version": 1})
    assert "Helen Brandt accepted it for Priya Nair at 11:00." in text(late)
    assert "Helen Brandt accepted it for Priya Nair" in text(client.get(reverse("notify:inbox")))


def test_detail_tells_the_chain_with_ends_and_reasons(world, client, rejected):
    from handoff.services import start_fix, submit_handoff

    fix = start_fix(rejected, by=world.sdr, now=NOW)
    again = submit_handoff(fix, by=world.sdr, now=NOW + timedelta(minutes=5))
    shown = text(read(client, world.ae, "detail", again))
    for words in (
        "First handoff. Handed off again 11:05",
        "Sam Okafor to Priya Nair: handed off",
        "Priya Nair to Sam Okafor: rejected",
        "Handed off again, 2nd time. Pending, Priya Nair has it",
    ):
        assert words in shown, words


def test_detail_shows_half_an_answer_as_such(world, client):
    half = {"state": "Pending verbal approval", "text": "60,000 EUR a year"}
    row = world.submitted(budget=half)
    shown = text(read(client, world.ae, "detail", row))
    assert "Partly known: pending verbal approval</span> 60,000 EUR a year" in shown


def test_detail_shows_every_running_clock_with_its_due_time(world, client):
    row = world.submitted()
    shown = text(read(client, world.ae, "detail", row))
    assert "Accept is due today 15:00" in shown
    assert "First contact is due" in shown


def test_detail_of_a_contact_logged_late_says_so(world, client, time_machine, accepted):
    from handoff.services import apply_escalations
    from sla.services import fire_due_steps

    after = now_of(accepted).next_due_at + timedelta(hours=1)
    time_machine.move_to(after, tick=False)
    fire_due_steps(after)
    apply_escalations(after)
    log_touch(accepted, kind="call", occurred_at=NOW, by=world.ae, now=after)
    shown = text(read(client, world.ae, "detail", accepted))
    assert "Logged late" in shown
    listed = text(client.get(reverse("handoff:list")))
    assert "logged late" in listed


OFFERS = [
    ("ae", "pending", {"accept", "reject", "touch", "disqualify", "nurture", "return", "merge"}),
    (
        "ae",
        "accepted",
        {"touch", "next_step", "convert", "disqualify", "nurture", "return", "merge"},
    ),
    ("sdr", "pending", {"withdraw"}),
    ("sdr", "accepted", set()),
    ("sdr", "rejected", {"fix", "concede", "contest"}),
    ("ae", "rejected", set()),
    ("ae", "converted", {"outcome"}),
    ("sdr", "converted", set()),
    ("admin", "converted", {"outcome"}),
]


@pytest.mark.parametrize(("who", "state", "expected"), OFFERS)
def test_detail_offers_each_act_by_policy_and_state(world, client, who, state, expected):
    row = world.submitted()
    if state in {"accepted", "converted"}:
        row = accept_handoff(row, by=world.ae, now=NOW)
    if state == "converted":
        row = convert_handoff(row, by=world.ae, now=NOW)
    if state == "rejected":
        row = reject_handoff(row, reason="wrong_icp", by=world.ae, now=NOW)
    shown = text(read(client, getattr(world, who), "detail", row))
    names = {
        *("accept", "reject", "touch", "next_step", "convert", "outcome", "disqualify"),
        *("nurture", "return", "merge", "fix", "concede", "contest", "withdraw"),
    }
    offered = {name for name in names if reverse(f"handoff:{name}", args=[row.pk]) in shown}
    assert offered == expected
