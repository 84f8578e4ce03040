import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from inspection import sql

TABLES = ("inspection_gatelimits", "inspection_campaign")


def protect(apps, schema_editor):
    sql.protect(TABLES)


def unprotect(apps, schema_editor):
    sql.unprotect(TABLES)


class Migration(migrations.Migration):

    dependencies = [
        ('inspection', '0010_deeds_that_leave_a_trace'),
    ]

    operations = [
        migrations.AddField(
            model_name='gatelimits',
            name='epoch',
            field=models.ForeignKey(help_text='in which they were chosen', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='inspection.epoch'),
        ),
        migrations.AddField(
            model_name='line',
            name='campaign_share',
            field=models.FloatField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name='line',
            name='campaign_starts_at',
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name='line',
            name='campaign_ends_at',
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddConstraint(
            model_name='line',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('campaign_ends_at', None), ('campaign_share', None), ('campaign_starts_at', None)), models.Q(('campaign_ends_at__gt', models.F('campaign_starts_at')), ('campaign_ends_at__isnull', False), ('campaign_share__isnull', False), ('campaign_share__lte', 1), ('campaign_starts_at__isnull', False)), _connector='OR'), name='line_campaign_is_whole'),
        ),
        migrations.CreateModel(
            name='Campaign',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('share', models.FloatField(null=True)),
                ('starts_at', models.DateTimeField(null=True)),
                ('ends_at', models.DateTimeField(null=True)),
                ('reason', models.CharField(max_length=300)),
                ('announced_at', models.DateTimeField()),
                ('announced_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('line', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='campaigns', to='inspection.line')),
            ],
            options={
                'indexes': [models.Index(fields=['line', '-announced_at'], name='campaign_newest_first')],
                'constraints': [
                    models.CheckConstraint(condition=models.Q(models.Q(('ends_at', None), ('share', None), ('starts_at', None)), models.Q(('ends_at__gt', models.F('starts_at')), ('ends_at__isnull', False), ('share__isnull', False), ('starts_at__gt', models.F('announced_at')), ('starts_at__isnull', False)), _connector='OR'), name='campaign_is_announced_beforehand'),
                    models.CheckConstraint(condition=models.Q(('share__gte', 0), ('share__lte', 1)), name='campaign_share_is_a_share'),
                    models.CheckConstraint(condition=models.Q(('reason', ''), _negated=True), name='campaign_has_a_reason'),
                ],
            },
        ),
        migrations.RunPython(protect, unprotect),
    ]
