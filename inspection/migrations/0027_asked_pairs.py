from django.db import migrations, models

from inspection import sql

TABLES = ("inspection_armevent",)
GUARDS = ["errors", "latency", "overturns", "escapes", "rulings", "calls"]
KINDS = ["seen", "read", "dropped", "asked", "overruled", *GUARDS]


def protect(apps, schema_editor):
    sql.protect(TABLES)


def unprotect(apps, schema_editor):
    sql.unprotect(TABLES)


class Migration(migrations.Migration):

    dependencies = [
        ("inspection", "0026_taken_back"),
    ]

    operations = [
        # SQLite copies a table whose constraint changes, and leaves its triggers behind.
        migrations.RunPython(unprotect, protect),
        migrations.RemoveConstraint(model_name="armevent", name="arm_event_kind_known"),
        migrations.AlterField(
            model_name="armevent",
            name="kind",
            field=models.CharField(choices=[(kind, kind) for kind in KINDS], max_length=20),
        ),
        migrations.AddConstraint(
            model_name="armevent",
            constraint=models.CheckConstraint(condition=models.Q(kind__in=KINDS), name="arm_event_kind_known"),
        ),
        migrations.RunPython(protect, unprotect),
    ]
