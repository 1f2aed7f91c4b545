"""What rules and policies may ask about a lead: read the same way everywhere, brought by forms."""

import pytest

from accounts.choices import Role
from core import vocabulary
from core.conditions import FIELDS, holds
from handoff.models import Company, Handoff, HandoffClock, Lead
from handoff.rules.catalogue import ask
from handoff.rules.form import OPTIONAL, Form, Section
from handoff.rules.presets import QUALIFIED_LEAD
from handoff.selectors.detail import contact_of
from handoff.selectors.facts import FACT_PATHS, facts_by_clock, facts_of
from handoff.services import create_draft, install_type, save_draft, submit_handoff
from handoff.services.leads import answers_of_lead
from handoff.vocabulary import MOST_VALUES, values_in_use
from routing.models import Pool
from routing.services import create_pool, publish_rule_set
from tests.factories.handoff import NOW, answers, make_world

pytestmark = pytest.mark.django_db
TOLD = {
    "company.segment": "Enterprise",
    "contact.product": "Analytics",
    "contact.language": "German",
    "contact.score": 70,
}
WITH_FACTS = Form.of(
    (
        *QUALIFIED_LEAD.sections,
        Section("routing", "Routing", tuple(ask(key, OPTIONAL) for key in TOLD)),
    )
)


@pytest.fixture
def world(db):
    world = make_world()
    world.type = install_type(
        key=world.type.key,
        name=world.type.name,
        form=WITH_FACTS,
        submitters=[Role.SDR],
        receivers=[Role.AE],
        by=world.admin,
        now=NOW,
    )
    return world


def fresh(row):
    return Handoff.objects.select_related("type", "lead__company").get(pk=row.pk)


def test_facts_are_all_that_conditions_may_ask_for(world):
    assert set(FACT_PATHS) == set(FIELDS)
    assert set(facts_of(fresh(world.draft()))) == set(FIELDS)


def test_facts_read_one_by_one_and_many_at_once_are_the_same(world):
    row = fresh(world.submitted(**{key.replace(".", "__"): TOLD[key] for key in TOLD}))
    facts = facts_of(row)
    assert dict(Handoff.objects.filter(pk=row.pk).values(*FACT_PATHS.values()).get()) == {
        FACT_PATHS[name]: value for name, value in facts.items()
    }
    clocks = list(HandoffClock.objects.filter(handoff=row).values_list("clock", flat=True))
    assert clocks
    assert facts_by_clock(clocks) == dict.fromkeys(clocks, facts)


def test_submitted_answers_are_written_to_lead_and_company_and_known_the_next_time(world):
    row = fresh(world.submitted(**{key.replace(".", "__"): TOLD[key] for key in TOLD}))
    company, lead = row.lead.company, row.lead
    assert company.segment == "Enterprise"
    assert (lead.product, lead.language, lead.score) == ("Analytics", "German", 70)
    assert not {*company.details, *lead.details} & set(TOLD)
    known = answers_of_lead(lead, WITH_FACTS)
    assert {key: known[key] for key in TOLD} == TOLD


def test_submit_goes_by_what_the_form_has_just_said(world):
    pool = create_pool(name="Enterprise", manager=world.manager, by=world.admin, now=NOW)
    asked = [
        {"field": "segment", "op": "eq", "value": "ENTERPRISE"},
        {"field": "score", "op": "gt", "value": 60},
        {"field": "language", "op": "in", "value": ["german", "english"]},
        {"field": "product", "op": "starts_with", "value": "ana"},
    ]
    publish_rule_set(
        rules=[
            {"name": "Large", "conditions": {"all": asked}, "pool": pool},
            {"name": "Everything", "conditions": {}, "pool": Pool.objects.get(pk=world.pool.pk)},
        ],
        by=world.admin,
        now=NOW,
    )
    assert world.submitted(**{key.replace(".", "__"): TOLD[key] for key in TOLD}).pool == pool
    assert world.submitted().pool == world.pool


def test_head_of_the_page_names_what_is_known(world):
    row = fresh(world.submitted(**{key.replace(".", "__"): TOLD[key] for key in TOLD}))
    traits = ("Enterprise", "Asks about Analytics", "Speaks German", "Score 70")
    assert contact_of(row).traits == traits
    assert contact_of(fresh(world.submitted())).traits == ()
    draft = world.draft(contact__score=0, company__segment="SMB")
    assert contact_of(fresh(draft)).traits == ("SMB", "Score 0")


# Values to choose from


def test_known_values_are_types_temperatures_and_what_is_in_use(world):
    company = Company.objects.create(name="A", country=" de ", segment="SMB", industry="Space")
    for country in ("DE", "DE", "AT", ""):
        Company.objects.create(name="B", country=country)
    Lead.objects.create(company=company, source="web", product="Analytics", language="German")
    known = vocabulary.known_values()
    assert known["country"] == [("AT", "AT"), ("DE", "DE")]
    assert known["segment"] == [("SMB", "SMB")]
    assert ("Space", "Space") in known["industry"]
    assert ("Retail and e-commerce", "Retail and e-commerce") in known["industry"]
    assert (known["source"], known["product"]) == ([("web", "web")], [("Analytics", "Analytics")])
    assert known["language"] == [("German", "German")]
    assert ("qualified_lead", "Qualified lead") in known["type"]
    assert known["temperature"][0] == ("hot", "Hot")


def test_choices_are_only_those_that_there_are():
    make_world(receivers=0)
    choices = vocabulary.choices()
    assert set(choices) == {"type", "temperature"}
    assert choices["temperature"] == {"hot": "Hot", "warm": "Warm", "cool": "Cool"}


def test_values_in_use_are_bounded_and_take_two_queries(django_assert_num_queries):
    Company.objects.bulk_create(Company(name="A", country=f"Land {n}") for n in range(200))
    Company.objects.bulk_create(Company(name="A", country="Often") for _ in range(2))
    with django_assert_num_queries(2):
        found = values_in_use()
    assert len(found["country"]) == MOST_VALUES
    assert ("Often", "Often") in found["country"]
    assert found["segment"] == found["source"] == []


def test_draft_keeps_what_the_facts_are_asked_with(world):
    draft = create_draft(type=world.type, answers=answers(), by=world.sdr, now=NOW)
    saved = save_draft(draft, answers=draft.answers | TOLD, by=world.sdr, now=NOW)
    assert submit_handoff(saved, by=world.sdr, now=NOW).lead.score == 70
    assert holds({"all": [{"field": "score", "op": "known"}]}, facts_of(fresh(saved)))
