"""The receiver's queue: what is due first, its parts, and what each row offers."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from handoff.models import Handoff
from handoff.selectors.queue import queue_of
from handoff.services import (
    accept_handoff,
    apply_escalations,
    convert_handoff,
    date_next_step,
    log_touch,
    reject_handoff,
)
from sla.services import fire_due_steps
from tests.factories.handoff import NOW, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(time_machine):
    """Everything goes to the first receiver."""
    time_machine.move_to(NOW, tick=False)
    world = make_world()
    world.pool.members.exclude(user=world.ae).update(is_active=False)
    return world


def read(client, user, **query):
    client.force_login(user)
    return client.get(reverse("handoff:queue"), query).content.decode()


def rows(world, *, tab="", now=NOW, number=""):
    shown = queue_of(world.ae, tab=tab, now=now, zone=NOW.tzinfo, number=number)
    return [row for group in shown.groups for row in group.rows], shown


def accepted(world, **changes):
    row = world.submitted(**changes)
    return accept_handoff(row, by=world.ae, now=NOW)


def contacted(world):
    row = accepted(world)
    log_touch(row, kind="call", occurred_at=NOW, by=world.ae, now=NOW)
    return Handoff.objects.get(pk=row.pk)


def test_queue_parts_hold_what_is_to_accept_to_contact_and_to_move_on(world):
    pending, called = world.submitted(), contacted(world)
    open_ = accepted(world)
    by_tab = {
        tab: {row.handoff.pk for row in rows(world, tab=tab)[0]}
        for tab in ("", "accept", "contact", "step")
    }
    assert by_tab == {
        "": {pending.pk, called.pk, open_.pk},
        "accept": {pending.pk},
        "contact": {open_.pk},
        "step": {called.pk},
    }
    _, shown = rows(world)
    assert [tab.count for tab in shown.tabs] == [3, 1, 1, 1]


def test_queue_orders_by_what_is_due_whatever_it_is(world):
    late = accepted(world, now=NOW - timedelta(days=2))
    pending = world.submitted()
    fresh = accepted(world)
    dated = contacted(world)
    date_next_step(dated, step="Demo", at=NOW + timedelta(days=3), by=world.ae, now=NOW)
    found, _ = rows(world, now=NOW + timedelta(minutes=1))
    assert [row.handoff.pk for row in found] == [late.pk, pending.pk, fresh.pk, dated.pk]
    assert [row.is_late for row in found] == [True, False, False, False]
    assert found[0].due.startswith("First contact was due")


def test_queue_row_leads_on_to_what_is_not_done_yet(world):
    pending, open_, called, dated = (
        world.submitted(),
        accepted(world),
        contacted(world),
        contacted(world),
    )
    date_next_step(dated, step="Demo", at=NOW + timedelta(days=3), by=world.ae, now=NOW)
    main = {row.handoff.pk: row.main for row in rows(world)[0]}
    assert main == {
        pending.pk: "accept",
        open_.pk: "touch",
        called.pk: "next_step",
        dated.pk: "convert",
    }


def test_queue_offers_reject_and_touch_from_the_row(world, client):
    row = world.submitted()
    shown = read(client, world.ae, tab="accept")
    for name in ("accept", "reject", "touch"):
        assert reverse(f"handoff:{name}", args=[row.pk]) in shown
    assert "?back=queue%3Aaccept" in shown
    assert reverse("handoff:convert", args=[row.pk]) not in shown


def test_queue_leaves_out_what_is_closed_or_sent_back(world, client):
    gone, won = world.submitted(), accepted(world)
    reject_handoff(gone, reason="wrong_icp", by=world.ae, now=NOW)
    convert_handoff(won, by=world.ae, now=NOW)
    shown = read(client, world.ae)
    assert "Nothing is waiting for you" in shown
    assert gone.lead.name not in shown


def test_empty_queue_says_when_the_next_lead_would_come(world, client):
    shown = read(client, world.ae)
    assert "You are next of 1: the next lead comes to you." in shown
    assert "Your hours run until" in shown
    world.pool.members.update(is_active=True)
    world.submitted()
    others = [ae for ae in world.aes if not Handoff.objects.filter(owner=ae).exists()]
    assert "You are next of 2" in read(client, others[0])


def test_queue_says_that_a_contact_was_logged_late(world, client, time_machine):
    row = accepted(world)
    called = NOW + timedelta(minutes=10)
    after = NOW + timedelta(days=2)
    due = Handoff.objects.get(pk=row.pk).next_due_at
    assert called < due
    time_machine.move_to(due + timedelta(hours=1), tick=False)
    fire_due_steps(due + timedelta(hours=1))
    apply_escalations(due + timedelta(hours=1))
    log_touch(row, kind="call", occurred_at=called, by=world.ae, now=due + timedelta(hours=1))
    time_machine.move_to(after, tick=False)
    assert "Contact logged late" in read(client, world.ae)


def test_queue_names_why_a_lead_came_from_somebody_else(world, client):
    world.pool.members.update(is_active=True)
    row = world.submitted()
    first = world.receiver_of(row)
    reject_handoff(row, reason="conflict", by=first, now=NOW + timedelta(minutes=1))
    second = Handoff.objects.get(pk=row.pk).owner
    shown = read(client, second)
    assert f"{first.name} declared a conflict" in shown


@pytest.mark.parametrize("tab", ["", "accept"])
def test_queue_needs_as_many_queries_for_50_rows_as_for_1(world, client, tab):
    def count():
        read(client, world.ae, tab=tab)
        with CaptureQueriesContext(connection) as queries:
            shown = read(client, world.ae, tab=tab)
        return len(queries), shown

    world.submitted()
    one, _ = count()
    for _ in range(49):
        world.submitted()
    many, shown = count()
    assert many == one
    assert "Page 1 of 2, 50 in all" in shown
    assert f"{'tab=accept&amp;' if tab else ''}page=2" in shown


@pytest.mark.sqlite
def test_queue_is_read_through_the_index_of_owner_and_due(world):
    world.submitted()
    with CaptureQueriesContext(connection) as queries:
        rows(world)
    page = next(one["sql"] for one in queries if '"step_at"' in one["sql"])
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {page}")
        plan = str(cursor.fetchall())
    assert "USING INDEX handoff_owner_due (owner_id=? AND status=?)" in plan
