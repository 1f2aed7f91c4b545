"""Whose lead and company a draft is: known again by what is real, never by what is out of sight."""

from dataclasses import replace

import pytest

from accounts.choices import Role
from handoff.errors import AlreadyOpen, AnswersRefused
from handoff.models import Company, Event, Handoff, Lead
from handoff.rules.form import Form
from handoff.rules.presets import QUALIFIED_LEAD
from handoff.selectors.detail import contact_of
from handoff.services import create_draft, install_type, save_draft, submit_handoff
from handoff.services.imports import LeadRow, import_leads
from tests.factories.handoff import NOW, answers, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(db):
    return make_world()


@pytest.fixture
def stranger(world):
    return world.person("Olga Else", Role.SDR, team=False)


def typed(world, by=None, **told):
    """A draft of what was typed so far, and nothing else."""
    told = {key.replace("__", "."): value for key, value in told.items()}
    return create_draft(type=world.type, answers=told, by=by or world.sdr, now=NOW)


def complete(row, by, **changes):
    row = save_draft(row, answers=answers(**changes), by=by, now=NOW)
    return submit_handoff(row, by=by, now=NOW)


# What is not real names nobody


@pytest.mark.parametrize("fake", ["n/a", "unknown", "-"])
@pytest.mark.parametrize("key", ["contact__email", "company__domain"])
def test_placeholder_makes_no_two_drafts_of_one_lead_or_company(world, key, fake):
    first = world.draft(**{key: fake})
    second = world.draft(**{key: fake})
    assert first.lead_id != second.lead_id
    assert first.lead.company_id != second.lead.company_id
    assert not Company.objects.exclude(domain="").exists()
    assert first.answers[key.replace("__", ".")] == fake
    assert not Lead.objects.filter(email=fake).exists()


def test_placeholder_for_a_company_name_makes_a_company_each_time(world):
    first, second = world.draft(company__name="n/a"), world.draft(company__name="N/A")
    assert first.lead.company_id != second.lead.company_id
    assert first.lead.company.name == "n/a"


def test_address_that_is_none_yet_is_not_kept_as_one(world):
    assert world.draft(contact__email="ana@nordw").lead.email == ""


def test_imported_placeholder_domain_joins_no_companies(world):
    rows = [
        LeadRow({"name": name, "domain": "n/a"}, {"last_name": "Ruiz"}, "crm", name)
        for name in ("Nordwind", "Other Ltd")
    ]
    import_leads(rows, by=world.admin)
    assert set(Company.objects.values_list("name", "domain")) == {
        ("Nordwind", ""),
        ("Other Ltd", ""),
    }


# What is out of sight


def canary(world, **changes):
    told = {"company__name": "Canary Ltd", "company__size": 777, "company__country": "Norway"}
    return world.submitted(**told, company__domain="canary.example", **changes)


def test_draft_naming_a_company_out_of_sight_shows_nothing_of_it(world, stranger):
    known = canary(world)
    for told in (
        {"company__name": "canary ltd"},
        {"company__name": "Else", "company__domain": "Canary.example"},
    ):
        row = typed(world, by=stranger, contact__last_name="Moe", **told)
        assert set(row.answers) <= {"company.name", "company.domain", "contact.last_name"}
        assert row.lead.company_id != known.lead.company_id
        assert row.lead.company.size is None


def test_submit_corrected_name_leaves_the_company_out_of_sight_alone(world, stranger):
    known = canary(world)
    row = typed(world, by=stranger, company__name="canary ltd", contact__last_name="Moe")
    row = complete(row, stranger, company__name="Canary Labs", company__size=5)
    assert row.lead.company.name == "Canary Labs"
    known.lead.company.refresh_from_db()
    assert (known.lead.company.name, known.lead.company.size) == ("Canary Ltd", 777)


def test_submit_with_the_domain_of_a_company_out_of_sight_joins_it_and_overwrites_nothing(
    world, stranger
):
    company = canary(world).lead.company
    Company.objects.filter(pk=company.pk).update(country="", details={"company.location": "Oslo"})
    row = world.draft(by=stranger, company__domain="CANARY.example", company__name="My Canary")
    made = row.lead.company_id
    row = submit_handoff(row, by=stranger, now=NOW)
    row.lead.refresh_from_db()
    company.refresh_from_db()
    assert row.lead.company_id == company.pk
    assert (company.name, company.size, company.country) == ("Canary Ltd", 777, "Germany")
    assert company.details == {"company.location": "Oslo"}
    assert not Company.objects.filter(pk=made).exists()


# What a form names at submission


def test_submit_of_another_name_goes_to_a_company_of_its_own_where_others_share(world):
    first = world.submitted(company__name="Acme")
    second = typed(world, company__name="acme", contact__last_name="Moe")
    assert second.lead.company_id == first.lead.company_id
    second = complete(second, world.sdr, company__name="Acme Labs", company__size=12)
    first.lead.company.refresh_from_db()
    assert first.lead.company.name == "Acme"
    assert first.lead.company.size == 180
    second.lead.refresh_from_db()
    assert (second.lead.company.name, second.lead.company.size) == ("Acme Labs", 12)


def test_submit_of_another_domain_goes_to_a_company_of_its_own_where_others_share(world):
    told = {"company__name": "Acme", "company__domain": "acme.example"}
    first = world.submitted(**told)
    second = complete(
        world.draft(**told), world.sdr, company__name="Acme", company__domain="acme.test"
    )
    second.lead.refresh_from_db()
    assert second.lead.company_id != first.lead.company_id
    assert second.lead.company.domain == "acme.test"
    first.lead.company.refresh_from_db()
    assert first.lead.company.domain == "acme.example"


def test_submit_of_another_name_with_the_same_domain_stays_and_renames_nothing_shared(world):
    told = {"company__name": "Acme", "company__domain": "acme.example"}
    first = world.submitted(**told)
    second = complete(world.draft(**told), world.sdr, **{**told, "company__name": "Acme Labs"})
    second.lead.refresh_from_db()
    assert second.lead.company_id == first.lead.company_id
    assert second.lead.company.name == "Acme"


def test_submit_of_another_name_goes_to_the_company_in_sight_of_that_name(world):
    first = world.submitted(company__name="Acme Labs")
    second = complete(world.draft(company__name="Acme"), world.sdr, company__name="acme labs")
    second.lead.refresh_from_db()
    assert second.lead.company_id == first.lead.company_id


def test_submit_renames_a_company_whose_only_lead_it_is(world):
    row = world.draft(company__name="Acmee")
    company = row.lead.company_id
    row = complete(row, world.sdr, company__name="Acme", company__domain="acme.example")
    assert (row.lead.company_id, row.lead.company.name) == (company, "Acme")
    assert Company.objects.get(pk=company).domain == "acme.example"


# Half an answer


def publish_partial(world, *keys):
    sections = tuple(
        replace(
            part,
            fields=tuple(
                replace(field, partial=("Estimate only",)) if field.key in keys else field
                for field in part.fields
            ),
        )
        for part in QUALIFIED_LEAD.sections
    )
    world.type = install_type(
        key=world.type.key,
        name=world.type.name,
        form=Form.of(sections),
        submitters=[Role.SDR],
        receivers=[Role.AE],
        by=world.admin,
        now=NOW,
    )


HALF = {"state": "Estimate only"}


def test_half_an_answer_about_company_or_contact_stays_on_the_draft(world):
    publish_partial(world, "company.size", "company.industry", "company.country", "contact.title")
    row = world.draft(
        company__size=HALF,
        company__industry=HALF,
        company__country=HALF,
        contact__title={**HALF, "text": "COO or CFO"},
    )
    company, lead = Company.objects.get(), Lead.objects.get()
    assert (company.size, company.industry, company.country, lead.title) == (None, "", "", "")
    assert row.answers["company.size"] == HALF
    assert contact_of(row).title == "COO or CFO"


def test_half_a_name_is_what_else_was_said(world):
    publish_partial(world, "company.name", "contact.last_name")
    half = {**HALF, "text": "Nord"}
    row = world.draft(company__name=half, contact__last_name={**HALF, "text": "R."})
    assert (row.lead.company.name, row.lead.last_name) == ("Nord", "R.")
    shown = contact_of(row)
    assert (shown.name, shown.company) == ("Ana R.", "Nord")
    with pytest.raises(AnswersRefused) as refused:
        world.draft(company__name=HALF)
    assert [found.field for found in refused.value.problems] == ["company.name"]


# An address that came later


def autosaved(world, **changes):
    """As a page saves it: company and name at first, all else a little later."""
    row = typed(world, company__name="Nordwind", contact__last_name="Ruiz")
    return save_draft(row, answers=answers(**changes), by=world.sdr, now=NOW)


def test_submit_of_a_person_known_by_a_later_address_is_refused_while_theirs_is_open(world):
    first = world.submitted(contact__email="ana@nordwind.example")
    row = autosaved(world, contact__email="Ana@nordwind.example")
    with pytest.raises(AlreadyOpen):
        submit_handoff(row, by=world.sdr, now=NOW)
    row.refresh_from_db()
    assert (row.status, Handoff.objects.exclude(pk=first.pk).get()) == ("draft", row)


def test_submit_of_a_person_known_by_a_later_address_is_of_their_lead(world):
    company = Company.objects.create(name="Nordwind")
    lead = Lead.objects.create(company=company, last_name="Ruiz", email="ana@nordwind.example")
    row = autosaved(world, company__name="Nordwind", contact__email="ana@nordwind.example")
    made = row.lead_id
    assert made != lead.pk
    row = submit_handoff(row, by=world.sdr, now=NOW)
    assert row.lead_id == Handoff.objects.get().lead_id == lead.pk
    assert not Lead.objects.filter(pk=made).exists()
    assert Company.objects.get() == company
    lead.refresh_from_db()
    assert lead.claimed_by == world.sdr
    assert Event.objects.get(kind="submitted").data["set"]["lead_id"] == lead.pk


def test_submit_of_a_lead_used_elsewhere_stays_with_it(world):
    Lead.objects.create(
        company=Company.objects.create(name="Nordwind"), email="ana@nordwind.example"
    )
    row = autosaved(world, contact__email="ana@nordwind.example")
    world.draft(lead=row.lead)
    made = row.lead_id
    assert submit_handoff(row, by=world.sdr, now=NOW).lead_id == made


def test_submit_of_an_imported_lead_stays_with_it(world):
    Lead.objects.create(
        company=Company.objects.create(name="Nordwind"), email="ana@nordwind.example"
    )
    lead = Lead.objects.create(
        company=Company.objects.create(name="Other"), source="crm", external_id="7"
    )
    row = world.draft(lead=lead)
    row = complete(row, world.sdr, contact__email="ana@nordwind.example")
    assert row.lead_id == lead.pk


# A temperature that was raised meanwhile


def test_submit_keeps_the_temperature_that_was_raised_meanwhile(world):
    lead = Lead.objects.create(
        company=Company.objects.create(name="N"), source="crm", external_id="7"
    )
    row = world.draft(lead=lead)
    row = save_draft(row, answers=answers(), by=world.sdr, now=NOW)
    Lead.objects.filter(pk=lead.pk).update(temperature="hot")
    row = submit_handoff(row, by=world.sdr, now=NOW)
    lead.refresh_from_db()
    row.refresh_from_db()
    assert (lead.temperature, row.temperature) == ("hot", "hot")
    assert Event.objects.get(kind="submitted").data["set"]["temperature"] == "hot"


def test_submit_by_a_manager_lowers_the_temperature(world):
    lead = Lead.objects.create(
        company=Company.objects.create(name="N"),
        claimed_by=world.sdr,
        source="crm",
        external_id="7",
    )
    row = save_draft(world.draft(lead=lead), answers=answers(), by=world.sdr, now=NOW)
    Lead.objects.filter(pk=lead.pk).update(temperature="hot")
    submit_handoff(row, by=world.manager, now=NOW)
    lead.refresh_from_db()
    assert lead.temperature == "warm"


def test_submit_of_a_lead_that_is_just_written_down_takes_the_drafts_temperature(world):
    row = world.draft(temperature="hot")
    Lead.objects.update(temperature="hot")
    row = save_draft(row, answers=row.answers, temperature="cool", by=world.sdr, now=NOW)
    row = submit_handoff(row, by=world.sdr, now=NOW)
    assert (row.temperature, Lead.objects.get().temperature) == ("cool", "cool")
