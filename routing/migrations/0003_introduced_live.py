# A receiver may go first whom the buyer has met.

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('routing', '0002_life'),
    ]

    operations = [
        migrations.AlterField(
            model_name='turn',
            name='kind',
            field=models.CharField(choices=[('rotation', 'Next in rotation'), ('returning', 'Back to the receiver who sent it back'), ('introduced', 'Introduced to the buyer live'), ('drained', 'From holding'), ('backup', 'The backup of who had it before'), ('cover', 'Cover for time off'), ('manual', 'A manager chose')], max_length=12),
        ),
    ]
