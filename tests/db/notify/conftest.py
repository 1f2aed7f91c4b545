from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import Group
from django.db import connection

from accounts.choices import Role
from accounts.models import User
from notify import registry, transports
from notify.choices import Channel
from notify.registry import Text
from notify.services import queue_message

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)


@pytest.fixture
def now():
    return NOW


@pytest.fixture
def make_user(db):
    def make(name, role=Role.AE, **extra):
        user = User.objects.create_user(f"{name.lower()}@example.com", name=name, **extra)
        user.groups.add(Group.objects.get_or_create(name=role.label)[0])
        return user

    return make


@pytest.fixture
def anna(make_user):
    return make_user("Anna")


@pytest.fixture
def bert(make_user):
    return make_user("Bert")


@pytest.fixture
def admin(make_user):
    return make_user("Ada", Role.ADMIN)


@pytest.fixture
def kinds(monkeypatch):
    """What messages of kind `note` say, by their key's first part; None: no longer true."""
    texts = {}

    def refresh(message, now):
        text = texts.get(message.key.split(":")[0], Text("A note", "Read it.", "/a/"))
        if isinstance(text, Exception):
            raise text
        return text

    def refresh_many(messages, now):
        return {message.pk: refresh(message, now) for message in messages}

    monkeypatch.setitem(registry._kinds, "note", registry.Kind("note", refresh, refresh_many))
    return texts


@pytest.fixture
def queue(kinds, anna, now):
    def queue(key="one", recipient=anna, kind="note", **changes):
        given = {"subject_ref": "thing:1", "payload": {"thing": 1}, "now": now, **changes}
        return queue_message(key=key, kind=kind, recipient=recipient, **given)

    return queue


@pytest.fixture
def queue_mail(queue):
    def queue_mail(key="one", **changes):
        (message,) = queue(key, channels=[Channel.EMAIL], **changes)
        return message

    return queue_mail


@pytest.fixture
def plan_of(db):
    def plan_of(rows):
        """How the database finds the rows; a table of few rows is not simply read through."""
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("ANALYZE notify_message; SET LOCAL enable_seqscan = off")
        return rows.explain()

    return plan_of


class FakeTransport:
    """Takes every text, or fails as `errors` says for the message's key."""

    def __init__(self):
        self.sent = []
        self.parcels = []
        self.errors = {}
        self.closed = 0

    def send(self, messages, text):
        for message in messages:
            error = self.errors.get(message.key.split(":")[0])
            if callable(error):
                error = error(message)
            if error:
                raise error
        self.sent.append((messages[0].pk, text.subject))
        self.parcels.append(([message.pk for message in messages], text))

    def close(self):
        self.closed += 1


@pytest.fixture
def transport(monkeypatch):
    fake = FakeTransport()
    monkeypatch.setitem(transports.TRANSPORTS, Channel.EMAIL, lambda: fake)
    return fake
