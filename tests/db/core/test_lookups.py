"""Ids that go over as one array."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Membership, User
from core.lookups import Among
from tests.factories.accounts import make_user

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("count", [0, 1, 3])
def test_among_finds_those_and_no_others(count):
    people = [make_user() for _ in range(4)]
    ids = [user.pk for user in people[:count]]
    assert set(User.objects.filter(Among("id", ids)).values_list("pk", flat=True)) == set(ids)
    assert User.objects.exclude(Among("id", ids)).filter(pk__in=[u.pk for u in people]).count() == (
        len(people) - count
    )


def test_among_takes_a_foreign_key_in_a_subquery_and_an_update():
    user = make_user()
    mine = Membership.objects.filter(Among("user_id", {user.pk, 2**62}))
    assert not User.objects.filter(pk__in=mine.values("user")).exists()
    assert User.objects.filter(Among("id", [user.pk, 2**62])).update(name="Ana") == 1


@pytest.mark.postgresql
def test_among_is_one_array_on_postgresql():
    with CaptureQueriesContext(connection) as queries:
        list(User.objects.filter(Among("id", range(300))))
    assert "= ANY(" in queries.captured_queries[0]["sql"]
