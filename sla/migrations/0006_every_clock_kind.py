# Three more kinds of clock, and clocks whose misses are written down without a ladder.

from django.db import migrations, models

KINDS = [
    ("hand_off", "Hand-off"),
    ("accept", "Accept"),
    ("contact", "First contact"),
    ("contact_leg", "Own contact"),
    ("next_step", "Next step"),
    ("booking", "Booking"),
    ("second_meeting", "Second meeting"),
]


class Migration(migrations.Migration):
    dependencies = [
        ("sla", "0005_indexes_for_both_databases"),
    ]

    operations = [
        migrations.AddField(
            model_name="clock",
            name="has_ladder",
            field=models.BooleanField(
                default=True,
                help_text="Else only a miss is written down: another clock's ladder acts.",
            ),
        ),
        migrations.AlterField(
            model_name="clock",
            name="kind",
            field=models.CharField(choices=KINDS, max_length=20),
        ),
        migrations.AlterField(
            model_name="target",
            name="kind",
            field=models.CharField(choices=KINDS, max_length=20),
        ),
    ]
