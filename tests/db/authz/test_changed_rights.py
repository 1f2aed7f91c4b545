"""A right that is taken away while a page is open is gone when its form is sent."""

from urllib.parse import quote, quote_plus

import pytest
from django.contrib.auth.models import Group

from accounts.choices import Role
from accounts.models import Membership, User
from handoff.models import Handoff, Lead
from handoff.services import accept_handoff
from routing.models import Pool
from tests.db.authz.asking import undone
from tests.db.authz.cases import LOGIN
from tests.db.authz.walker import addresses
from tests.factories.handoff import NOW

ADDRESSES = addresses()


def switched_off(person, worlds):
    User.objects.filter(pk=person.pk).update(is_active=False)


def without_roles(person, worlds):
    person.groups.clear()


def out_of_the_team(person, worlds):
    Membership.objects.filter(user=person).delete()


def without_the_pool(person, worlds):
    Pool.objects.filter(manager=person).update(manager=worlds.b.manager)


def no_manager_any_more(person, worlds):
    person.groups.set([Group.objects.get(name=Role.SDR.label)])
    without_the_pool(person, worlds)


def no_admin_any_more(person, worlds):
    person.groups.set([Group.objects.get(name=Role.AE.label)])
    User.objects.filter(pk=person.pk).update(is_superuser=False)


def out_of_team_and_pool(person, worlds):
    out_of_the_team(person, worlds)
    without_the_pool(person, worlds)


CHANGES = [
    # who, what they have open, on which row; what happens meanwhile; what they send, the answer
    ("sdr", "handoff:edit", "draft", switched_off, "handoff:edit", LOGIN),
    ("sdr", "handoff:edit", "draft", without_roles, "handoff:edit", "403"),
    ("sdr", "handoff:withdraw", "pending", without_roles, "handoff:withdraw", "403"),
    ("sdr", "handoff:concede", "rejected", switched_off, "handoff:concede", LOGIN),
    ("ae", "handoff:reject", "pending", switched_off, "handoff:reject", LOGIN),
    ("ae", "handoff:reject", "pending", without_roles, "handoff:reject", "403"),
    ("ae", "handoff:detail", "pending", without_roles, "handoff:accept", "404"),
    ("manager", "handoff:detail", "pending", out_of_team_and_pool, "handoff:accept", "404"),
    ("manager", "handoff:detail", "pending", no_manager_any_more, "handoff:accept", "404"),
    ("manager", "handoff:reject", "pending", switched_off, "handoff:reject", LOGIN),
    ("manager", "accounts:pause", "person", out_of_the_team, "accounts:pause", "404"),
    (
        "manager",
        "admin:routing_member_capacity",
        "member",
        out_of_the_team,
        "admin:routing_member_capacity",
        "403",
    ),
    (
        "admin",
        "admin:accounts_user_edit",
        "accounts_user",
        no_admin_any_more,
        "admin:accounts_user_edit",
        "403",
    ),
    (
        "admin",
        "admin:accounts_membership_remove",
        "accounts_membership",
        switched_off,
        "admin:accounts_membership_remove",
        LOGIN,
    ),
]


@pytest.mark.parametrize(
    ("role", "opened", "kind", "change", "sent", "due"),
    CHANGES,
    ids=[f"{one[0]} {one[3].__name__} {one[4]}" for one in CHANGES],
)
def test_right_taken_away_between_page_and_form_is_gone(
    worlds, asker, role, opened, kind, change, sent, due
):
    relation = "team" if "team" in worlds.rows[kind] and role == "manager" else "own"
    row = worlds.row(kind, relation, role) or worlds.some_row(kind)
    person = User.objects.get(pk=worlds.people[role].pk)
    with undone():
        assert asker.ask(role, "GET", ADDRESSES[opened], row).status == "200"
        change(person, worlds)
        answer = asker.ask(role, "POST", ADDRESSES[sent], row)
        assert answer.status == due
        assert not [one for one in answer.writes if "SESSION" not in one]


def test_leg_lost_between_page_and_form_answers_who_has_it(worlds, asker):
    row = worlds.row("pending", "own", "ae")
    with undone():
        assert asker.ask("ae", "GET", ADDRESSES["handoff:reject"], row).status == "200"
        accept_handoff(Handoff.objects.get(pk=row["pk"]), by=worlds.a.manager, now=NOW)
        assert asker.ask("ae", "POST", ADDRESSES["handoff:accept"], row).status == "409"


FORGED = {
    "owner": "{b}",
    "submitted_by": "{b}",
    "status": "accepted",
    "closed_as": "converted",
    "completeness": "100",
    "freeze_until": "2030-01-01",
    "first_accepted_at": "2026-01-01",
    "pool": "{pool}",
    "chain": "1",
    "previous": "1",
    "by": "{b}",
    "is_superuser": "on",
}
# What the form changes, and what follows from it.
TYPED = {"answers", "temperature", "version", "updated_at", "completeness"}


def test_fields_of_a_handoff_that_no_form_asks_for_are_ignored(worlds, asker):
    """Every column, by its name and by its key's: what is sent for it changes nothing."""
    row = worlds.row("draft", "own", "sdr")
    stored = Handoff.objects.filter(pk=row["pk"])
    before = stored.values().get()
    names = {name for one in Handoff._meta.fields for name in (one.name, one.attname)} - TYPED
    forged = {**dict.fromkeys(names, "1"), **FORGED}
    values = {"b": worlds.b.manager.pk, "pool": worlds.b.pool.pk}
    with undone():
        client = asker.client("sdr")
        typed = {"version": row["version"], "temperature": "hot", "contact.last_name": "Kept"}
        answer = client.post(
            ADDRESSES["handoff:edit"].path({"pk": row["pk"]}),
            {**{key: text.format(**values) for key, text in forged.items()}, **typed},
        )
        assert answer.status_code == 302
        after = stored.values().get()
        assert after["temperature"] == "hot"
        assert {name for name in after if after[name] != before[name]} <= TYPED
        assert not set(after["answers"]) & set(FORGED)


@pytest.mark.parametrize("role", ["sdr", "ae", "manager"])
@pytest.mark.parametrize("name", ["handoff:list", "handoff:leads", "accounts:time_off"])
def test_search_for_what_is_hidden_finds_nothing(worlds, asker, role, name):
    """The words of the search come back on the page; what else stands on the row must not."""
    lead = Lead.objects.get(pk=worlds.row("lead", "other", role)["pk"])
    path = ADDRESSES[name].path({})
    for words in (lead.last_name, lead.email, lead.company.name, worlds.b.aes[0].name):
        text = asker.client(role).get(path, {"q": words}).content.decode()
        rest = text
        for said in (words, quote_plus(words), quote(words)):
            rest = rest.replace(said, "")
        told = [one for one in worlds.hidden[role] if one in rest]
        assert not told, rest[rest.find(told[0]) - 80 :][:200]
        assert f"/handoffs/{worlds.row('draft', 'other', role)['pk']}/" not in rest


@pytest.mark.parametrize(
    "query",
    ["owner={b}", "submitted_by__name=x", "password__startswith=m", "user__email__contains=zq"],
)
def test_lookups_that_no_page_offers_are_refused(worlds, asker, query):
    for name in ("admin:routing_member_changelist", "admin:accounts_user_changelist"):
        path = ADDRESSES[name].path({})
        answer = asker.client("admin").get(f"{path}?{query.format(b=worlds.b.aes[0].pk)}")
        assert answer.status_code in {302, 400}, answer.content
