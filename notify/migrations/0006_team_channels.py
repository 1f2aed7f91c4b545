# Teams, and the organisation, have a Slack channel of their own.

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0002_roles'),
        ('notify', '0005_daily_notice'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="destination",
            options={"verbose_name": "Slack channel"},
        ),
        migrations.AddField(
            model_name='destination',
            name='team',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='destinations', to='accounts.team'),
        ),
        migrations.AddField(
            model_name='lastdigest',
            name='team',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.team'),
        ),
        migrations.AddField(
            model_name='message',
            name='team',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.team'),
        ),
        migrations.AlterField(
            model_name='destination',
            name='user',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='destinations', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AlterField(
            model_name='lastdigest',
            name='user',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AlterField(
            model_name='message',
            name='recipient',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='messages', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddConstraint(
            model_name='destination',
            constraint=models.UniqueConstraint(fields=('team', 'channel'), name='notify_destination_once_a_team'),
        ),
        migrations.AddConstraint(
            model_name='destination',
            constraint=models.UniqueConstraint(condition=models.Q(('team__isnull', True), ('user__isnull', True)), fields=('channel',), name='notify_destination_once_for_all'),
        ),
        migrations.AddConstraint(
            model_name='destination',
            constraint=models.CheckConstraint(condition=models.Q(('user__isnull', True), ('team__isnull', True), _connector='OR'), name='notify_destination_of_one'),
        ),
        migrations.AddConstraint(
            model_name='lastdigest',
            constraint=models.UniqueConstraint(fields=('team', 'channel'), name='notify_lastdigest_once_a_team'),
        ),
        migrations.AddConstraint(
            model_name='lastdigest',
            constraint=models.UniqueConstraint(condition=models.Q(('team__isnull', True), ('user__isnull', True)), fields=('channel',), name='notify_lastdigest_once_for_all'),
        ),
        migrations.AddConstraint(
            model_name='lastdigest',
            constraint=models.CheckConstraint(condition=models.Q(('user__isnull', True), ('team__isnull', True), _connector='OR'), name='notify_lastdigest_to_one'),
        ),
        migrations.AddConstraint(
            model_name='message',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('recipient__isnull', False), ('team__isnull', True)), models.Q(('channel', 'slack'), ('recipient__isnull', True)), _connector='OR'), name='notify_message_to_somebody'),
        ),
    ]
