
from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('handoff', '0014_shipped_fields'),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='company',
            options={'ordering': ['name', 'id'], 'verbose_name_plural': 'companies'},
        ),
    ]
