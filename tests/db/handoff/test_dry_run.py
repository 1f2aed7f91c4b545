"""Who would get this lead: the same answer as handing it off, and nothing is done."""

from datetime import timedelta

import pytest
from django.apps import apps
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.choices import Role
from accounts.services import add_time_off, pause_user
from handoff.choices import Status
from handoff.models import Company, HandoffType
from handoff.selectors.dry_run import (
    subject_of_facts,
    subject_of_handoff,
    subject_of_lead,
    try_routing,
)
from handoff.services import accept_handoff, introduce_live, reject_handoff, start_fix
from handoff.services import submit_handoff as hand_off
from routing.choices import Strategy
from routing.models import Member, Pool, Skill
from routing.services import add_member, create_pool, publish_rule_set, set_capacity
from tests.factories.handoff import NOW, make_world

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def world(time_machine):
    time_machine.move_to(NOW, tick=False)
    return make_world(receivers=3)


@pytest.fixture
def other(world):
    """A second pool, for large companies, of one receiver."""
    pool = create_pool(name="Enterprise", manager=world.manager, by=world.admin, now=NOW)
    add_member(pool=pool, user=world.aes[2], by=world.admin, now=NOW)
    large = {"all": [{"field": "size", "op": "gte", "value": 500}]}
    rules(world, {"name": "Large", "conditions": large, "pool": pool})
    return pool


def rules(world, *first, **fallback):
    last = {"name": "Everything else", "conditions": {}, "pool": world.pool, **fallback}
    publish_rule_set(rules=[*first, last], by=world.admin, now=NOW)


def tried(row, *, at=NOW):
    return try_routing(subject_of_handoff(row), now=NOW, at=at)


def tried_facts(world, *, company=None, at=NOW, **facts):
    known = {"type": world.type.key, "temperature": "warm", **facts}
    return try_routing(subject_of_facts(known, company=company), now=NOW, at=at)


def really(row, by):
    """Who gets it when it is handed off; that is taken back."""
    with transaction.atomic():
        done = hand_off(row, by=by, now=NOW)
        found = done.owner if done.status == Status.PENDING else None
        transaction.set_rollback(True)
    row.refresh_from_db()
    return found


def member_of(found, user):
    return next(line for line in found.members if line.user == user)


# The answer


def test_try_names_who_really_gets_it(world):
    for _ in range(5):
        draft = world.draft()
        found = tried(draft)
        assert found.receiver == really(draft, world.sdr)
        assert found.verdict == f"{found.receiver} would get it"
        hand_off(draft, by=world.sdr, now=NOW)


def test_try_tells_why_each_other_member_is_passed_over(world):
    first, second, third = world.aes
    set_capacity(user=first, capacity=0, by=world.admin, now=NOW)
    pause_user(user=second, until=NOW + 2 * HOUR, by=world.admin, now=NOW)
    found = tried(world.draft())
    assert found.receiver == third
    assert found.because == f"The only one in {world.pool} who is eligible."
    assert member_of(found, first).why == "at capacity, 0 of 0 open"
    assert member_of(found, second).why == "paused until 12:00"
    assert (member_of(found, third).why, member_of(found, third).is_picked) == ("", True)
    assert found.members[0].user == third


def test_try_at_a_time_to_come_judges_people_as_of_then(world):
    first, second, third = world.aes
    for one in (second, third):
        set_capacity(user=one, capacity=0, by=world.admin, now=NOW)
    span = {"starts_at": NOW + HOUR, "ends_at": NOW + 3 * HOUR}
    add_time_off(user=first, **span, by=world.admin, now=NOW)
    draft = world.draft()
    assert tried(draft).receiver == first
    away = tried(draft, at=NOW + 2 * HOUR)
    assert away.receiver is None
    assert member_of(away, first).why.startswith("away until ")
    assert tried(draft, at=NOW + 3 * HOUR).receiver == first


def test_try_shows_every_rule_and_what_decided(world, other):
    found = tried_facts(world, size=180)
    assert [(line.is_chosen, line.is_held) for line in found.rules] == [
        (False, False),
        (True, True),
    ]
    assert "size is 500 or more" in found.rules[0].words
    assert (
        found.rules[0].why == "Does not hold: it asks that size is 500 or more; here size is 180."
    )
    assert found.rules[1].why == "Holds for every lead."
    assert found.pool == world.pool
    large = tried_facts(world, size=900)
    assert (large.pool, large.receiver) == (other, world.aes[2])
    assert large.rules[0].why == "Holds: size is 500 or more."
    assert large.rules[1].why == "Holds too, but rule 1 comes first."
    unknown = tried_facts(world)
    assert unknown.rules[0].why.endswith("here size is not known.")


def test_try_of_a_draft_goes_by_what_is_written_in_it(world, other):
    lead = world.draft(company__size=40).lead
    draft = world.draft(company__size=900)
    assert tried(draft).pool == other
    assert really(draft, world.sdr) == world.aes[2]
    assert try_routing(subject_of_lead(lead, world.type), now=NOW, at=NOW).pool == world.pool


def test_try_that_nobody_can_take_says_what_would_help(world):
    for one in world.aes:
        set_capacity(user=one, capacity=0, by=world.admin, now=NOW)
    draft = world.draft()
    found = tried(draft)
    assert really(draft, world.sdr) is None
    assert found.receiver is None
    assert found.verdict == f"It would be held, and {world.manager} would have it"
    assert found.helps == ("Raise a capacity, or have an open lead contacted.",)


def test_try_behind_older_held_leads_says_so(world):
    for one in world.aes:
        set_capacity(user=one, capacity=0, by=world.admin, now=NOW)
    world.submitted()
    set_capacity(user=world.ae, capacity=1, by=world.admin, now=NOW)
    draft = world.draft()
    assert really(draft, world.sdr) is None
    found = tried(draft)
    assert found.receiver is None
    assert found.because.startswith(f"Older leads wait in {world.pool}")


def test_try_of_a_fix_goes_back_to_who_rejected_it(world):
    row = world.submitted()
    receiver = row.owner
    reject_handoff(row, reason="no_budget", by=receiver, now=NOW)
    fix = start_fix(row, by=world.sdr, now=NOW)
    found = tried(fix)
    assert found.receiver == really(fix, world.sdr) == receiver
    assert found.because == f"{receiver} sent it back, and a fixed lead goes to whoever did."
    pause_user(user=receiver, by=world.admin, now=NOW)
    instead = tried(fix)
    assert instead.receiver == really(fix, world.sdr) != receiver
    assert instead.asides == (f"{receiver} sent it back, but is passed over: paused.",)


def test_try_of_one_that_was_introduced_goes_to_who_met_the_buyer(world):
    draft = world.draft()
    introduce_live(draft, receiver=world.aes[1], at=NOW - HOUR, by=world.sdr, now=NOW)
    found = tried(draft)
    assert found.receiver == really(draft, world.sdr) == world.aes[1]
    assert found.because == f"{world.aes[1]} was introduced to the buyer live."


def test_try_sends_it_to_who_looks_after_the_company(world):
    rules(world, owner_first=True)
    draft = world.draft()
    owner = world.aes[2]
    Company.objects.filter(pk=draft.lead.company_id).update(owner=owner)
    draft.lead.company.refresh_from_db()
    found = tried(draft)
    assert found.receiver == really(draft, world.sdr) == owner
    assert found.because == f"{owner} looks after {draft.lead.company} and goes first."
    typed = tried_facts(world, company=draft.lead.company)
    assert typed.receiver == owner
    stranger = world.person("Olga Other", Role.AE)
    Company.objects.update(owner=stranger)
    draft.lead.company.refresh_from_db()
    found = tried(draft)
    assert found.receiver == really(draft, world.sdr) != stranger
    aside = f"{stranger} looks after the company, but is passed over: not in this pool."
    assert found.asides == (aside,)


def test_try_sends_it_to_who_had_the_lead_before(world):
    rules(world, earlier_first=True)
    before = world.submitted()
    receiver = before.owner
    accept_handoff(before, by=receiver, now=NOW)
    draft = world.draft(lead=before.lead)
    found = tried(draft)
    assert found.receiver == receiver
    assert found.because == f"{receiver} had this lead before and goes first."


def test_try_asks_for_skills_as_the_pick_does(world):
    Pool.objects.filter(pk=world.pool.pk).update(skills=["language"])
    Skill.objects.create(user=world.aes[1], kind="language", value="german")
    found = tried_facts(world, language="German ")
    assert found.receiver == world.aes[1]
    assert member_of(found, world.aes[0]).why == "speaks no German: the lead asks for it"


def test_try_in_a_pool_of_fewest_open_says_so(world):
    Pool.objects.filter(pk=world.pool.pk).update(strategy=Strategy.LEAST_LOADED)
    world.submitted()
    draft = world.draft()
    found = tried(draft)
    assert found.receiver == really(draft, world.sdr)
    assert found.because == f"The fewest open leads for the weight, of 3 in {world.pool}."


def test_try_costs_the_same_for_any_number_of_members(world):
    draft = world.draft()

    def queries():
        with CaptureQueriesContext(connection) as found:
            tried(draft)
        return len(found)

    before = queries()
    for n in range(4):
        add_member(
            pool=world.pool, user=world.person(f"More {n}", Role.AE), by=world.admin, now=NOW
        )
    assert queries() == before


# Nothing is done


def whole_database():
    """Every row of every table, and the number that each table would give next."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT sequencename, last_value FROM pg_sequences ORDER BY 1")
        else:
            cursor.execute("SELECT name, seq FROM sqlite_sequence ORDER BY 1")
        numbers = cursor.fetchall()
    rows = {
        model._meta.label: list(model._base_manager.order_by("pk").values_list())
        for model in apps.get_models(include_auto_created=True)
    }
    return numbers, rows


def test_try_writes_nothing_and_takes_no_number(world, other, client):
    rules(world, owner_first=True, earlier_first=True)
    draft, row = world.draft(), world.submitted()
    # Somebody without a row of their own yet: a pick would make it.
    newcomer = world.person("Nora New", Role.AE)
    Member.objects.create(pool=world.pool, user=newcomer)
    client.force_login(world.admin)
    # The page's first visit of a session is none of the routing's business.
    client.get(reverse("handoff:try"))
    before = whole_database()
    with CaptureQueriesContext(connection) as found:
        for query in (
            {"handoff": draft.pk},
            {"handoff": row.pk},
            {"lead": row.lead_id},
            {"type": world.type.key, "company": "Nordwind", "size": "7"},
            {"type": world.type.key, "at": "2026-11-20T09:00"},
        ):
            assert client.get(reverse("handoff:try"), query).status_code == 200
    assert whole_database() == before
    # A union of reads stands in brackets.
    first = (query["sql"].lstrip("(").split(maxsplit=1)[0] for query in found.captured_queries)
    words = {word.upper() for word in first}
    assert words <= {"SELECT", "SAVEPOINT", "RELEASE"}
    assert not any("FOR UPDATE" in query["sql"].upper() for query in found.captured_queries)


# The page


def read(client, user, **query):
    client.force_login(user)
    return client.get(reverse("handoff:try"), query)


def text(response):
    return response.content.decode()


def test_page_shows_rules_members_and_the_verdict(world, other, client):
    shown = text(read(client, world.manager, type=world.type.key, size="900", country="Germany"))
    assert f"{world.aes[2]} would get it" in shown
    assert "Size is 500 or more: Enterprise" in shown
    assert "Decides" in shown
    assert "Would get it" in shown
    assert "Nothing was done, and nobody was told." in shown


def test_page_for_a_submitter_tells_the_result_only(world, other, client):
    draft = world.draft()
    shown = text(read(client, world.sdr, handoff=draft.pk))
    assert "would get it" in shown
    assert "Rules, in their order" not in shown
    assert "Credit now" not in shown
    assert read(client, world.sdr).status_code == 403
    assert read(client, world.sdr, lead=draft.lead_id).status_code == 403


def test_page_tells_those_who_answer_for_it_only_how_others_stand(world, client):
    row = world.submitted()
    receiver = row.owner
    reject_handoff(row, reason="no_budget", by=receiver, now=NOW)
    fix = start_fix(row, by=world.sdr, now=NOW)
    pause_user(user=receiver, by=world.admin, now=NOW)
    for ae in world.aes:
        set_capacity(user=ae, capacity=0, by=world.admin, now=NOW)
    for person, sees in ((world.sdr, False), (world.manager, True)):
        shown = text(read(client, person, handoff=fix.pk))
        assert "It would be held" in shown
        assert ("is passed over: paused" in shown) is sees
        assert ("What would help" in shown) is sees


def test_page_finds_leads_and_handoffs_in_sight_only(world, client):
    row = world.submitted(contact__last_name="Zweig")
    shown = text(read(client, world.manager, q="Zweig"))
    assert f"?lead={row.lead_id}" in shown
    assert f"?handoff={row.pk}" in text(read(client, world.manager, q=str(row.pk)))
    stranger = world.person("Kim Vale", Role.MANAGER, team=False)
    assert "No lead fits." in text(read(client, stranger, q="Zweig"))
    assert f"?handoff={row.pk}" not in text(read(client, stranger, q=str(row.pk)))
    assert read(client, stranger, handoff=row.pk).status_code == 404
    assert read(client, stranger, lead=row.lead_id).status_code == 404


@pytest.mark.parametrize(
    ("query", "label"),
    [
        ({"size": "many"}, "Size"),
        ({"size": "9" * 30}, "Size"),
        ({"score": "1.5"}, "Score"),
        ({"country": "x" * 5000}, "Country"),
        ({"company": "a\x00b"}, "Company"),
        ({"at": "2026-11-16T09:00"}, "When"),
        ({"at": "9999-12-31T23:59"}, "When"),
        ({"at": "soon"}, "When"),
        ({"type": "\x00"}, "Type of handoff"),
    ],
)
def test_page_names_the_field_and_keeps_what_was_typed(world, client, query, label):
    given = {"type": world.type.key, "industry": "Logistics", **query}
    shown = read(client, world.admin, **given)
    assert shown.status_code == 422
    assert f">{label}</a>:" in text(shown)
    assert 'value="Logistics"' in text(shown)
    assert "Nothing was done" not in text(shown)


@pytest.mark.parametrize("asked", ["", "x", "\x00", "-1", "9" * 400, "1e3", "\u0663"])
def test_page_of_no_such_row_is_not_found(world, client, asked):
    for name in ("handoff", "lead"):
        assert read(client, world.admin, **{name: asked}).status_code == 404


def test_page_says_that_the_company_is_not_known(world, client):
    shown = text(read(client, world.admin, type=world.type.key, company="Nobody & Sons"))
    assert "No company is called “Nobody &amp; Sons”" in shown


def test_page_refuses_a_bad_time_for_a_known_lead_and_keeps_it(world, client):
    shown = read(client, world.admin, handoff=world.draft().pk, at="yesterday")
    assert shown.status_code == 422
    assert 'value="yesterday"' in text(shown)


def test_page_without_any_rule_says_so(world, client):
    Member.objects.all().delete()
    world.pool.rules.all().delete()
    shown = text(read(client, world.admin, type=HandoffType.objects.first().key))
    assert "No rule holds for it" in shown
