from django.db import migrations

TRAITS = ("help", "options", "partial", "is_ahead")


def fill(apps, schema_editor):
    """Have in the catalogue what forms ask that were published before there was one."""
    Field = apps.get_model("handoff", "Field")
    known = set(Field.objects.values_list("key", flat=True))
    found = {}
    # The newest version of a form has the last word on what a field says.
    for layout in apps.get_model("handoff", "FormVersion").objects.order_by("-pk").values_list(
        "layout", flat=True
    ):
        for part in layout["sections"]:
            for item in part["fields"]:
                found.setdefault(item["key"], item)
    Field.objects.bulk_create(
        Field(
            key=key,
            label=item["label"],
            target=item["target"],
            kind=item["kind"],
            **{name: item[name] for name in TRAITS if name in item},
        )
        for key, item in found.items()
        if key not in known
    )


class Migration(migrations.Migration):
    dependencies = [("handoff", "0008_value_needs_currency")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
