from django.db import migrations
from django.db.models import Count, IntegerField, OuterRef, Subquery, Value
from django.db.models.functions import Coalesce


def count_uncontacted(apps, schema_editor):
    """A lead counts as load until its receiver's first contact, no longer until its acceptance."""
    _count(apps, {"ended_at__isnull": True, "contacted_at__isnull": True})


def count_undecided(apps, schema_editor):
    _count(apps, {"ended_at__isnull": True, "accepted_at__isnull": True})


def _count(apps, which):
    legs = apps.get_model("handoff", "Leg").objects.filter(receiver=OuterRef("user"), **which)
    carried = legs.order_by().values("receiver").annotate(n=Count("pk")).values("n")
    apps.get_model("routing", "Load").objects.update(
        open_count=Coalesce(Subquery(carried, output_field=IntegerField()), Value(0))
    )


class Migration(migrations.Migration):
    dependencies = [("handoff", "0006_meeting_reminders"), ("routing", "0002_life")]

    operations = [migrations.RunPython(count_uncontacted, count_undecided)]
