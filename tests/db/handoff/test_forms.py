"""Forms of the handoff pages: what is kept, what is refused, and how it is told."""

import re
import uuid
from datetime import timedelta

import pytest
from django.urls import reverse

from handoff.choices import ClosedAs, Status
from handoff.models import Company, Handoff, Lead
from handoff.services import (
    accept_handoff,
    reject_handoff,
    return_handoff,
    save_draft,
    start_fix,
)
from tests.factories.handoff import NOW, answers, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(time_machine):
    time_machine.move_to(NOW, tick=False)
    world = make_world()
    world.pool.members.exclude(user=world.ae).update(is_active=False)
    return world


@pytest.fixture
def submitter(world, client):
    client.force_login(world.sdr)
    return client


@pytest.fixture
def receiver(world, client):
    client.force_login(world.ae)
    return client


def typed(**changes):
    """A full form as a browser sends it; an answer of None is left empty."""
    full = answers(**changes)
    lines = "\r\n".join(full["pains"])
    return {**{key: "" if value is None else value for key, value in full.items()}, "pains": lines}


def begin(world, *, action="save", lead=None, key=None, **changes):
    extra = {"lead": lead.pk} if lead else {}
    return {
        **typed(**changes),
        **extra,
        "submission_uuid": str(key or uuid.uuid4()),
        "type": world.type.key,
        "temperature": "warm",
        "action": action,
    }


def body(response):
    return response.content.decode()


def values(response):
    """What stands in the fields of the page, by name."""
    page = body(response)
    inputs = dict(re.findall(r'<input[^>]* name="([^"]+)"[^>]* value="([^"]*)"', page))
    areas = re.findall(r'<textarea[^>]*name="([^"]+)"[^>]*>\s*([^<]*)</textarea>', page)
    return {**inputs, **dict(areas)}


def test_new_form_saved_makes_one_draft_and_opens_it(world, submitter):
    answer = submitter.post(reverse("handoff:new"), begin(world))
    draft = Handoff.objects.get()
    assert answer.url == reverse("handoff:edit", args=[draft.pk])
    assert draft.status == Status.DRAFT
    assert draft.answers["pains"] == ["Paper job sheets take five days"]


def test_new_form_handed_off_opens_the_receipt(world, submitter):
    answer = submitter.post(reverse("handoff:new"), begin(world, action="hand_off"), follow=True)
    assert Handoff.objects.get().status == Status.PENDING
    assert f"{world.ae.name} has this lead." in body(answer)


def test_new_form_sent_twice_makes_one_draft(world, submitter):
    form = begin(world)
    first = submitter.post(reverse("handoff:new"), form)
    again = submitter.post(reverse("handoff:new"), form)
    assert again.url == first.url
    assert Handoff.objects.count() == 1
    assert Handoff.objects.get().version == 1


def test_new_form_handed_off_twice_shows_the_receipt_again(world, submitter):
    form = begin(world, action="hand_off")
    submitter.post(reverse("handoff:new"), form)
    again = submitter.post(reverse("handoff:new"), form)
    assert again.url == reverse("handoff:detail", args=[Handoff.objects.get().pk])


def test_new_form_sent_again_with_more_keeps_what_was_added(world, submitter):
    form = begin(world)
    submitter.post(reverse("handoff:new"), form)
    submitter.post(reverse("handoff:new"), {**form, "budget": "60,000 EUR, signed"})
    assert Handoff.objects.get().answers["budget"] == "60,000 EUR, signed"


def test_new_form_sent_again_after_another_change_is_told_and_keeps_typed(world, submitter):
    form = begin(world)
    submitter.post(reverse("handoff:new"), form)
    draft = Handoff.objects.get()
    save_draft(draft, answers={**draft.answers, "need": "Other"}, by=world.sdr, now=NOW)
    answer = submitter.post(reverse("handoff:new"), {**form, "budget": "60,000 EUR, signed"})
    assert answer.status_code == 409
    assert values(answer)["budget"] == "60,000 EUR, signed"
    draft.refresh_from_db()
    assert draft.answers["need"] == "Other"


def test_new_form_sent_again_with_less_and_warmer_keeps_that(world, submitter):
    form = begin(world, contact__phone="+49 30 1234567")
    submitter.post(reverse("handoff:new"), form)
    again = {**form, "contact.phone": "", "temperature": "hot", "action": "hand_off"}
    submitter.post(reverse("handoff:new"), again)
    row = Handoff.objects.get()
    assert (row.status, row.temperature) == (Status.PENDING, "hot")
    assert "contact.phone" not in row.answers


def known_buyer(**told):
    company = Company.objects.create(name="Halden GmbH", domain="halden.example")
    told = {"email": "c@halden.example", "phone": "+49 30 1234567", **told}
    return Lead.objects.create(company=company, last_name="Reuter", **told)


def test_new_form_sent_again_keeps_what_was_filled_in_for_it(world, submitter):
    """What the page never showed was not taken out of it."""
    known_buyer()
    form = begin(world, contact__email="c@halden.example", contact__phone=None)
    submitter.post(reverse("handoff:new"), form)
    submitter.post(reverse("handoff:new"), form)
    row = Handoff.objects.get()
    assert (row.version, row.answers["contact.phone"]) == (1, "+49 30 1234567")
    submitter.post(reverse("handoff:new"), {**form, "budget": "60,000 EUR, signed"})
    row.refresh_from_db()
    assert row.answers["contact.phone"] == "+49 30 1234567"
    assert row.answers["budget"] == "60,000 EUR, signed"


def test_new_form_of_a_known_lead_keeps_what_was_taken_out_of_it(world, submitter):
    form = begin(world, lead=known_buyer(), contact__phone=None)
    submitter.post(reverse("handoff:new"), form)
    submitter.post(reverse("handoff:new"), form)
    row = Handoff.objects.get()
    assert row.version == 2
    assert "contact.phone" not in row.answers


def test_new_form_without_names_is_refused_beside_the_fields_and_keeps_typed(world, submitter):
    form = begin(world, contact__last_name=None, company__name=None, need="Proof at once")
    answer = submitter.post(reverse("handoff:new"), form)
    assert answer.status_code == 422
    assert 'href="#id_contact.last_name"' in body(answer)
    assert 'aria-invalid="true"' in body(answer)
    assert values(answer)["need"] == "Proof at once"
    assert values(answer)["submission_uuid"] == form["submission_uuid"]
    assert not Handoff.objects.exists()


def test_new_form_handed_off_with_gaps_stays_a_draft_that_names_them(world, submitter):
    form = begin(world, action="hand_off", budget="n/a", timeline=None)
    answer = submitter.post(reverse("handoff:new"), form, follow=True)
    draft = Handoff.objects.get()
    assert draft.status == Status.DRAFT
    assert answer.request["PATH_INFO"] == reverse("handoff:edit", args=[draft.pk])
    assert "“n/a” does not count for Budget." in body(answer)
    assert "Timeline is missing." in body(answer)
    assert "Not handed off yet. The draft is kept." in body(answer)
    assert values(answer)["budget"] == "n/a"


def test_new_form_of_a_known_lead_starts_with_what_is_known(world, submitter):
    company = Company.objects.create(name="Halden GmbH", size=240)
    lead = Lead.objects.create(company=company, last_name="Reuter", email="c@halden.example")
    shown = values(submitter.get(reverse("handoff:new"), {"lead": lead.pk}))
    assert shown["company.name"] == "Halden GmbH"
    assert shown["company.size"] == "240"
    assert shown["contact.last_name"] == "Reuter"
    submitter.post(reverse("handoff:new"), begin(world, lead=lead))
    assert Handoff.objects.get().lead == lead


def test_new_page_finds_leads_by_name(world, submitter):
    company = Company.objects.create(name="Halden GmbH")
    lead = Lead.objects.create(company=company, last_name="Reuter")
    found = body(submitter.get(reverse("handoff:new"), {"q": "reut hald"}))
    assert f"lead={lead.pk}" in found
    assert "No lead fits “nobody”" in body(submitter.get(reverse("handoff:new"), {"q": "nobody"}))


def test_new_page_says_that_the_lead_is_open_already(world, submitter):
    row = world.submitted()
    shown = body(submitter.get(reverse("handoff:new"), {"lead": row.lead_id}))
    assert f"Open handoff {row.pk}" in shown


@pytest.mark.parametrize("lead", ["x", "0", "999999", "1" * 30, "9" * 4_301, "-1", "\x00", "²"])
def test_new_page_of_an_unknown_lead_is_not_there(submitter, lead):
    assert submitter.get(reverse("handoff:new"), {"lead": lead}).status_code == 404


def test_new_page_of_the_lead_of_somebody_else_is_not_there(world, submitter):
    company = Company.objects.create(name="Halden GmbH")
    lead = Lead.objects.create(company=company, last_name="Reuter", claimed_by=world.ae)
    assert submitter.get(reverse("handoff:new"), {"lead": lead.pk}).status_code == 404
    answer = submitter.post(reverse("handoff:new"), begin(world, lead=lead))
    assert answer.status_code == 404


def test_new_page_refuses_who_may_not_submit(receiver):
    answer = receiver.get(reverse("handoff:new"))
    assert answer.status_code == 403
    assert "Only submitters hand leads over." in body(answer)


BROKEN = [
    {"submission_uuid": "x"},
    {"submission_uuid": ""},
    {"type": "\x00"},
    {"type": "no_such_type"},
    {"lead": "x"},
    {"lead": str(2**70)},
]


@pytest.mark.parametrize("broken", BROKEN, ids=[str(n) for n in range(len(BROKEN))])
def test_new_form_with_broken_hidden_fields_is_refused(world, submitter, broken):
    answer = submitter.post(reverse("handoff:new"), {**begin(world), **broken})
    assert answer.status_code in {400, 404}
    assert not Handoff.objects.exists()


ODD = [
    {"need": "a\x00b"},
    {"need": "x" * 5_001},
    {"company.size": "many"},
    {"company.size": "9" * 40},
    {"pains": "a\nb\nc\nd"},
    {"temperature": "boiling"},
]


@pytest.mark.parametrize("odd", ODD, ids=[str(n) for n in range(len(ODD))])
def test_answer_that_cannot_be_kept_is_refused_in_words_and_keeps_the_rest(world, submitter, odd):
    answer = submitter.post(
        reverse("handoff:new"), {**begin(world, budget="60,000 EUR, signed"), **odd}
    )
    assert answer.status_code == 422
    assert 'class="field-error"' in body(answer)
    assert values(answer)["budget"] == "60,000 EUR, signed"
    assert not Handoff.objects.exists()


def test_new_form_that_lowers_the_temperature_of_a_lead_is_refused(world, submitter):
    company = Company.objects.create(name="Halden GmbH")
    lead = Lead.objects.create(
        company=company, last_name="Reuter", temperature="hot", source="crm", external_id="7"
    )
    answer = submitter.post(reverse("handoff:new"), begin(world, lead=lead))
    assert answer.status_code == 422
    assert "This lead is hot. You can raise it; ask your manager to lower it." in body(answer)


def test_form_of_a_megabyte_is_refused(world, submitter):
    big = {**begin(world), "need": "x" * 1_100_000}
    assert submitter.post(reverse("handoff:new"), big).status_code == 400
    draft = world.draft()
    form = {**typed(), "version": 1, "need": "x" * 1_100_000}
    answer = submitter.post(reverse("handoff:edit", args=[draft.pk]), form)
    assert answer.status_code == 400


def test_edit_saves_and_says_so(world, submitter):
    draft = world.draft()
    form = {**typed(budget="60,000 EUR, signed"), "version": draft.version, "temperature": "hot"}
    answer = submitter.post(reverse("handoff:edit", args=[draft.pk]), form, follow=True)
    assert "Draft saved." in body(answer)
    draft.refresh_from_db()
    assert (draft.answers["budget"], draft.temperature) == ("60,000 EUR, signed", "hot")


def test_edit_of_an_older_state_is_told_who_changed_it_and_keeps_typed(world, submitter):
    draft = world.draft()
    form = {**typed(budget="60,000 EUR, signed"), "version": draft.version}
    save_draft(draft, answers=answers(), by=world.sdr, now=NOW)
    answer = submitter.post(reverse("handoff:edit", args=[draft.pk]), form)
    assert answer.status_code == 409
    assert "Sam Okafor changed the draft at 11:00. Nothing was changed." in body(answer)
    assert values(answer)["budget"] == "60,000 EUR, signed"
    assert "Load what is stored" in body(answer)
    draft.refresh_from_db()
    assert draft.answers["budget"] != "60,000 EUR, signed"


@pytest.mark.parametrize("version", ["", "x", "0", "-1", str(2**80), "\x00"])
@pytest.mark.parametrize("name", ["edit", "submit", "withdraw"])
def test_change_that_does_not_say_which_state_it_saw_is_refused(world, submitter, name, version):
    draft = world.draft()
    form = {**typed(), "version": version}
    answer = submitter.post(reverse(f"handoff:{name}", args=[draft.pk]), form)
    assert answer.status_code == 400
    draft.refresh_from_db()
    assert draft.version == 1


def test_edit_of_a_submitted_handoff_leads_to_its_page(world, submitter):
    row = world.submitted()
    answer = submitter.get(reverse("handoff:edit", args=[row.pk]))
    assert answer.url == reverse("handoff:detail", args=[row.pk])


def test_edit_by_a_receiver_is_refused(world, receiver):
    row = world.submitted()
    assert receiver.get(reverse("handoff:edit", args=[row.pk])).status_code == 403
    form = {**typed(), "version": row.version}
    assert receiver.post(reverse("handoff:edit", args=[row.pk]), form).status_code == 403


def test_hand_off_of_a_lead_that_is_open_already_is_told_and_keeps_the_draft(world, submitter):
    row = world.submitted()
    draft = world.draft(lead=row.lead)
    save_draft(draft, answers=row.answers, by=world.sdr, now=NOW)
    draft.refresh_from_db()
    answer = submitter.post(reverse("handoff:submit", args=[draft.pk]), {"version": draft.version})
    assert answer.status_code == 409
    assert f"Handoff {row.pk} of this lead is open" in body(answer)
    draft.refresh_from_db()
    assert draft.status == Status.DRAFT


def test_accept_from_the_queue_goes_back_to_it(world, receiver):
    row = world.submitted()
    form = {"version": row.version, "back": "queue"}
    answer = receiver.post(reverse("handoff:accept", args=[row.pk]), form, follow=True)
    assert answer.request["PATH_INFO"] == reverse("handoff:queue")
    assert "is accepted." in body(answer)
    row.refresh_from_db()
    assert row.status == Status.ACCEPTED


def test_accept_twice_second_is_told_who_was_first(world, receiver, time_machine):
    row = world.submitted()
    accept_handoff(row, by=world.ae, now=NOW)
    time_machine.move_to(NOW + timedelta(minutes=4), tick=False)
    answer = receiver.post(reverse("handoff:accept", args=[row.pk]), {"version": row.version})
    assert answer.status_code == 409
    assert f"Not accepted:</b> {world.ae.name} accepted it at 11:00. Nothing was changed." in body(
        answer
    )
    assert "Traceback" not in body(answer)


@pytest.mark.parametrize("name", ["reject", "concede", "withdraw"])
def test_dialog_whose_time_is_over_says_who_was_first(world, client, name):
    row = world.submitted()
    accept_handoff(row, by=world.ae, now=NOW)
    client.force_login(world.manager)
    answer = client.get(reverse(f"handoff:{name}", args=[row.pk]))
    assert answer.status_code == 409
    assert f"{world.ae.name} accepted it at 11:00. Nothing was changed." in body(answer)


def reject_form(row, **changes):
    return {"version": row.version, "reason": "missing_information", "note": "", **changes}


def test_reject_with_fields_sends_it_back_with_them_marked(world, receiver, client):
    row = world.submitted()
    form = reject_form(row, fields_missing=["budget", "timeline"], note="Who signs?")
    answer = receiver.post(reverse("handoff:reject", args=[row.pk]), form, follow=True)
    assert "Sam Okafor has" in body(answer)
    leg = row.legs.get()
    assert (leg.rejected_fields, leg.note) == (["budget", "timeline"], "Who signs?")
    client.force_login(world.sdr)
    shown = body(client.get(reverse("handoff:detail", args=[row.pk])))
    assert "rejected this handoff 11:00: missing information." in shown
    assert "Who signs?" in shown


def test_reject_for_missing_information_without_fields_is_refused_and_keeps_typed(world, receiver):
    row = world.submitted()
    answer = receiver.post(
        reverse("handoff:reject", args=[row.pk]), reject_form(row, note="Who signs?")
    )
    assert answer.status_code == 422
    assert "Mark the fields that are missing" in body(answer)
    assert values(answer)["note"] == "Who signs?"
    assert re.search(r'value="missing_information" checked', body(answer))
    row.refresh_from_db()
    assert row.status == Status.PENDING


def test_reject_marks_fields_for_missing_information_only(world, receiver):
    row = world.submitted()
    form = reject_form(row, reason="no_budget", fields_missing=["budget"])
    receiver.post(reverse("handoff:reject", args=[row.pk]), form)
    row.refresh_from_db()
    assert (row.status, row.legs.get().rejected_fields) == (Status.REJECTED, [])


def test_reject_for_a_conflict_says_that_it_went_on(world, receiver):
    row = world.submitted()
    form = reject_form(row, reason="conflict")
    answer = receiver.post(reverse("handoff:reject", args=[row.pk]), form, follow=True)
    assert "went on to the next receiver" in body(answer)


ODD_REJECTIONS = [
    {"reason": ""},
    {"reason": "\x00"},
    {"reason": "because"},
    {"fields_missing": ["no_such_field"]},
    {"fields_missing": ["\x00"]},
    {"fields_missing": ["budget"], "note": "a\x00b"},
    {"fields_missing": ["budget"], "note": "x" * 2_001},
]


@pytest.mark.parametrize("odd", ODD_REJECTIONS, ids=[str(n) for n in range(len(ODD_REJECTIONS))])
def test_reject_with_odd_values_is_refused_in_words(world, receiver, odd):
    row = world.submitted()
    answer = receiver.post(reverse("handoff:reject", args=[row.pk]), reject_form(row, **odd))
    assert answer.status_code == 422
    assert 'class="field-error"' in body(answer)
    row.refresh_from_db()
    assert row.status == Status.PENDING


def test_reject_without_reason_is_refused_without_machine_names(world, receiver):
    row = world.submitted()
    said = body(
        receiver.post(reverse("handoff:reject", args=[row.pk]), reject_form(row, reason=""))
    )
    assert "Choose a reason." in said
    assert "missing_information, wrong_icp" not in said


def test_fix_opens_a_draft_with_the_marked_fields_first(world, submitter):
    row = world.submitted()
    reject_handoff(
        row,
        reason="missing_information",
        fields=["timeline"],
        note="Why March?",
        by=world.ae,
        now=NOW,
    )
    row.refresh_from_db()
    answer = submitter.post(
        reverse("handoff:fix", args=[row.pk]), {"version": row.version}, follow=True
    )
    shown = body(answer)
    assert "Why March?" in shown
    assert "1 marked field" in shown
    assert shown.index('id="id_timeline"') < shown.index('id="id_company.name"')
    assert shown.count('id="id_timeline"') == 1
    assert values(answer)["need"] == row.answers["need"]


def test_fix_twice_opens_the_same_draft(world, submitter):
    row = world.submitted()
    reject_handoff(row, reason="duplicate", by=world.ae, now=NOW)
    row.refresh_from_db()
    draft = start_fix(row, by=world.sdr, now=NOW)
    answer = submitter.post(reverse("handoff:fix", args=[row.pk]), {"version": row.version})
    assert answer.url == reverse("handoff:edit", args=[draft.pk])


def test_fix_of_what_is_not_rejected_is_told(world, submitter):
    row = world.submitted()
    answer = submitter.post(reverse("handoff:fix", args=[row.pk]), {"version": row.version})
    assert answer.status_code == 409


@pytest.mark.parametrize("to", [ClosedAs.CONCEDED, ClosedAs.NURTURE])
def test_concede_closes_as_chosen(world, submitter, to):
    row = world.submitted()
    reject_handoff(row, reason="duplicate", by=world.ae, now=NOW)
    row.refresh_from_db()
    form = {"version": row.version, "to": to}
    submitter.post(reverse("handoff:concede", args=[row.pk]), form)
    row.refresh_from_db()
    assert (row.status, row.closed_as) == (Status.CLOSED, to)


def test_concede_without_a_choice_is_refused(world, submitter):
    row = world.submitted()
    reject_handoff(row, reason="duplicate", by=world.ae, now=NOW)
    row.refresh_from_db()
    for to in ("", "won", "\x00"):
        answer = submitter.post(
            reverse("handoff:concede", args=[row.pk]), {"version": row.version, "to": to}
        )
        assert answer.status_code == 422
    row.refresh_from_db()
    assert row.status == Status.REJECTED


def test_withdraw_says_the_consequence_first_then_closes(world, submitter):
    row = world.submitted()
    address = reverse("handoff:withdraw", args=[row.pk])
    assert f"{world.ae.name} is told" in body(submitter.get(address))
    submitter.post(address, {"version": row.version})
    row.refresh_from_db()
    assert row.closed_as == ClosedAs.WITHDRAWN


def test_withdraw_of_a_draft_discards_it(world, submitter):
    draft = world.draft()
    answer = submitter.post(
        reverse("handoff:withdraw", args=[draft.pk]), {"version": draft.version}, follow=True
    )
    assert "Draft discarded." in body(answer)
    assert answer.request["PATH_INFO"] == reverse("handoff:list")


def test_returned_draft_says_from_whom_it_came_back_and_why(world, submitter):
    row = world.submitted()
    draft = return_handoff(row, note="The plant is <closed>.", by=world.manager, now=NOW)
    page = body(submitter.get(reverse("handoff:edit", args=[draft.pk])))
    assert f"It came back from {world.ae.name} 11:00." in page
    assert "The plant is &lt;closed&gt;." in page
    other = body(submitter.get(reverse("handoff:edit", args=[world.draft().pk])))
    assert "It came back" not in other
