import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction

from core import triggers
from core.models import IdempotencyKey

TABLE = "core_idempotencykey"


@pytest.fixture
def guarded(monkeypatch, db):
    """One real table made append-only for the length of a test."""
    monkeypatch.setattr(triggers, "_triggers", {})
    triggers.register(*triggers.append_only(TABLE))
    triggers.create_all()
    yield IdempotencyKey.objects.create(client="a", key="1", body_hash="x")
    triggers.drop_all()


def test_append_only_lets_rows_in(guarded):
    IdempotencyKey.objects.create(client="a", key="2", body_hash="x")

    assert IdempotencyKey.objects.count() == 2


def test_append_only_refuses_update(guarded):
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        IdempotencyKey.objects.update(body_hash="y")

    guarded.refresh_from_db()
    assert guarded.body_hash == "x"


def test_append_only_refuses_delete(guarded):
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        guarded.delete()

    assert IdempotencyKey.objects.count() == 1


def test_append_only_refuses_raw_sql(guarded):
    for statement in (f"UPDATE {TABLE} SET body_hash = 'y'", f"DELETE FROM {TABLE}"):
        with (
            pytest.raises(IntegrityError),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)


@pytest.mark.postgresql
def test_append_only_refuses_truncate(guarded):
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {TABLE}")


def test_suspended_lets_everything_through_and_guards_again(guarded):
    with triggers.suspended():
        IdempotencyKey.objects.update(body_hash="y")

    assert triggers.missing() == []
    with pytest.raises(IntegrityError), transaction.atomic():
        IdempotencyKey.objects.update(body_hash="z")


def test_suspended_guards_again_after_an_error(guarded):
    with pytest.raises(RuntimeError), triggers.suspended():
        raise RuntimeError

    assert triggers.missing() == []


def test_create_all_twice_changes_nothing(guarded):
    triggers.create_all()

    assert triggers.missing() == []


def test_create_all_skips_a_table_that_is_not_there_yet(monkeypatch, db):
    monkeypatch.setattr(triggers, "_triggers", {})
    triggers.register(*triggers.append_only("not_there_yet"))

    triggers.create_all()

    assert "not_there_yet_no_update" in triggers.missing()


@pytest.mark.django_db
def test_whole_migration_creates_every_registered_trigger():
    assert triggers.missing() == []


@pytest.mark.django_db(transaction=True)
def test_migrate_creates_again_what_was_lost():
    triggers.drop_all()

    call_command("migrate", verbosity=0)

    assert triggers.missing() == []


@pytest.mark.django_db(transaction=True)
def test_database_check_names_lost_triggers(monkeypatch):
    from core.checks import check_triggers

    monkeypatch.setattr(triggers, "_triggers", {})
    triggers.register(*triggers.append_only(TABLE))

    (warning,) = check_triggers(None, databases=["default"])

    assert warning.id == "core.W004"
    assert f"{TABLE}_no_update" in warning.msg
