from django.db import migrations

ROLES = ["SDR", "AE", "Manager", "RevOps admin"]


def make_groups(apps, schema_editor):
    groups = apps.get_model("auth", "Group").objects.using(schema_editor.connection.alias)
    for name in ROLES:
        groups.get_or_create(name=name)


def keep_groups(apps, schema_editor):
    """People may be in them, and an older release has no objection to their being there."""


class Migration(migrations.Migration):
    """The groups that give the product's roles."""

    dependencies = [
        ("accounts", "0001_initial"),
        ("auth", "0012_alter_user_first_name_max_length"),
    ]

    operations = [migrations.RunPython(make_groups, keep_groups)]
