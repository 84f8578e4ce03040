from django.db import migrations, models

from inspection import sql

TABLES = ("inspection_armevent",)


def protect(apps, schema_editor):
    sql.protect(TABLES)


def unprotect(apps, schema_editor):
    sql.unprotect(TABLES)


class Migration(migrations.Migration):

    dependencies = [
        ("inspection", "0025_way_back"),
    ]

    operations = [
        # SQLite copies a table that gets a column with a default, and leaves its triggers behind.
        migrations.RunPython(unprotect, protect),
        migrations.RemoveConstraint(model_name="armevent", name="arm_event_once"),
        migrations.AddField(
            model_name="armevent",
            name="n",
            field=models.PositiveSmallIntegerField(db_default=0, default=0, help_text="how many rows of its kind came before it"),
        ),
        migrations.AddField(
            model_name="armevent",
            name="weight",
            field=models.SmallIntegerField(db_default=1, default=1, help_text="1, or -1 where it takes the row before it back"),
        ),
        migrations.AddConstraint(
            model_name="armevent",
            constraint=models.UniqueConstraint(fields=("run", "step", "arm", "kind", "n"), name="arm_event_once"),
        ),
        migrations.AddConstraint(
            model_name="armevent",
            constraint=models.CheckConstraint(condition=models.Q(weight__in=(1, -1)), name="arm_event_weighs_one"),
        ),
        migrations.RunPython(protect, unprotect),
    ]
