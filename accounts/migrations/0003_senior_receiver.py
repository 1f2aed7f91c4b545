# Whom a ladder tells beside the manager.

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0002_roles'),
    ]

    operations = [
        migrations.AddField(
            model_name='historicalteam',
            name='senior',
            field=models.ForeignKey(blank=True, db_constraint=False, help_text='Told where a ladder names the senior receiver; empty: the manager is.', null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='senior receiver'),
        ),
        migrations.AddField(
            model_name='team',
            name='senior',
            field=models.ForeignKey(blank=True, help_text='Told where a ladder names the senior receiver; empty: the manager is.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='senior receiver'),
        ),
    ]
