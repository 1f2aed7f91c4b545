# Meetings get their table; more kinds of clocks, events and words for them.

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('handoff', '0011_clocks_retimed'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        # Its old name is the new table's, and both live in one list of names.
        migrations.RenameIndex(
            model_name='handoff',
            new_name='handoff_meeting_ahead',
            old_name='handoff_meeting',
        ),
        migrations.CreateModel(
            name='Meeting',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('kind', models.CharField(choices=[('intro_call', 'Introduction call'), ('meeting', 'Meeting')], default='meeting', max_length=12)),
                ('starts_at', models.DateTimeField(help_text='When it is planned for; held: when it was.')),
                ('state', models.CharField(choices=[('booked', 'Booked'), ('held', 'Held'), ('missed', 'Did not take place'), ('called_off', 'Called off')], default='booked', max_length=12)),
                ('booked_at', models.DateTimeField(help_text='When it was entered.')),
                ('settled_at', models.DateTimeField(blank=True, null=True)),
                ('note', models.TextField(blank=True)),
            ],
            options={
                'ordering': ['starts_at', 'id'],
            },
        ),
        migrations.AlterField(
            model_name='event',
            name='kind',
            field=models.CharField(choices=[('drafted', 'Draft begun'), ('edited', 'Draft changed'), ('submission_refused', 'Not ready to hand off'), ('submitted', 'Handed off'), ('held', 'Held: nobody eligible'), ('drained', 'Placed from holding'), ('assigned', 'Assigned'), ('accepted', 'Accepted'), ('rejected', 'Rejected'), ('conflict', 'Conflict declared'), ('conceded', 'Conceded'), ('withdrawn', 'Withdrawn'), ('superseded', 'Handed off again'), ('contested', 'Rejection contested'), ('overturned', 'Rejection overturned'), ('upheld', 'Rejection upheld'), ('touched', 'Touch logged'), ('next_step_dated', 'Next step dated'), ('timed_out', 'Time ran out'), ('reassigned', 'Reassigned'), ('covered', 'Passed to the cover'), ('returned', 'Returned to the submitter'), ('nurtured', 'Back to nurture'), ('disqualified', 'Disqualified'), ('converted', 'Converted'), ('outcome_recorded', 'Outcome recorded'), ('merged', 'Merged with another lead'), ('retargeted', 'Clock timed anew'), ('retimed', 'Open clocks re-timed'), ('extended', 'More time given'), ('paused', 'Clock paused'), ('resumed', 'Clock resumed'), ('acknowledged', 'Alert acknowledged'), ('meeting_moved', 'Meeting moved'), ('meeting_missed', 'Meeting did not take place'), ('meeting_called_off', 'Meeting called off'), ('introduced', 'Introduced live'), ('not_introduced', 'Live introduction taken back'), ('meeting_reminded', 'Reminded of the meeting'), ('reminded', 'Reminded'), ('breached', 'Due time missed'), ('alerted', 'Manager alerted'), ('posted', "Posted to the team's channel"), ('unstaffed', 'Nobody at work'), ('step_superseded', 'Step no longer needed'), ('step_retried', 'Step tried again')], max_length=24),
        ),
        migrations.AlterField(
            model_name='handoffclock',
            name='kind',
            field=models.CharField(choices=[('hand_off', 'Hand-off'), ('accept', 'Accept'), ('contact', 'First contact'), ('contact_leg', 'Own contact'), ('next_step', 'Next step'), ('booking', 'Booking'), ('second_meeting', 'Second meeting')], max_length=20),
        ),
        migrations.AlterField(
            model_name='leg',
            name='ended_as',
            field=models.CharField(blank=True, choices=[('rejected', 'Rejected'), ('conflict', 'Conflict'), ('withdrawn', 'Withdrawn'), ('timed_out', 'Time ran out'), ('reassigned', 'Reassigned'), ('covered', 'Passed to the cover'), ('returned', 'Returned to the submitter'), ('closed', 'Closed')], max_length=12),
        ),
        migrations.AlterField(
            model_name='transfer',
            name='reason',
            field=models.CharField(choices=[('submitted', 'Handed off'), ('conflict', 'The receiver declared a conflict'), ('rejected', 'Rejected'), ('returned', 'Returned to the submitter'), ('drained', 'Somebody became eligible'), ('overturned', 'The rejection was overturned'), ('sla_breach', 'Time ran out'), ('cover', 'Cover for time off'), ('territory', 'Change of territory'), ('manager', 'A manager decided'), ('left', 'The owner left')], max_length=12),
        ),
        migrations.AddField(
            model_name='meeting',
            name='booked_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='meeting',
            name='handoff',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='meetings', to='handoff.handoff'),
        ),
        migrations.AddField(
            model_name='meeting',
            name='receiver',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='meeting',
            name='settled_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddConstraint(
            model_name='meeting',
            constraint=models.UniqueConstraint(condition=models.Q(('state__in', ['booked', 'held'])), fields=('handoff', 'kind', 'starts_at'), name='handoff_meeting_once'),
        ),
        migrations.AddConstraint(
            model_name='meeting',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('settled_at__isnull', True), ('state', 'booked')), models.Q(models.Q(('state', 'booked'), _negated=True), ('settled_at__isnull', False)), _connector='OR'), name='handoff_meeting_settled_has_time'),
        ),
        migrations.AddConstraint(
            model_name='meeting',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'held'), _negated=True), ('starts_at__lte', models.F('settled_at')), _connector='OR'), name='handoff_meeting_held_is_past'),
        ),
    ]
