"""Drift, metrics and alarms: every table as of the first release, in one step."""

import django.db.models.deletion
import uuid_utils.compat
from django.conf import settings
from django.db import migrations, models

from inspection import sql

# What the database refuses to change or delete, as of this migration; later tables come with theirs.
APPEND_ONLY = (
    "monitoring_driftwindow",
    "monitoring_driftmark",
    "monitoring_alarmchange",
    "monitoring_alarmthreshold",
)


def protect(apps, schema_editor):
    sql.protect(APPEND_ONLY)


def unprotect(apps, schema_editor):
    sql.unprotect(APPEND_ONLY)


class Migration(migrations.Migration):

    replaces = [
        ("monitoring", "0001_drift"),
        ("monitoring", "0002_alarms_and_metrics"),
    ]

    initial = True

    dependencies = [
        ('inspection', '0001_squashed'),
        ('review', '0001_squashed'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Alarm',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('line', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='alarms', to='inspection.line')),
                ('rule', models.CharField(max_length=40)),
                ('state', models.CharField(choices=[('normal', 'normal'), ('unacknowledged', 'unacknowledged'), ('acknowledged', 'acknowledged'), ('returned', 'returned'), ('shelved', 'shelved'), ('suppressed', 'suppressed'), ('out_of_service', 'out_of_service')], default='normal', max_length=20)),
                ('is_on', models.BooleanField(default=False)),
                ('crossing_since', models.DateTimeField(null=True)),
                ('raised_at', models.DateTimeField(null=True)),
                ('value', models.FloatField(null=True)),
                ('worst', models.FloatField(null=True)),
                ('shelved_until', models.DateTimeField(null=True)),
                ('is_one_shot', models.BooleanField(default=False)),
                ('shelf_reason', models.CharField(blank=True, max_length=300)),
                ('handled_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('suppressed_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='beneath', to='monitoring.alarm')),
                ('told_at', models.DateTimeField(help_text='when people were told of it, or that it flaps', null=True)),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('state', 'normal'), _negated=True), fields=['state'], name='alarm_not_normal')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('line__isnull', False)), fields=('line', 'rule'), name='alarm_once_per_line'), models.UniqueConstraint(condition=models.Q(('line', None)), fields=('rule',), name='alarm_once_of_all'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'shelved'), _negated=True), ('shelved_until__isnull', False), _connector='OR'), name='alarm_shelved_has_an_end'), models.CheckConstraint(condition=models.Q(('state__in', ['normal', 'returned', 'shelved', 'out_of_service']), ('is_on', True), _connector='OR'), name='alarm_active_is_on'), models.CheckConstraint(condition=models.Q(('state__in', ['normal', 'unacknowledged', 'acknowledged', 'returned', 'shelved', 'suppressed', 'out_of_service'])), name='alarm_state_known')],
            },
        ),
        migrations.CreateModel(
            name='AlarmThreshold',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('line', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='alarm_thresholds', to='inspection.line')),
                ('rule', models.CharField(max_length=40)),
                ('n', models.PositiveIntegerField()),
                ('raise_at', models.FloatField()),
                ('clear_at', models.FloatField()),
                ('reason', models.CharField(max_length=300)),
                ('review_on', models.DateField()),
                ('replay', models.JSONField(help_text='how often it would have come over the days before, with the old limits and the new')),
                ('changed_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('changed_at', models.DateTimeField()),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('line', 'rule', 'n'), name='alarm_threshold_version_once')],
            },
        ),
        migrations.CreateModel(
            name='MetricWindow',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('line', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='metric_windows', to='inspection.line')),
                ('metric', models.CharField(max_length=40)),
                ('tier', models.CharField(choices=[('minute', 'minute'), ('hour', 'hour'), ('day', 'day')], max_length=6)),
                ('began_at', models.DateTimeField()),
                ('n', models.PositiveIntegerField()),
                ('total', models.FloatField()),
                ('low', models.FloatField()),
                ('high', models.FloatField()),
                ('last', models.FloatField()),
                ('sketch', models.BinaryField(help_text='mergeable quantiles, squeezed', null=True)),
                ('is_rolled', models.BooleanField(default=False, help_text='the next tier holds what stands here')),
            ],
            options={
                'indexes': [models.Index(fields=['tier', 'began_at'], name='metric_window_by_time'), models.Index(condition=models.Q(('is_rolled', False)), fields=['tier', 'began_at'], name='metric_window_to_roll')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('line__isnull', False)), fields=('line', 'metric', 'tier', 'began_at'), name='metric_window_once'), models.UniqueConstraint(condition=models.Q(('line', None)), fields=('metric', 'tier', 'began_at'), name='metric_window_once_of_all'), models.CheckConstraint(condition=models.Q(('n__gt', 0)), name='metric_window_holds_something')],
            },
        ),
        migrations.CreateModel(
            name='GatherMark',
            fields=[
                ('source', models.CharField(max_length=60, primary_key=True, serialize=False)),
                ('place', models.PositiveBigIntegerField(default=0)),
                ('read_at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='Channel',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=60, unique=True)),
                ('kind', models.CharField(choices=[('apprise', 'apprise'), ('webhook', 'webhook')], max_length=8)),
                ('sealed_address', models.BinaryField()),
                ('sealed_secret', models.BinaryField(help_text='signs the body of a webhook')),
                ('shown', models.CharField(help_text='scheme and host of the address, for the list', max_length=120)),
                ('line', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='channels', to='inspection.line')),
                ('least', models.CharField(choices=[('P1', 'P1'), ('P2', 'P2'), ('P3', 'P3')], default='P2', max_length=20)),
                ('is_active', models.BooleanField(default=True)),
                ('created_at', models.DateTimeField()),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('kind__in', ['apprise', 'webhook'])), name='channel_kind_known'), models.CheckConstraint(condition=models.Q(('least__in', ['P1', 'P2', 'P3'])), name='channel_least_known')],
            },
        ),
        migrations.CreateModel(
            name='Baseline',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('line', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='inspection.line')),
                ('watch', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='baselines', to='review.watch')),
                ('metrics', models.JSONField()),
                ('images', models.PositiveIntegerField()),
                ('shifts', models.PositiveIntegerField()),
                ('reason', models.CharField(max_length=300)),
                ('taken_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('taken_at', models.DateTimeField()),
                ('replaced_at', models.DateTimeField(null=True)),
                ('ends_with', models.UUIDField(help_text='the last image of the reference')),
                ('cursor', models.UUIDField(help_text='the last image that notices have looked at')),
                ('window_after', models.UUIDField(help_text='the last image of the last window')),
                ('window_began_at', models.DateTimeField()),
            ],
            options={
                'constraints': [models.UniqueConstraint(condition=models.Q(('replaced_at', None)), fields=('line',), name='baseline_one_in_force_per_line')],
            },
        ),
        migrations.CreateModel(
            name='AlarmChange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('alarm', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='changes', to='monitoring.alarm')),
                ('event', models.CharField(choices=[('raised', 'raised'), ('cleared', 'cleared'), ('acknowledged', 'acknowledged'), ('shelved', 'shelved'), ('unshelved', 'unshelved'), ('suppressed', 'suppressed'), ('released', 'released'), ('retired', 'retired'), ('restored', 'restored')], max_length=20)),
                ('state', models.CharField(choices=[('normal', 'normal'), ('unacknowledged', 'unacknowledged'), ('acknowledged', 'acknowledged'), ('returned', 'returned'), ('shelved', 'shelved'), ('suppressed', 'suppressed'), ('out_of_service', 'out_of_service')], max_length=20)),
                ('value', models.FloatField(null=True)),
                ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('reason', models.CharField(blank=True, max_length=300)),
                ('deed', models.CharField(blank=True, help_text='what it did to the line by itself', max_length=200)),
                ('changed_at', models.DateTimeField()),
            ],
            options={
                'indexes': [models.Index(fields=['-changed_at'], name='alarm_change_newest_first'), models.Index(fields=['event', 'changed_at'], name='alarm_change_by_event')],
                'constraints': [models.CheckConstraint(condition=models.Q(('event__in', ['raised', 'cleared', 'acknowledged', 'shelved', 'unshelved', 'suppressed', 'released', 'retired', 'restored'])), name='alarm_change_event_known')],
            },
        ),
        migrations.CreateModel(
            name='Notice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('channel', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='notices', to='monitoring.channel')),
                ('title', models.CharField(max_length=200)),
                ('text', models.TextField()),
                ('alarms', models.JSONField(help_text='what it speaks of')),
                ('state', models.CharField(choices=[('waiting', 'waiting'), ('sent', 'sent'), ('dead', 'dead')], default='waiting', max_length=8)),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('next_at', models.DateTimeField()),
                ('error', models.CharField(blank=True, max_length=200)),
                ('written_at', models.DateTimeField()),
                ('sent_at', models.DateTimeField(null=True)),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('state', 'waiting')), fields=['next_at'], name='notice_waiting')],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('state', 'sent'), _negated=True), ('sent_at__isnull', False), _connector='OR'), name='notice_sent_has_a_time'), models.CheckConstraint(condition=models.Q(('state__in', ['waiting', 'sent', 'dead'])), name='notice_state_known')],
            },
        ),
        migrations.CreateModel(
            name='DriftWindow',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('baseline', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='windows', to='monitoring.baseline')),
                ('images', models.PositiveIntegerField()),
                ('distances', models.JSONField()),
                ('over', models.JSONField(help_text='metrics beyond their threshold')),
                ('began_at', models.DateTimeField()),
                ('closed_at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='DriftMark',
            fields=[
                ('id', models.UUIDField(default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False)),
                ('baseline', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='marks', to='monitoring.baseline')),
                ('kind', models.CharField(choices=[('notice', 'notice'), ('alarm', 'alarm'), ('sustained', 'sustained')], max_length=10)),
                ('metric', models.CharField(max_length=20)),
                ('sds', models.FloatField(help_text='how far, in spreads of the reference')),
                ('item', models.UUIDField(help_text='the newest image when it was seen')),
                ('marked_at', models.DateTimeField()),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.RunPython(protect, unprotect),
    ]
