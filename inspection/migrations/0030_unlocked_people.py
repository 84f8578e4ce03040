from django.db import migrations, models

from inspection import sql

TABLES = ("inspection_personchange",)
DEEDS = ["invited", "link-given", "factor-removed", "disabled", "enabled", "unlocked"]


def protect(apps, schema_editor):
    sql.protect(TABLES)


def unprotect(apps, schema_editor):
    sql.unprotect(TABLES)


class Migration(migrations.Migration):

    dependencies = [
        ("inspection", "0029_reviewed_rollouts"),
    ]

    operations = [
        # SQLite copies a table whose constraint changes, and leaves its triggers behind.
        migrations.RunPython(unprotect, protect),
        migrations.RemoveConstraint(model_name="personchange", name="person_change_deed_known"),
        migrations.AlterField(
            model_name="personchange",
            name="deed",
            field=models.CharField(choices=[(deed, deed) for deed in DEEDS], max_length=20),
        ),
        migrations.AddConstraint(
            model_name="personchange",
            constraint=models.CheckConstraint(
                condition=models.Q(("deed__in", DEEDS)), name="person_change_deed_known"
            ),
        ),
        migrations.RunPython(protect, unprotect),
    ]
