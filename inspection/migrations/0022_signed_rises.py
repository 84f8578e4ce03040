from django.db import migrations

from inspection import sql


def guard(apps, schema_editor):
    sql.guard_rises()


def unguard(apps, schema_editor):
    sql.unguard_rises()


class Migration(migrations.Migration):

    dependencies = [
        ("inspection", "0021_second_opinion"),
    ]

    operations = [
        migrations.RunPython(guard, unguard),
    ]
