from importlib import import_module

import pytest
from django.apps import apps
from django.core.management import call_command

from handoff.models import Field, FormVersion
from tests.factories.handoff import make_world

SHOWN = ("key", "label", "help", "target", "kind", "options", "partial", "is_ahead")


@pytest.mark.django_db
def test_models_have_no_change_without_migration():
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


@pytest.mark.django_db
def test_catalogue_is_filled_from_forms_that_were_published_before_it():
    make_world()
    wanted = {row["key"]: row for row in Field.objects.values(*SHOWN)}
    Field.objects.all().delete()
    kept = next(iter(wanted))
    Field.objects.create(**{**wanted[kept], "label": "Renamed by an admin"})

    migration = import_module("handoff.migrations.0009_catalogue_of_forms")
    migration.fill(apps, None)

    asked = {
        item["key"]
        for layout in FormVersion.objects.values_list("layout", flat=True)
        for part in layout["sections"]
        for item in part["fields"]
    }
    found = {row["key"]: row for row in Field.objects.values(*SHOWN)}
    assert set(found) == asked | {kept}
    assert found.pop(kept)["label"] == "Renamed by an admin"
    assert found == {key: wanted[key] for key in found}
