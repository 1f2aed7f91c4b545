"""Drafts: begun once, kept as typed, and whose they are."""

import pytest

from accounts.choices import Role
from core.errors import NotPermitted, NotVisible
from handoff.errors import (
    AnswersRefused,
    StaleVersion,
    TemperatureLowered,
    TypeNotOffered,
)
from handoff.models import Company, Handoff, Lead
from handoff.services import (
    create_draft,
    save_draft,
)
from tests.factories.handoff import NOW, answers, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(db):
    return make_world()


def test_create_draft_same_form_sent_twice_makes_one(world):
    first = world.draft()
    again = create_draft(
        type=world.type,
        answers=answers(),
        by=world.sdr,
        now=NOW,
        submission_uuid=first.submission_uuid,
    )
    assert again.pk == first.pk
    assert Handoff.objects.count() == 1
    assert Lead.objects.count() == 1


def test_create_draft_without_contact_and_company_names_both(world):
    with pytest.raises(AnswersRefused) as refused:
        create_draft(type=world.type, answers={}, by=world.sdr, now=NOW)
    assert [p.field for p in refused.value.problems] == ["contact.last_name", "company.name"]
    assert not Company.objects.exists()


def test_create_draft_by_receiver_is_not_permitted(world):
    with pytest.raises(NotPermitted):
        create_draft(type=world.type, answers=answers(), by=world.ae, now=NOW)


def test_create_draft_of_a_type_for_other_groups_is_refused(world):
    world.type.submitter_groups.clear()
    with pytest.raises(TypeNotOffered):
        world.draft()


def test_create_draft_of_a_colleagues_lead_is_not_visible(world):
    handoff = world.submitted()
    other = world.person("Lena Vogt", Role.SDR)
    with pytest.raises(NotVisible):
        world.draft(by=other, lead=handoff.lead)


def test_unclaimed_lead_belongs_to_the_submitter_who_begins_with_it(world):
    company = Company.objects.create(name="Open GmbH")
    lead = Lead.objects.create(company=company, last_name="Free")
    draft = world.draft(lead=lead)
    lead.refresh_from_db()
    assert lead.claimed_by == world.sdr
    assert draft.answers == {"company.name": "Open GmbH", "contact.last_name": "Free"}


def test_save_draft_from_an_old_page_changes_nothing(world):
    draft = world.draft()
    version = draft.version
    save_draft(draft, answers=answers(need="First tab"), by=world.sdr, now=NOW, version=version)
    with pytest.raises(StaleVersion):
        save_draft(draft, answers=answers(need="Second"), by=world.sdr, now=NOW, version=version)
    draft.refresh_from_db()
    assert draft.answers["need"] == "First tab"


def test_save_draft_with_unreadable_answer_keeps_the_old_ones(world):
    draft = world.draft()
    with pytest.raises(AnswersRefused):
        save_draft(draft, answers={"need": "a\x00b"}, by=world.sdr, now=NOW)
    draft.refresh_from_db()
    assert "\x00" not in draft.answers["need"]


def test_submitter_sets_the_temperature_of_a_lead_they_are_writing_down(world):
    draft = world.draft(temperature="hot")
    draft = save_draft(draft, answers=draft.answers, temperature="cool", by=world.sdr, now=NOW)
    assert draft.temperature == "cool"


def test_submitter_may_raise_a_known_lead_and_not_lower_it(world):
    lead = world.draft(temperature="warm").lead
    Lead.objects.filter(pk=lead.pk).update(temperature="warm", source="web", external_id="7")
    draft = world.draft(lead=lead, temperature="hot")
    assert draft.temperature == "hot"
    with pytest.raises(TemperatureLowered):
        save_draft(draft, answers=draft.answers, temperature="cool", by=world.sdr, now=NOW)
    draft = save_draft(draft, answers=draft.answers, temperature="cool", by=world.manager, now=NOW)
    assert draft.temperature == "cool"
