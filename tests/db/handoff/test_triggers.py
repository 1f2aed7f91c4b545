"""What the tables refuse whoever writes to them, after the real migrations."""

import pytest
from django.db import IntegrityError, connection, transaction

from core import triggers
from handoff.choices import EventKind, TransferReason
from handoff.models import Event, Handoff, Transfer
from handoff.services import accept_handoff, drain_holding, reject_handoff, withdraw_handoff
from routing.models import Member, Turn
from tests.factories.handoff import NOW, make_world

pytestmark = pytest.mark.django_db

LOGS = [Event, Transfer, Turn]
OWNER = "the owner of a submitted handoff changes by a transfer only"


@pytest.fixture
def world(db):
    return make_world()


@pytest.fixture
def handoff(world):
    return world.submitted()


def execute(sql, *values):
    with connection.cursor() as cursor:
        cursor.execute(sql, values)


def refused(action, *, match="append-only"):
    with pytest.raises(IntegrityError, match=match), transaction.atomic():
        action()


def contents(model):
    return list(model.objects.order_by("pk").values())


@pytest.mark.parametrize("model", LOGS)
def test_log_refuses_every_change_by_the_orm(handoff, model):
    before = contents(model)
    assert before
    row = model.objects.first()

    refused(lambda: model.objects.update(created_at=NOW))
    refused(lambda: model.objects.filter(pk=row.pk).update(id=row.pk + 1_000))
    refused(row.save)
    refused(lambda: model.objects.bulk_update([row], ["created_at"]))
    refused(lambda: model.objects.filter(pk=row.pk)._raw_delete(model.objects.db))

    assert contents(model) == before


@pytest.mark.parametrize("model", LOGS)
def test_log_refuses_every_change_by_raw_sql(handoff, model):
    before = contents(model)
    table = model._meta.db_table

    refused(lambda: execute(f"UPDATE {table} SET created_at = created_at"))
    refused(lambda: execute(f"DELETE FROM {table}"))
    refused(lambda: execute(f"DELETE FROM {table} WHERE id = %s", before[0]["id"]))

    assert contents(model) == before


@pytest.mark.postgresql
@pytest.mark.parametrize("model", LOGS)
def test_log_refuses_to_be_emptied(handoff, model):
    table = model._meta.db_table
    # A table with checks still to come cannot be emptied, trigger or not.
    execute("SET CONSTRAINTS ALL IMMEDIATE")
    refused(lambda: execute(f"TRUNCATE {table} CASCADE"))
    # Emptying what it points at would empty it too.
    refused(lambda: execute("TRUNCATE accounts_user CASCADE"))
    assert model.objects.exists()


@pytest.mark.sqlite
@pytest.mark.parametrize("model", LOGS)
def test_log_refuses_a_row_in_the_place_of_another(handoff, model):
    """SQLite's REPLACE removes the row that is in the way; PostgreSQL has no such thing."""
    table = model._meta.db_table
    before = contents(model)
    refused(lambda: execute(f"REPLACE INTO {table} SELECT * FROM {table}"))
    assert contents(model) == before


def test_every_registered_trigger_is_there():
    names = {trigger.name for trigger in triggers.registered_triggers()}
    assert {
        "handoff_event_no_update",
        "handoff_event_no_delete",
        "handoff_transfer_no_update",
        "handoff_transfer_no_delete",
        "routing_turn_no_update",
        "routing_turn_no_delete",
        "handoff_owner_by_transfer",
    } <= names
    assert triggers.missing() == []


def transfer(handoff, to, *, start=None):
    return Transfer.objects.create(
        handoff=handoff,
        from_user=start or handoff.owner,
        to_user=to,
        reason=TransferReason.CONFLICT,
        at=NOW,
    )


def test_owner_does_not_change_without_a_transfer(world, handoff):
    rows = Handoff.objects.filter(pk=handoff.pk)
    refused(lambda: rows.update(owner=world.manager), match=OWNER)
    refused(lambda: execute(f"UPDATE {table()} SET owner_id = %s", world.manager.pk), match=OWNER)
    handoff.owner = world.manager
    refused(handoff.save, match=OWNER)
    refused(lambda: rows.update(owner=world.manager, last_transfer=None), match=OWNER)
    assert rows.get().owner_id != world.manager.pk


def table():
    return Handoff._meta.db_table


def set_owner(handoff, owner, last_transfer):
    execute(
        f"UPDATE {table()} SET owner_id = %s, last_transfer_id = %s WHERE id = %s",
        owner.pk,
        last_transfer.pk,
        handoff.pk,
    )


def test_owner_does_not_change_by_a_transfer_of_another_handoff(world, handoff):
    other = world.submitted()
    foreign = transfer(other, world.manager)
    refused(lambda: set_owner(handoff, world.manager, foreign), match=OWNER)


def test_owner_does_not_change_by_a_transfer_to_somebody_else(world, handoff):
    elsewhere = transfer(handoff, world.sdr)
    refused(lambda: set_owner(handoff, world.manager, elsewhere), match=OWNER)


def test_owner_does_not_change_by_a_transfer_from_somebody_else(world, handoff):
    wrong = transfer(handoff, world.manager, start=world.sdr)
    refused(lambda: set_owner(handoff, world.manager, wrong), match=OWNER)


def test_owner_does_not_change_by_a_transfer_that_was_used_before(world, handoff):
    back_then = handoff.last_transfer
    receiver = handoff.owner
    set_owner(handoff, world.manager, transfer(handoff, world.manager))
    handoff.refresh_from_db()
    set_owner(handoff, receiver, transfer(handoff, receiver))
    handoff.refresh_from_db()
    set_owner(handoff, world.sdr, transfer(handoff, world.sdr))

    refused(lambda: set_owner(handoff, receiver, back_then), match=OWNER)


def test_owner_changes_with_a_new_transfer_to_that_person(world, handoff):
    set_owner(handoff, world.manager, transfer(handoff, world.manager))
    handoff.refresh_from_db()
    assert handoff.owner == world.manager


def test_owner_of_a_draft_may_change_freely(world):
    draft = world.draft()
    assert Handoff.objects.filter(pk=draft.pk).update(owner=world.manager) == 1


def test_submission_is_not_undone_to_pass_the_owner_on(world, handoff):
    rows = Handoff.objects.filter(pk=handoff.pk)
    refused(lambda: rows.update(submitted_at=None, status="draft"), match="stays submitted")
    refused(
        lambda: rows.update(submitted_at=None, status="draft", owner=world.manager),
        match="stays submitted|by a transfer only",
    )


def test_services_pass_the_owner_on_each_time_with_a_transfer(world, handoff):
    first = handoff.owner
    second = reject_handoff(handoff, reason="conflict", by=first, now=NOW).owner
    assert second not in (first, world.sdr)
    back = reject_handoff(handoff, reason="no_budget", by=second, now=NOW).owner
    assert back == world.sdr
    assert list(handoff.transfers.values_list("to_user", flat=True)) == [
        first.pk,
        second.pk,
        world.sdr.pk,
    ]
    accepted = world.submitted()
    accept_handoff(accepted, by=accepted.owner, now=NOW)
    withdrawn = world.submitted()
    withdraw_handoff(withdrawn, by=world.sdr, now=NOW)


def test_services_hold_and_place_with_a_transfer(world):
    Member.objects.update(is_active=False)
    held = world.submitted()
    assert held.owner == world.manager
    Member.objects.update(is_active=True)
    assert drain_holding(NOW) == 1
    held.refresh_from_db()
    assert held.owner in world.aes
    assert held.last_transfer.to_user == held.owner
    assert held.events.filter(kind=EventKind.DRAINED).exists()
