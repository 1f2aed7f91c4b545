"""Who looks after a company: said by a manager, won by an opportunity, given up by leaving."""

from datetime import timedelta

import pytest
from django.urls import reverse

from accounts.choices import Role
from core.errors import NotPermitted, NotVisible
from core.history import past_changes
from handoff.errors import CompanyRefused
from handoff.models import Company, Event
from handoff.rules.form import Form
from handoff.selectors.history import event_lines
from handoff.selectors.leaving import preview_offboarding
from handoff.services import accept_handoff, convert_handoff, offboard_user, set_company_owner
from tests.factories.handoff import NOW, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(db):
    return make_world()


@pytest.fixture
def company(world):
    return world.submitted().lead.company


def owner_of(company):
    return Company.objects.get(pk=company.pk).owner


# Said by people


def test_set_company_owner_by_a_manager_or_an_admin_is_kept(world, company):
    assert set_company_owner(company, owner=world.ae, by=world.manager, now=NOW).owner == world.ae
    assert owner_of(company) == world.ae
    set_company_owner(company, owner=world.aes[1], by=world.admin, now=NOW)
    assert owner_of(company) == world.aes[1]


def test_set_company_owner_to_nobody_takes_it_off(world, company):
    set_company_owner(company, owner=world.ae, by=world.admin, now=NOW)
    set_company_owner(company, owner=None, by=world.admin, now=NOW)
    assert owner_of(company) is None


@pytest.mark.parametrize("who", ["sdr", "ae"])
def test_set_company_owner_by_others_is_not_permitted(world, company, who):
    by = world.sdr if who == "sdr" else world.receiver_of(company.leads.get().handoffs.get())
    with pytest.raises(NotPermitted):
        set_company_owner(company, owner=world.ae, by=by, now=NOW)


def test_set_company_owner_of_a_company_out_of_sight_does_not_exist(world, company):
    stranger = world.person("Mona Other", Role.MANAGER, team=False)
    with pytest.raises(NotVisible):
        set_company_owner(company, owner=world.ae, by=stranger, now=NOW)


def test_set_company_owner_to_who_receives_nothing_is_refused_by_name(world, company):
    with pytest.raises(CompanyRefused, match="Sam Okafor receives no handoffs now") as refused:
        set_company_owner(company, owner=world.sdr, by=world.admin, now=NOW)
    assert [(one.field, one.code) for one in refused.value.problems] == [("owner", "not_receiver")]
    assert owner_of(company) is None


def test_set_company_owner_to_who_has_left_is_refused(world, company):
    gone = world.aes[1]
    offboard_user(gone, successor=world.manager, by=world.admin, now=NOW)
    with pytest.raises(CompanyRefused):
        set_company_owner(company, owner=gone, by=world.admin, now=NOW)


# Won by an opportunity


def converted(world, **changes):
    row = world.submitted(**changes)
    receiver = world.receiver_of(row)
    row = accept_handoff(row, by=receiver, now=NOW)
    return convert_handoff(row, by=receiver, now=NOW), receiver


def said_of_conversion(row):
    event = Event.objects.get(handoff=row, kind="converted")
    form = Form.from_layout(row.form_version.layout)
    lines = event_lines(row, form, list(row.legs.select_related("receiver")), now=NOW)
    (line,) = (one for one in lines if one.icon == "trending_up")
    return event.data, line.rest


def test_convert_makes_the_receiver_look_after_a_company_that_nobody_does(world):
    row, receiver = converted(world)
    assert owner_of(row.lead.company) == receiver
    data, words = said_of_conversion(row)
    assert data["company_owner"] == receiver.pk
    assert words.endswith(f"{receiver} looks after the company from now on.")


def test_convert_leaves_a_company_with_whoever_looks_after_it(world):
    first, receiver = converted(world, company__name="Twice GmbH")
    second, other = converted(world, company__name="Twice GmbH")
    assert first.lead.company_id == second.lead.company_id
    assert other != receiver
    assert owner_of(second.lead.company) == receiver
    data, words = said_of_conversion(second)
    assert "company_owner" not in data
    assert "looks after" not in words


# Given up by leaving


def test_offboard_leaves_nobody_to_look_after_their_companies(world, company):
    row, receiver = converted(world)
    set_company_owner(company, owner=receiver, by=world.admin, now=NOW)
    kept = world.submitted().lead.company
    other = next(one for one in world.aes if one != receiver)
    set_company_owner(kept, owner=other, by=world.admin, now=NOW)
    seen = preview_offboarding(receiver, successor=world.sdr, by=world.admin, now=NOW)
    assert seen.companies == 2
    done = offboard_user(receiver, successor=world.sdr, by=world.admin, now=NOW)
    assert done.companies == 2
    assert owner_of(company) is owner_of(row.lead.company) is None
    assert owner_of(kept) == other


def test_offboard_page_says_how_many_companies_before_and_after(world, client):
    _, receiver = converted(world)
    client.force_login(world.admin)
    target = reverse("handoff:offboard", args=[receiver.pk])
    assert "1 company: nobody does afterwards" in client.get(target).content.decode()
    answer = client.post(target, {"successor": world.sdr.pk}, follow=True)
    assert "Nobody looks after 1 company now." in answer.content.decode()


# Its history


def changes(company):
    return [
        (one.kind, one.by, one.at, [(label, old, new) for label, old, new in one.fields])
        for one in past_changes(Company.objects.get(pk=company.pk))
    ]


def test_company_tells_who_looked_after_it_when_and_who_said_so(world):
    row, receiver = converted(world)
    company = row.lead.company
    other = next(one for one in world.aes if one != receiver)
    later = NOW + timedelta(hours=1)
    set_company_owner(company, owner=other, by=world.manager, now=later)
    # Said again, nothing changes.
    set_company_owner(company, owner=other, by=world.admin, now=later)
    gone = later + timedelta(hours=1)
    offboard_user(other, successor=world.sdr, by=world.admin, now=gone)
    *told, first = changes(company)
    assert told == [
        ("Changed", world.admin, gone, [("Owner", other, None)]),
        ("Changed", world.manager, later, [("Owner", receiver, other)]),
        ("Changed", receiver, NOW, [("Owner", None, receiver)]),
    ]
    assert (first[0], first[1]) == ("Added", None)


def test_company_page_leads_to_its_history(world, company, client):
    client.force_login(world.manager)
    page = client.get(address("history", company.pk)).content.decode()
    assert "Nothing was changed yet." in page
    set_company_owner(company, owner=world.ae, by=world.manager, now=NOW)
    assert (
        address("history", company.pk) in client.get(address("change", company.pk)).content.decode()
    )
    said = client.get(address("history", company.pk)).content.decode()
    assert "Owner: none → Priya Nair" in said
    client.force_login(world.person("Mona Other", Role.MANAGER, team=False))
    assert client.get(address("history", company.pk)).status_code == 404


# Pages


def address(name, *args):
    return reverse(f"admin:handoff_company_{name}", args=args)


def test_company_pages_show_who_looks_after_it(world, company, client):
    Company.objects.filter(pk=company.pk).update(segment="Enterprise", owner=world.ae)
    client.force_login(world.manager)
    for page in (address("changelist"), address("change", company.pk)):
        said = client.get(page).content.decode()
        assert company.name in said
        assert "Enterprise" in said
        assert str(world.ae) in said


def test_company_list_leaves_out_what_a_manager_may_not_read(world, company, client):
    client.force_login(world.person("Mona Other", Role.MANAGER, team=False))
    assert company.name not in client.get(address("changelist")).content.decode()
    assert client.get(address("change", company.pk)).status_code == 404


def test_company_list_finds_by_name_and_by_who_looks_after_it(world, company, client):
    other = world.submitted(company__name="Quite Different AG").lead.company
    set_company_owner(other, owner=world.ae, by=world.admin, now=NOW)
    client.force_login(world.admin)
    for query in ({"q": "quite"}, {"owner__id__exact": world.ae.pk}):
        said = client.get(address("changelist"), query).content.decode()
        assert other.name in said
        assert "companys" not in said
        assert company.name not in said


def test_owner_dialog_sets_and_takes_off(world, company, client):
    client.force_login(world.manager)
    page = client.get(address("owner", company.pk)).content.decode()
    assert "Priya Nair" in page
    assert "Sam Okafor" not in page
    answer = client.post(address("owner", company.pk), {"owner": world.ae.pk}, follow=True)
    assert f"Priya Nair looks after {company} from now on." in answer.content.decode()
    answer = client.post(address("owner", company.pk), {"owner": ""}, follow=True)
    assert f"Nobody looks after {company} from now on." in answer.content.decode()
    assert owner_of(company) is None


@pytest.mark.parametrize("owner", ["x", "\x00", "9" * 400, "\ud800", "-1"])
def test_owner_dialog_refuses_who_is_not_on_the_list(world, company, client, owner):
    client.force_login(world.manager)
    sent = {"owner": owner.encode("utf-8", "replace").decode()}
    assert client.post(address("owner", company.pk), sent).status_code == 422


def test_company_list_takes_equal_queries_for_1_row_and_20(
    world, company, client, django_assert_max_num_queries
):
    client.force_login(world.admin)
    Company.objects.filter(pk=company.pk).update(owner=world.ae)
    with django_assert_max_num_queries(100) as few:
        client.get(address("changelist"))
    Company.objects.bulk_create(
        Company(name=f"Firm {n}", owner=world.aes[n % 2]) for n in range(20)
    )
    with django_assert_max_num_queries(len(few.captured_queries)):
        client.get(address("changelist"))
