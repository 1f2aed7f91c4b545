"""Rows that go over as one text arrive as those of the ORM do."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import DataError, IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from core.inserts import insert_rows
from notify.models import Message
from tests.factories.accounts import make_user

pytestmark = pytest.mark.django_db
AT = datetime(2026, 3, 29, 1, 30, 0, 123456, tzinfo=UTC)


def row(key, **changes):
    return {
        "key": key,
        "kind": "assigned",
        "recipient_id": make_user().pk,
        "channel": "inbox",
        "subject_ref": "handoff:7",
        "payload": {"handoff": 7, "leg": None, "why": "it's \u201cso\u201d \\ % %s 'x' \U0001f600"},
        "not_before": AT,
        "state": "sent",
        "sent_at": AT,
        **changes,
    }


def stored(key):
    values = Message.objects.filter(key=key).values().get()
    for name in ("id", "created_at", "key", "recipient_id"):
        values.pop(name)
    return values


def test_rows_are_as_the_orm_would_have_written_them():
    Message.objects.create(**row("by the ORM"))
    insert_rows(Message, [row("as text"), row("also", sent_at=AT + timedelta(microseconds=1))])
    assert stored("as text") == stored("by the ORM")
    assert stored("also")["sent_at"] == AT + timedelta(microseconds=1)
    assert Message.objects.get(key="as text").created_at is not None


def test_rows_go_in_by_one_statement():
    rows = [row(f"n{n}") for n in range(50)]
    with CaptureQueriesContext(connection) as queries:
        insert_rows(Message, rows)
    assert len(queries) == 1
    assert Message.objects.count() == len(rows)


def test_no_rows_ask_the_database_for_nothing(django_assert_num_queries):
    with django_assert_num_queries(0):
        insert_rows(Message, [])


def test_row_that_is_there_is_left_as_it_stands_when_told_so():
    insert_rows(Message, [row("one")])
    insert_rows(Message, [row("one", kind="late"), row("two")], ignore_conflicts=True)
    assert Message.objects.get(key="one").kind == "assigned"
    assert Message.objects.filter(key="two").exists()
    with pytest.raises(IntegrityError), transaction.atomic():
        insert_rows(Message, [row("one")])


def test_constraints_hold_for_rows_as_for_the_orm():
    with pytest.raises(IntegrityError), transaction.atomic():
        insert_rows(Message, [row("sent without a time", sent_at=None)])
    if connection.vendor == "postgresql":
        with pytest.raises(DataError), transaction.atomic():
            insert_rows(Message, [row("k" * 201)])
    assert not Message.objects.exists()


def test_value_that_no_text_can_carry_is_refused():
    with pytest.raises(TypeError):
        insert_rows(Message, [row("bytes", payload={"raw": b"x"})])
