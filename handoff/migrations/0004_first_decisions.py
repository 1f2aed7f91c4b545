from django.db import migrations
from django.db.models import F
from django.db.models.functions import Coalesce


def fill(apps, schema_editor):
    """Date the decisions that were made before they had a column of their own."""
    legs = apps.get_model("handoff", "Leg").objects.filter(decided_at__isnull=True)
    legs.filter(accepted_at__isnull=False).update(decided_at=F("accepted_at"))
    legs.filter(ended_as__in=["rejected", "conflict"]).update(
        decided_at=Coalesce(F("decided_at"), F("ended_at"))
    )


class Migration(migrations.Migration):
    dependencies = [("handoff", "0003_life")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
