"""Lists of handoffs and leads."""

import pytest
from django.urls import reverse

from accounts.choices import Role
from handoff.services import reject_handoff
from tests.factories.handoff import NOW, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(time_machine):
    time_machine.move_to(NOW, tick=False)
    return make_world()


def read(client, user, name, *args, **query):
    client.force_login(user)
    return client.get(reverse(name, args=args), query)


def text(response):
    return response.content.decode()


BAD_QUERIES = [
    {"page": "x"},
    {"page": "-1"},
    {"page": "99999999999999999999"},
    {"page": "\x00"},
    {"status": "lost"},
    {"status": "\x00"},
    {"q": "\x00"},
    {"q": "%' OR 1=1 --"},
    {"q": "a" * 5_000},
    {"q": "\ud800".encode("utf-8", "surrogatepass")},
    {"source": "\x00<script>"},
]


@pytest.mark.parametrize("query", BAD_QUERIES, ids=[str(n) for n in range(len(BAD_QUERIES))])
@pytest.mark.parametrize(
    "name", ["queue", "list", "leads", "late", "holding", "contests", "team", "new"]
)
def test_unknown_parameters_never_fail(world, client, name, query):
    world.submitted()
    assert read(client, world.admin, f"handoff:{name}", **query).status_code in {200, 400}


def test_list_says_that_a_status_is_unknown(world, client):
    shown = text(read(client, world.sdr, "handoff:list", status="lost<b>"))
    assert "There is no status “lost&lt;b&gt;”" in shown


def test_list_puts_drafts_and_rejections_first_for_the_submitter(world, client):
    rejected = world.submitted()
    reject_handoff(rejected, reason="wrong_icp", by=world.receiver_of(rejected), now=NOW)
    draft, pending = world.draft(), world.submitted()
    shown = text(read(client, world.sdr, "handoff:list"))
    names = ["Needs you", rejected.lead.name, draft.lead.name, "What became", pending.lead.name]
    places = [shown.index(name) for name in names]
    assert places == sorted(places)
    assert "Rejected: wrong ICP" in shown


def test_list_is_narrowed_by_status_and_words(world, client):
    one, two = world.submitted(), world.submitted()
    draft = world.draft()
    shown = text(read(client, world.sdr, "handoff:list", status="draft"))
    assert draft.lead.name in shown
    assert one.lead.name not in shown
    found = text(read(client, world.sdr, "handoff:list", q=two.lead.company.name))
    assert two.lead.company.name in found
    assert one.lead.company.name not in found
    assert "No handoff fits" in text(read(client, world.sdr, "handoff:list", q="nobody"))


def test_list_of_receiver_shows_received_only(world, client):
    one, two = world.submitted(), world.submitted()
    shown = text(read(client, world.receiver_of(one), "handoff:list"))
    assert one.lead.name in shown
    assert two.lead.name not in shown


def test_leads_are_found_and_lead_into_a_handoff(world, client):
    from handoff.models import Company, Lead

    company = Company.objects.create(name="Halden GmbH")
    lead = Lead.objects.create(company=company, last_name="Reuter", source="olist")
    taken = world.person("Kim Vale", Role.SDR)
    hidden = Lead.objects.create(
        company=company, last_name="Weiss", source="olist", claimed_by=taken
    )
    shown = text(read(client, world.sdr, "handoff:leads", q="halden", source="olist"))
    assert f"{reverse('handoff:new')}?lead={lead.pk}" in shown
    assert hidden.name not in shown
    assert "No lead has the source" in text(
        read(client, world.sdr, "handoff:leads", source="unheard")
    )


@pytest.mark.parametrize("name", ["list", "leads"])
def test_new_handoff_is_offered_to_who_can_begin_one(world, client, name):
    world.submitted()
    new = f'href="{reverse("handoff:new")}'
    assert new in text(read(client, world.sdr, f"handoff:{name}"))
    assert new not in text(read(client, world.manager, f"handoff:{name}"))
    assert read(client, world.manager, "handoff:new").status_code == 403
