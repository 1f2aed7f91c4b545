"""Drafts that save themselves while they are written: one draft, nothing lost, told in words."""

import json
import uuid

import pytest
from django.test import Client
from django.urls import reverse

from handoff.choices import Status
from handoff.models import Event, Handoff, HandoffType
from handoff.rules.presets import MEETING_SET_KEY
from handoff.services import save_draft, start_fix
from handoff.services.catalogue import publish_form
from handoff.services.decide import reject_handoff
from tests.db.handoff.test_forms import begin, body, typed, values
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


def save_new(client, form):
    return client.post(reverse("handoff:autosave_new"), form)


def save(client, row, **form):
    return client.post(reverse("handoff:autosave", args=[row.pk]), {**typed(), **form})


def test_first_save_makes_the_draft_and_says_where_it_goes_on(world, submitter):
    answer = save_new(submitter, begin(world, budget="n/a", timeline=None))
    draft = Handoff.objects.get()
    told = answer.json()
    assert answer.status_code == 200
    assert (told["version"], told["saved"]) == (1, "11:00")
    assert told["edit"] == reverse("handoff:edit", args=[draft.pk])
    assert told["progress"]["sentence"] == "Still missing: budget, timeline."
    budget, timeline = told["progress"]["missing"]
    assert budget["words"].startswith("“n/a” does not count for Budget.")
    assert not budget["is_empty"]
    assert timeline["is_empty"]
    assert told["progress"]["percent"] == draft.completeness


def test_first_save_sent_twice_makes_one_draft(world, submitter):
    form = begin(world)
    first, again = save_new(submitter, form).json(), save_new(submitter, form).json()
    assert first["edit"] == again["edit"]
    assert Handoff.objects.count() == 1


def test_first_save_and_the_button_make_one_draft(world, submitter):
    form = begin(world)
    save_new(submitter, form)
    submitter.post(reverse("handoff:new"), {**form, "action": "hand_off"})
    assert Handoff.objects.get().status == Status.PENDING


def test_first_save_without_names_keeps_nothing_and_says_which(world, submitter):
    answer = save_new(submitter, begin(world, contact__last_name=None))
    assert answer.status_code == 422
    assert [p["field"] for p in answer.json()["problems"]] == ["contact.last_name"]
    assert not Handoff.objects.exists()


def test_save_counts_the_version_up_only_when_something_changed(world, submitter):
    draft = world.draft()
    first = save(submitter, draft, version=1, budget="60,000 EUR, signed").json()
    assert first["version"] == 2
    form = {**typed(), "version": 2, **draft_form(draft)}
    again = submitter.post(reverse("handoff:autosave", args=[draft.pk]), form)
    assert again.json()["version"] == 2
    assert Event.objects.filter(handoff=draft, kind="edited").count() == 1


def draft_form(draft):
    draft.refresh_from_db()
    stored = dict.fromkeys(typed(), "")
    told = {**stored, **draft.answers, "temperature": draft.temperature}
    return {**told, "pains": "\n".join(draft.answers["pains"])}


def test_save_of_an_older_state_changes_nothing_and_tells_the_newer_one(world, submitter):
    draft = world.draft()
    save_draft(draft, answers=answers(need="From the other tab"), by=world.sdr, now=NOW)
    answer = save(submitter, draft, version=1, need="From this tab")
    assert answer.status_code == 409
    told = answer.json()
    assert told["code"] == "stale_version"
    assert told["message"].startswith("Sam Okafor changed the draft at 11:00.")
    assert told["current"]["version"] == 2
    assert Handoff.objects.get().answers["need"] == "From the other tab"
    mine = save(submitter, draft, version=1, need="From this tab", keep=told["current"]["version"])
    assert mine.status_code == 200
    assert Handoff.objects.get().answers["need"] == "From this tab"


def test_save_without_script_offers_to_keep_mine(world, submitter):
    draft = world.draft()
    save_draft(draft, answers=answers(need="Theirs"), by=world.sdr, now=NOW)
    form = {**typed(need="Mine"), "version": 1}
    answer = submitter.post(reverse("handoff:edit", args=[draft.pk]), form)
    assert 'name="keep" value="2">Keep mine</button>' in body(answer)
    submitter.post(reverse("handoff:edit", args=[draft.pk]), {**form, "keep": 2})
    assert Handoff.objects.get().answers["need"] == "Mine"


def test_save_of_what_was_handed_off_meanwhile_is_told(world, submitter):
    row = world.submitted()
    answer = save(submitter, row, version=1)
    assert answer.status_code == 409
    assert answer.json()["current"]["status"] == "pending"


@pytest.mark.parametrize(
    "odd", [{"need": "a\x00b"}, {"need": "x" * 5_001}, {"company.size": "9" * 40}]
)
def test_save_of_what_cannot_be_kept_names_the_field_and_keeps_all_others(world, submitter, odd):
    draft = world.draft()
    answer = save(submitter, draft, version=1, **{"timeline": "By summer", **odd})
    assert answer.status_code == 200
    assert [p["field"] for p in answer.json()["problems"]] == list(odd)
    kept = Handoff.objects.get()
    assert kept.version == answer.json()["version"] == 2
    # What stood there before stays, and what was typed beside it is safe.
    (name,) = odd
    assert kept.answers["timeline"] == "By summer"
    assert kept.answers[name] == draft.answers[name]


def test_first_save_with_an_answer_that_cannot_be_kept_keeps_all_others(world, submitter):
    answer = save_new(submitter, begin(world, need="x" * 5_001))
    assert answer.status_code == 200
    assert [p["field"] for p in answer.json()["problems"]] == ["need"]
    draft = Handoff.objects.get()
    assert draft.answers["budget"]
    assert "need" not in draft.answers


def test_save_is_not_for_others(world, client):
    draft = world.draft()
    client.force_login(world.ae)
    assert save(client, draft, version=1).status_code == 404
    assert save_new(client, begin(world)).status_code == 403
    row = world.submitted()
    assert save(client, row, version=1).status_code == 403
    client.logout()
    assert save(client, draft, version=1).status_code == 302


@pytest.mark.parametrize("version", ["", "x", "0", "\x00", str(2**80)])
def test_save_that_does_not_say_which_state_it_saw_is_refused(world, submitter, version):
    draft = world.draft()
    assert save(submitter, draft, version=version).status_code == 400
    assert save(submitter, draft, version=version, keep="x").status_code == 400


def test_save_needs_a_token_and_get_never_writes(world):
    draft = world.draft()
    client = Client(enforce_csrf_checks=True)
    client.force_login(world.sdr)
    assert save(client, draft, version=1).status_code == 403
    assert client.get(reverse("handoff:autosave", args=[draft.pk])).status_code == 405
    assert client.get(reverse("handoff:autosave_new")).status_code == 405


def test_marked_fields_are_still_missing_until_they_are_answered(world, submitter):
    row = world.submitted()
    reject_handoff(row, reason="missing_information", fields=["objections"], by=world.ae, now=NOW)
    draft = start_fix(row, by=world.sdr, now=NOW)
    answer = submitter.post(
        reverse("handoff:autosave", args=[draft.pk]), {**draft_form(draft), "version": 1}
    )
    assert answer.json()["progress"]["sentence"] == "Still missing: objections."


# Partial answers, times and conditions on the page


def test_partial_answer_is_kept_as_one_and_shown_again(world, submitter):
    form = {**begin(world, budget="40 to 55k"), "budget__state": "Range only"}
    submitter.post(reverse("handoff:new"), form)
    draft = Handoff.objects.get()
    assert draft.answers["budget"] == {"state": "Range only", "text": "40 to 55k"}
    shown = submitter.get(reverse("handoff:edit", args=[draft.pk]))
    assert values(shown)["budget"] == "40 to 55k"
    assert 'value="Range only" id="id_budget__state_2" checked' in " ".join(body(shown).split())
    submitter.post(
        reverse("handoff:edit", args=[draft.pk]),
        {**form, "version": draft.version, "action": "hand_off"},
    )
    draft.refresh_from_db()
    assert draft.status == Status.PENDING
    told = body(submitter.get(reverse("handoff:detail", args=[draft.pk])))
    assert "range only" in told.lower()
    assert "&#x27;state&#x27;" not in told


@pytest.fixture
def meeting(world):
    HandoffType.objects.filter(key=MEETING_SET_KEY).update(is_active=True)
    return HandoffType.objects.get(key=MEETING_SET_KEY)


def test_new_page_offers_the_types_and_a_meeting_in_the_persons_zone(world, submitter, meeting):
    page = body(submitter.get(reverse("handoff:new"), {"type": meeting.key}))
    assert "Qualified lead</a>" in page
    assert 'name="meeting_at__zone" value="Europe/Berlin"' in page
    assert "Only where “Kind of meeting” is: Online." in page
    assert "&quot;meeting_type&quot;" in page


def test_meeting_is_kept_with_its_zone(world, submitter, meeting):
    told = {"meeting_at": "2026-12-02T14:00", "meeting_at__zone": "America/New_York"}
    form = {**begin(world), "type": meeting.key, **told}
    submitter.post(reverse("handoff:new"), form)
    row = Handoff.objects.get()
    assert row.answers["meeting_at"] == "2026-12-02T14:00[America/New_York]"
    assert row.meeting_at.isoformat() == "2026-12-02T19:00:00+00:00"
    shown = values(submitter.get(reverse("handoff:edit", args=[row.pk])))
    assert shown["meeting_at"] == "2026-12-02T14:00"


# Refusals that name everything


def test_hand_off_with_one_unreadable_field_names_all_others_too(world, submitter):
    form = begin(world, action="hand_off", timeline=None, budget="n/a", company__size="many")
    answer = submitter.post(reverse("handoff:new"), form)
    assert answer.status_code == 422
    for said in ("Employees must be a whole", "Timeline is missing.", "does not count for Budget."):
        assert said in body(answer)


def test_save_with_one_unreadable_field_names_only_that(world, submitter):
    form = begin(world, timeline=None, company__size="many")
    assert "Timeline is missing." not in body(submitter.post(reverse("handoff:new"), form))


def test_hand_off_after_a_day_that_has_passed_names_it(world, submitter):
    draft = world.draft(next_step_on="2026-11-16")
    form = {**draft_form(draft), "version": 1, "action": "hand_off"}
    answer = submitter.post(reverse("handoff:edit", args=[draft.pk]), form, follow=True)
    assert "Day of the next step has passed." in body(answer)


# A form that is published while somebody types


def publish_without(world, *keys):
    layout = json.loads(json.dumps(world.type.current_form.layout))
    for part in layout["sections"]:
        part["fields"] = [item for item in part["fields"] if item["key"] not in keys]
    publish_form(world.type, layout, by=world.admin, now=NOW)


def test_form_published_meanwhile_keeps_what_was_typed_and_says_so(world, submitter):
    page = submitter.get(reverse("handoff:new"))
    assert values(page)["form"] == "1"
    form = {**begin(world, objections="Price", key=uuid.uuid4()), "form": 1}
    publish_without(world, "objections")
    answer = submitter.post(reverse("handoff:new"), form, follow=True)
    draft = Handoff.objects.get()
    assert draft.answers["objections"] == "Price"
    assert draft.form_version.n == 1
    assert "This draft keeps form 1, with all that was typed. New handoffs use form 2." in body(
        answer
    )


@pytest.mark.parametrize("n", ["", "99"])
def test_form_of_an_unknown_number_is_the_present_one(world, submitter, n):
    submitter.post(reverse("handoff:new"), {**begin(world), "form": n})
    assert Handoff.objects.get().form_version.n == 1


@pytest.mark.parametrize("n", ["x", "-1", str(2**70), "\x00"])
def test_form_with_a_broken_number_is_refused(world, submitter, n):
    answer = submitter.post(reverse("handoff:new"), {**begin(world), "form": n})
    assert answer.status_code == 400
