import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from inspection import sql


TABLES = ("inspection_settingchange",)


def protect(apps, schema_editor):
    sql.protect(TABLES)


def unprotect(apps, schema_editor):
    sql.unprotect(TABLES)


def unfix(apps, schema_editor):
    sql.unfix_roles()


def fix_as_before(apps, schema_editor):
    sql.fix_roles()


def fix(apps, schema_editor):
    sql.fix_roles(("revoked_at", "revoked_by_id"))


def keep_call_thresholds(apps, schema_editor):
    """Give the epochs that lines are in the threshold they are in under. What others had is not known any more."""
    epochs = apps.get_model("inspection", "Epoch")
    for line in apps.get_model("inspection", "Line").objects.exclude(epoch=None).select_related("epoch"):
        same = epochs.objects.filter(line=line, config_hash=line.epoch.config_hash)
        same.update(call_threshold=line.call_threshold)


class Migration(migrations.Migration):

    dependencies = [
        ('inspection', '0009_limit_pictures'),
    ]

    operations = [
        # SQLite copies a table whose constraint changes, and leaves its trigger behind.
        migrations.RunPython(unfix, fix_as_before),
        migrations.AddField(
            model_name='membership',
            name='revoked_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddConstraint(
            model_name='membership',
            constraint=models.CheckConstraint(condition=models.Q(('revoked_by', None), ('revoked_at__isnull', False), _connector='OR'), name='membership_taken_away_at_a_moment'),
        ),
        migrations.RunPython(fix, unfix),
        migrations.AddField(
            model_name='epoch',
            name='call_threshold',
            field=models.FloatField(help_text='that of the hash; of epochs before it was kept, nothing', null=True),
        ),
        migrations.RunPython(keep_call_thresholds, migrations.RunPython.noop),
        migrations.CreateModel(
            name='SettingChange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(help_text='field of the line', max_length=40)),
                ('before', models.JSONField(null=True)),
                ('after', models.JSONField(null=True)),
                ('is_loosened', models.BooleanField()),
                ('reason', models.CharField(max_length=300)),
                ('changed_at', models.DateTimeField()),
                ('changed_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('line', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='setting_changes', to='inspection.line')),
                ('signature', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='inspection.scopesignature')),
            ],
            options={
                'indexes': [models.Index(fields=['line', '-changed_at'], name='setting_change_newest_first')],
                'constraints': [models.CheckConstraint(condition=models.Q(('is_loosened', False), ('signature__isnull', False), _connector='OR'), name='setting_change_loosened_by_signature'), models.CheckConstraint(condition=models.Q(('reason', ''), _negated=True), name='setting_change_has_a_reason')],
            },
        ),
        migrations.RunPython(protect, unprotect),
    ]
