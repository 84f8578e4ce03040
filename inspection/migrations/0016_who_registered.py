import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from inspection import sql

TABLES = ("inspection_modelversion",)


def protect(apps, schema_editor):
    sql.protect(TABLES)


def unprotect(apps, schema_editor):
    sql.unprotect(TABLES)


class Migration(migrations.Migration):

    dependencies = [
        ('inspection', '0015_line_clock'),
    ]

    operations = [
        # SQLite copies a table that gets a column with a default, and leaves its triggers behind.
        migrations.RunPython(unprotect, protect),
        migrations.AddField(
            model_name='modelversion',
            name='origin',
            field=models.CharField(blank=True, choices=[('command', 'command'), ('training', 'training'), ('upload', 'upload'), ('set_up', 'set_up')], default='', max_length=20),
        ),
        migrations.AddField(
            model_name='modelversion',
            name='registered_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddConstraint(
            model_name='modelversion',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('origin', 'upload'), _negated=True), ('registered_by__isnull', False), _connector='OR'), name='model_version_uploaded_by_a_person'),
        ),
        migrations.RunPython(protect, unprotect),
    ]
