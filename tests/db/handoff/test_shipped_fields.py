"""The catalogue of an installation that is older than the fields which rules ask about."""

from importlib import import_module

import pytest
from django.apps import apps

from handoff.models import Field
from tests.factories.handoff import make_world

pytestmark = pytest.mark.django_db
NEW = ("company.segment", "contact.language", "contact.product", "contact.score")


def add():
    import_module("handoff.migrations.0014_shipped_fields").add(apps, None)


def said():
    rows = Field.objects.filter(key__in=NEW).order_by("key")
    return [(row.key, row.label, row.help, row.target, row.kind) for row in rows]


def test_older_catalogue_gets_the_fields_as_a_new_one_has_them():
    make_world()
    new = said()
    assert [key for key, *_ in new] == sorted(NEW)
    Field.objects.filter(key__in=NEW).delete()
    add()
    assert said() == new
    add()
    assert said() == new


def test_installation_that_is_not_set_up_is_left_to_its_set_up():
    add()
    assert not Field.objects.exists()
