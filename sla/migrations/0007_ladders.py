# Steps may come so many minutes from due; two more things that a step may do.

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('sla', '0006_every_clock_kind'),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='step',
            options={'ordering': ['target', 'offset_percent', 'offset_minutes', 'id']},
        ),
        migrations.RemoveConstraint(
            model_name='step',
            name='sla_step_breach_at_due',
        ),
        migrations.RemoveConstraint(
            model_name='step',
            name='sla_step_remind_before_due',
        ),
        migrations.AddField(
            model_name='step',
            name='offset_minutes',
            field=models.IntegerField(blank=True, null=True),
        ),
        migrations.AlterField(
            model_name='step',
            name='action',
            field=models.CharField(choices=[('remind', 'Remind'), ('breach', 'Breach'), ('alert_manager', 'Alert the manager'), ('notify_channel', "Post to the team's channel"), ('reassign', 'Give it to the backup'), ('return_to_submitter', 'Return it to the submitter'), ('to_nurture', 'Give it back to nurture')], max_length=20),
        ),
        migrations.AlterField(
            model_name='step',
            name='offset_percent',
            field=models.SmallIntegerField(blank=True, null=True),
        ),
        migrations.AddConstraint(
            model_name='step',
            constraint=models.UniqueConstraint(fields=('target', 'offset_minutes', 'action'), name='sla_step_once_in_minutes'),
        ),
        migrations.AddConstraint(
            model_name='step',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('offset_minutes__isnull', False), ('offset_percent__isnull', True)), models.Q(('offset_minutes__isnull', True), ('offset_percent__isnull', False)), _connector='OR'), name='sla_step_one_offset'),
        ),
        migrations.AddConstraint(
            model_name='step',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('action', 'breach'), _negated=True), models.Q(('offset_percent', 0), ('offset_percent__isnull', False)), _connector='OR'), name='sla_step_breach_at_due'),
        ),
        migrations.AddConstraint(
            model_name='step',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('action', 'remind'), _negated=True), models.Q(('offset_percent__gt', -100), ('offset_percent__isnull', False), ('offset_percent__lt', 0)), models.Q(('offset_minutes__isnull', False), ('offset_minutes__lt', 0)), _connector='OR'), name='sla_step_remind_before_due'),
        ),
    ]
