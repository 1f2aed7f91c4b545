"""Placing: what is held and drained, and what a submission costs the pool."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.choices import Role
from accounts.models import User
from handoff.choices import Status, TransferReason
from handoff.models import Handoff
from handoff.selectors import holding
from handoff.services import drain_holding, reject_handoff, submit_handoff
from notify.models import Message
from routing.choices import TurnKind
from routing.services import add_member, change_member, create_pool, set_capacity
from tests.factories.handoff import NOW, make_world
from worktime.models import Calendar

LATER = NOW + timedelta(hours=1)

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(db):
    """Nobody has room."""
    return make_world(capacity=0)


def make_room(world, user, capacity=1):
    set_capacity(user=user, capacity=capacity, by=world.admin, now=NOW)


def statuses(*handoffs):
    for handoff in handoffs:
        handoff.refresh_from_db()
    return [handoff.status for handoff in handoffs]


def test_drain_while_nobody_is_eligible_leaves_it(world):
    handoff = world.submitted()
    assert handoff.status == Status.HOLDING
    assert drain_holding(LATER) == 0
    assert statuses(handoff) == [Status.HOLDING]


def test_drain_gives_the_oldest_to_whoever_has_room(world):
    first, second = (world.submitted(now=NOW + timedelta(minutes=n)) for n in range(2))
    make_room(world, world.ae)
    assert drain_holding(LATER) == 1
    assert statuses(first, second) == [Status.PENDING, Status.HOLDING]
    leg = first.legs.get()
    assert (leg.receiver, leg.turn.kind, first.owner) == (world.ae, TurnKind.DRAINED, world.ae)
    assert first.transfers.last().reason == TransferReason.DRAINED
    assert first.next_due_at is not None


def test_drain_passes_over_who_declared_a_conflict(world):
    make_room(world, world.ae)
    barred = world.submitted()
    reject_handoff(barred, reason="conflict", by=world.ae, now=NOW)
    other = world.submitted(now=NOW + timedelta(minutes=1))
    drain_holding(LATER)
    assert statuses(barred, other) == [Status.HOLDING, Status.PENDING]


def test_drain_goes_by_age_within_capacity_and_passes_over_who_has_nobody(world):
    first, second = world.aes
    make_room(world, first)
    barred = world.submitted()
    reject_handoff(barred, reason="conflict", by=first, now=NOW)
    make_room(world, first, 0)
    times = [NOW + timedelta(minutes=n) for n in (3, 1, 2, 4)]
    rows = [world.submitted(now=at) for at in times]
    # Only the first has room, for two; whom the oldest waits for has none.
    make_room(world, first, 2)
    assert drain_holding(LATER) == 2
    assert statuses(barred, *rows) == [
        Status.HOLDING,
        Status.HOLDING,
        Status.PENDING,
        Status.PENDING,
        Status.HOLDING,
    ]
    make_room(world, second, 1)
    assert drain_holding(LATER) == 1
    assert statuses(barred) == [Status.PENDING]
    assert barred.owner == second


def test_manager_is_told_of_a_held_one_at_once(world):
    row = world.submitted()
    told = Message.objects.filter(kind="held", subject_ref=f"handoff:{row.pk}")
    assert {(one.recipient, one.channel, one.not_before) for one in told} == {
        (world.manager, "inbox", NOW),
        (world.manager, "email", NOW),
    }


def test_submit_while_an_older_one_is_held_queues_behind_it(world):
    older = world.submitted()
    make_room(world, world.ae)
    newer = world.submitted(now=LATER)
    assert statuses(older, newer) == [Status.HOLDING, Status.HOLDING]
    drain_holding(LATER)
    assert statuses(older, newer) == [Status.PENDING, Status.HOLDING]


def test_drain_that_fails_in_one_pool_goes_on_with_the_next(world, caplog):
    """The only receiver with room in the first pool has hours that were never published."""
    stuck, behind = world.submitted(), world.submitted()
    first, second = world.aes
    User.objects.filter(pk=first.pk).update(calendar=Calendar.objects.create(name="Not yet"))
    make_room(world, first)
    other = create_pool(name="Other pool", manager=world.manager, by=world.admin, now=NOW)
    add_member(pool=other, user=second, by=world.admin, now=NOW)
    change_member(
        member=world.pool.members.get(user=second), is_active=False, by=world.admin, now=NOW
    )
    make_room(world, second)
    Handoff.objects.filter(pk=behind.pk).update(pool=other)
    assert drain_holding(LATER) == 1
    assert statuses(stuck, behind) == [Status.HOLDING, Status.PENDING]
    assert "held handoff not placed" in caplog.text


def test_drain_is_not_stopped_by_those_that_wait_for_a_person(world, monkeypatch):
    monkeypatch.setattr(holding, "LOOK_AHEAD", 1)
    monkeypatch.setattr(holding, "MOST_LEGS", 1)
    make_room(world, world.ae)
    used_up = world.submitted()
    make_room(world, world.ae, 0)
    reject_handoff(used_up, reason="conflict", by=world.ae, now=NOW)
    waiting = world.submitted(now=NOW + timedelta(minutes=1))
    make_room(world, world.ae)
    assert drain_holding(LATER) == 1
    assert statuses(used_up, waiting) == [Status.HOLDING, Status.PENDING]


def test_submit_at_night_costs_the_same_for_any_number_of_receivers(world):
    night = NOW.replace(hour=2)

    def queries():
        draft = world.draft(now=night)
        with CaptureQueriesContext(connection) as found:
            submit_handoff(draft, by=world.sdr, now=night)
        return len(found)

    make_room(world, world.aes[0], 100)
    queries()
    before = queries()
    for n in range(3):
        more = world.person(f"Maya Lind {n}", Role.AE)
        add_member(pool=world.pool, user=more, by=world.admin, now=NOW)
        make_room(world, more, 100)
    # The first lead of somebody's day costs a statement more.
    for _ in range(4):
        queries()
    assert queries() == before
