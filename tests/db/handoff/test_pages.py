"""What each role sees on each page, and what a page never does."""

from datetime import timedelta

import pytest
from django.urls import reverse

from accounts.choices import Role
from handoff.choices import Status
from handoff.services import accept_handoff, reject_handoff, withdraw_handoff
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


@pytest.mark.parametrize(
    ("role", "target"),
    [(Role.AE, "handoff:queue"), (Role.SDR, "handoff:list"), (Role.MANAGER, "handoff:team")],
)
def test_home_sends_each_role_to_its_work(world, client, role, target):
    person = world.person("Kim Vale", role)
    assert read(client, person, "handoff:home").url == reverse(target)


def test_home_sends_admin_somewhere_that_opens(world, client):
    client.force_login(world.admin)
    assert client.get("/", follow=True).status_code == 200


def test_home_without_role_opens_the_list(world, client):
    client.force_login(world.person("Kim Vale"))
    assert client.get("/", follow=True).status_code == 200


def test_queue_shows_what_waits_with_due_time_and_accept(world, client):
    row = world.submitted(why_now="Lost two dispatchers in October")
    shown = text(read(client, world.receiver_of(row), "handoff:queue"))
    assert row.lead.name in shown
    assert "Accept by 15:00" in shown
    assert "4 h left" in shown
    assert "Lost two dispatchers in October" in shown
    assert "Handed off 11:00 by Sam Okafor" in shown
    assert reverse("handoff:accept", args=[row.pk]) in shown


def test_queue_of_somebody_else_is_empty(world, client):
    row = world.submitted()
    other = next(ae for ae in world.aes if ae != world.receiver_of(row))
    shown = text(read(client, other, "handoff:queue"))
    assert "Nothing is waiting for you" in shown
    assert row.lead.name not in shown


def test_queue_groups_by_urgency_and_says_so_in_one_sentence(world, client, time_machine):
    world = world_of_one(world)
    late = world.submitted(now=NOW - timedelta(days=1))
    soon = world.submitted(now=NOW - timedelta(hours=1, minutes=55))
    today = world.submitted(now=NOW)
    time_machine.move_to(NOW + timedelta(minutes=10), tick=False)
    shown = text(read(client, world.ae, "handoff:queue"))
    assert "1 late, 1 due before 13:10" in shown
    places = [
        shown.index(word)
        for word in (
            "Late",
            late.lead.name,
            "Due in the next two working hours",
            soon.lead.name,
            "Later today",
            today.lead.name,
        )
    ]
    assert places == sorted(places)


def world_of_one(world):
    """Everything goes to the first receiver."""
    world.pool.members.exclude(user=world.ae).update(is_active=False)
    return world


def test_queue_keeps_what_was_accepted_until_it_is_closed(world, client, time_machine):
    world = world_of_one(world)
    row = world.submitted()
    accept_handoff(row, by=world.ae, now=NOW)
    assert "Accepted 11:00, no touch yet" in text(read(client, world.ae, "handoff:queue"))
    time_machine.move_to(NOW + timedelta(days=8), tick=False)
    assert row.lead.name in text(read(client, world.ae, "handoff:queue"))


PAGES = [
    ("handoff:queue", "ae"),
    ("handoff:list", "sdr"),
    ("handoff:list", "ae"),
    ("handoff:list", "manager"),
    ("handoff:leads", "sdr"),
    ("handoff:late", "manager"),
    ("handoff:late", "admin"),
]


@pytest.mark.parametrize(("name", "who"), PAGES)
def test_page_needs_as_many_queries_for_many_rows_as_for_one(
    world, client, django_assert_max_num_queries, time_machine, name, who
):
    world_of_one(world)
    user = getattr(world, who)
    world.submitted()
    time_machine.move_to(NOW + timedelta(days=1), tick=False)
    read(client, user, name)
    with django_assert_max_num_queries(80) as few:
        read(client, user, name)
    for _ in range(25):
        world.submitted()
    with django_assert_max_num_queries(80) as many:
        shown = read(client, user, name)
    assert len(many) == len(few)
    assert "Page 1 of 2" in text(shown)


def test_holding_needs_as_many_queries_for_many_rows_as_for_one(
    world, client, django_assert_max_num_queries
):
    world.pool.members.update(is_active=False)
    world.submitted()
    read(client, world.manager, "handoff:holding")
    with django_assert_max_num_queries(80) as few:
        read(client, world.manager, "handoff:holding")
    for _ in range(25):
        world.submitted()
    with django_assert_max_num_queries(80) as many:
        read(client, world.manager, "handoff:holding")
    assert len(many) == len(few)


def test_detail_needs_as_many_queries_for_a_long_history_as_for_a_short_one(
    world, client, django_assert_max_num_queries
):
    row = world.submitted()
    read(client, world.sdr, "handoff:detail", row.pk)
    with django_assert_max_num_queries(80) as few:
        read(client, world.sdr, "handoff:detail", row.pk)
    reject_handoff(row, reason="conflict", by=world.receiver_of(row), now=NOW)
    read(client, world.sdr, "handoff:detail", row.pk)
    with django_assert_max_num_queries(80) as many:
        read(client, world.sdr, "handoff:detail", row.pk)
    assert len(many) <= len(few)


def stored():
    """Every row of the product's own tables, and the sessions."""
    from django.apps import apps

    kept = {}
    for model in apps.get_models():
        if model._meta.app_label in {"handoff", "notify", "routing", "sla", "accounts", "sessions"}:
            kept[model] = list(model.objects.order_by("pk").values())
    return kept


def addresses(row, draft):
    plain = ["home", "queue", "late", "holding", "leads", "list", "new"]
    found = [reverse(f"handoff:{name}") for name in plain]
    of_row = ["detail", "edit", "submit", "accept", "reject", "fix", "concede", "withdraw"]
    for one in (row, draft):
        found += [reverse(f"handoff:{name}", args=[one.pk]) for name in of_row]
    return found


@pytest.mark.parametrize("who", ["sdr", "ae", "manager", "admin"])
def test_get_of_any_page_writes_nothing(world, client, who):
    world_of_one(world)
    row, draft = world.submitted(), world.draft()
    client.force_login(getattr(world, who))
    before = stored()
    for address in addresses(row, draft):
        assert client.get(address).status_code in {200, 302, 403, 404, 405, 409}
        client.head(address)
    assert stored() == before


@pytest.mark.parametrize("name", ["detail", "edit", "reject", "concede", "withdraw"])
def test_page_of_a_handoff_of_others_is_not_there(world, client, name):
    row = world.submitted()
    strangers = [world.person("Kim Vale", role) for role in (Role.SDR, Role.AE)]
    strangers.append(world.person("Kim Vale", Role.MANAGER, team=False))
    for stranger in strangers:
        assert read(client, stranger, f"handoff:{name}", row.pk).status_code == 404


@pytest.mark.parametrize("name", ["accept", "reject", "fix", "concede", "withdraw", "submit"])
def test_post_to_a_handoff_of_others_is_not_there(world, client, name):
    row = world.submitted()
    client.force_login(world.person("Kim Vale", Role.AE))
    answer = client.post(reverse(f"handoff:{name}", args=[row.pk]), {"version": row.version})
    assert answer.status_code == 404


@pytest.mark.parametrize("name", ["accept", "reject"])
def test_decision_on_a_page_from_before_it_was_taken_back_is_told_who_was_first(
    world, client, name
):
    row = world.submitted()
    receiver, version = world.receiver_of(row), row.version
    withdraw_handoff(row, by=world.sdr, now=NOW)
    client.force_login(receiver)
    answer = client.post(
        reverse(f"handoff:{name}", args=[row.pk]), {"version": version, "reason": "no_budget"}
    )
    assert answer.status_code == 409
    assert "withdrew it" in text(answer)


@pytest.mark.parametrize("who", ["sdr", "manager", "admin", "ae"])
def test_detail_is_read_by_submitter_receiver_manager_and_admin(world, client, who):
    world_of_one(world)
    row = world.submitted()
    assert row.lead.name in text(read(client, getattr(world, who), "handoff:detail", row.pk))


@pytest.mark.parametrize("name", ["handoff:late", "handoff:holding"])
@pytest.mark.parametrize("role", [Role.SDR, Role.AE])
def test_pages_of_managers_refuse_others_in_words(world, client, name, role):
    answer = read(client, world.person("Kim Vale", role), name)
    assert answer.status_code == 403
    assert "Managers and admins" in text(answer)


def test_page_without_signing_in_leads_to_sign_in(world, client):
    row = world.submitted()
    answer = client.get(reverse("handoff:detail", args=[row.pk]))
    assert answer.status_code == 302
    assert answer.url.startswith(reverse("accounts:login"))


def test_post_without_token_is_refused(world):
    from django.test import Client

    strict = Client(enforce_csrf_checks=True)
    row = world.submitted()
    strict.force_login(world.receiver_of(row))
    answer = strict.post(reverse("handoff:accept", args=[row.pk]), {"version": row.version})
    assert answer.status_code == 403
    row.refresh_from_db()
    assert row.status == Status.PENDING


@pytest.mark.parametrize("name", ["detail", "edit", "accept", "reject", "withdraw"])
@pytest.mark.parametrize("pk", [0, 999_999, 2**63, 10**40])
def test_unknown_id_is_not_there(world, client, name, pk):
    client.force_login(world.admin)
    address = reverse(f"handoff:{name}", args=[pk])
    answers = {client.get(address).status_code, client.post(address, {"version": 1}).status_code}
    assert 404 in answers
    assert answers <= {404, 405}
