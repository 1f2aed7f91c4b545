from django.db import migrations

FIELDS = (
    (
        "company.segment",
        "Segment",
        "Write it as your rules do, such as Enterprise.",
        "company",
        "text",
    ),
    (
        "contact.language",
        "Language",
        "Write which language this person wants to speak.",
        "lead",
        "text",
    ),
    ("contact.product", "Product", "Name what this person asks about.", "lead", "text"),
    ("contact.score", "Score", "Give the number of your scoring system.", "lead", "integer"),
)


def add(apps, schema_editor):
    """Have in the catalogue of an installation what rules ask about; a new one is set up with it."""
    Field = apps.get_model("handoff", "Field")
    known = set(Field.objects.values_list("key", flat=True))
    if known:
        Field.objects.bulk_create(
            Field(key=key, label=label, help=text, target=target, kind=kind)
            for key, label, text, target, kind in FIELDS
            if key not in known
        )


class Migration(migrations.Migration):
    dependencies = [("handoff", "0013_routing_facts")]

    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
