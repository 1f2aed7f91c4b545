
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('routing', '0004_rules_and_limits'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddIndex(
            model_name='turn',
            index=models.Index(fields=['pool', '-at'], name='routing_turn_pool_at'),
        ),
    ]
