"""Reads that are compiled once give what the ORM gives, whoever asks and with whatever values."""

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import (
    BigIntegerField,
    CharField,
    DateTimeField,
    Exists,
    F,
    OuterRef,
    Q,
    Value,
)
from django.db.models.functions import Coalesce

from accounts.models import Membership, Organisation, Team, TimeOff, User
from core.prepared import PreparedRead, PreparedUpdate
from tests.factories.accounts import NOW
from tests.factories.handoff import make_world
from tests.factories.routing import make_people

pytestmark = pytest.mark.django_db


def names_of(first, second):
    same = Q(pk=first) | Q(pk=second)
    return User.objects.filter(same).order_by("pk").values_list("pk", "name", "paused_at")


NAMES = PreparedRead(names_of, first=BigIntegerField(), second=BigIntegerField())


def test_prepared_read_gives_what_the_query_gives_for_each_value():
    a, b, c = make_people(3)
    User.objects.filter(pk=b.pk).update(paused_at=NOW)
    for first, second in ((a.pk, b.pk), (b.pk, c.pk), (c.pk, c.pk), (0, 2**62)):
        assert NAMES(first=first, second=second) == list(names_of(first, second))


def test_prepared_read_is_one_query_and_the_same_sql(django_assert_num_queries):
    a, b = make_people(2)
    with django_assert_num_queries(1) as first:
        NAMES(first=a.pk, second=b.pk)
    with django_assert_num_queries(1) as again:
        NAMES(first=a.pk, second=b.pk)
    assert first.captured_queries[0]["sql"] == again.captured_queries[0]["sql"]


def test_prepared_read_takes_instants_texts_subqueries_and_unions():
    (person,) = make_people(1)
    TimeOff.objects.create(user=person, starts_at=NOW, ends_at=NOW + timedelta(hours=1))

    def away(at, email):
        off = TimeOff.objects.covering(at).filter(user=OuterRef("pk"))
        zone = Coalesce("zone", Value(""))
        return User.objects.filter(email=email).values_list(Exists(off), zone)

    read = PreparedRead(away, at=DateTimeField(), email=CharField())
    for at in (NOW - timedelta(seconds=1), NOW, NOW + timedelta(hours=1)):
        assert read(at=at, email=person.email) == list(away(at, person.email))
    hostile = "' OR 1=1; -- %s %(email)s"
    assert read(at=NOW, email=hostile) == []

    def places(user):
        teams = Membership.objects.filter(user=user).order_by().values_list("team__name")
        return teams.union(Organisation.objects.order_by().values_list("name"), all=True)

    world = make_world()
    Team.objects.update(name="100 % %s")
    read = PreparedRead(places, user=BigIntegerField())
    assert sorted(read(user=world.sdr.pk)) == sorted(places(world.sdr.pk))
    assert ("100 % %s",) in read(user=world.sdr.pk)


def test_prepared_read_without_values_has_none():
    everybody = PreparedRead(lambda: User.objects.order_by("pk").values_list("pk"))
    assert everybody() == []
    people = make_people(2)
    assert everybody() == [(one.pk,) for one in people]


def test_prepared_read_knows_the_connection_of_each_thread():
    read = PreparedRead(lambda n: User.objects.filter(pk=n).values_list("pk"), n=BigIntegerField())
    read(n=1)
    seen = []

    def ask():
        try:
            read(n=1)
            seen.append(read._kept.compiled.compiler.connection)
        finally:
            connection.close()

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()
    assert seen[0] is not read._kept.compiled.compiler.connection


def test_prepared_read_of_a_value_that_is_not_named_is_refused():
    with pytest.raises(KeyError):
        NAMES(first=1)


def test_prepared_update_changes_what_the_update_would_and_says_how_many():
    a, b, c = make_people(3)
    rename = PreparedUpdate(
        lambda first, name: (
            User.objects.filter(pk__gte=first).exclude(name=name),
            {"name": name, "paused_at": F("created_at")},
        ),
        first=BigIntegerField(),
        name=CharField(),
    )
    assert rename(first=b.pk, name="%s' OR 1=1") == 2
    assert rename(first=b.pk, name="%s' OR 1=1") == 0
    names = User.objects.order_by("pk").values_list("name", flat=True)
    assert list(names) == [a.name, "%s' OR 1=1", "%s' OR 1=1"]
    c.refresh_from_db()
    assert c.paused_at == c.created_at
