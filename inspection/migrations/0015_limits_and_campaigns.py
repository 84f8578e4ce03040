import django.db.models.deletion
from django.db import migrations, models

from inspection import sql

TABLES = ("inspection_gatelimits",)


def protect(apps, schema_editor):
    sql.protect(TABLES)


def unprotect(apps, schema_editor):
    sql.unprotect(TABLES)


class Migration(migrations.Migration):

    dependencies = [
        ('inspection', '0009_limit_pictures'),
    ]

    operations = [
        migrations.AddField(
            model_name='gatelimits',
            name='epoch',
            field=models.ForeignKey(help_text='in which they were chosen', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='inspection.epoch'),
        ),
        migrations.RunPython(protect, unprotect),
    ]
