import django.db.models.deletion
from django.db import migrations, models

from inspection import sql

TABLES = ("inspection_armevent",)


def protect(apps, schema_editor):
    sql.protect(TABLES)


def unprotect(apps, schema_editor):
    sql.unprotect(TABLES)


class Migration(migrations.Migration):

    dependencies = [
        ("inspection", "0027_asked_pairs"),
    ]

    operations = [
        migrations.AddField(
            model_name="rolloutstep",
            name="folded",
            field=models.JSONField(null=True, help_text="fields of inspection.arm_counts.Folded"),
        ),
        # SQLite copies a table whose column changes, and leaves its triggers behind.
        migrations.RunPython(unprotect, protect),
        migrations.RemoveIndex(model_name="armevent", name="arm_event_to_count"),
        migrations.AlterField(
            model_name="armevent",
            name="step",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="events",
                to="inspection.rolloutstep",
            ),
        ),
        migrations.AddIndex(
            model_name="armevent",
            index=models.Index(fields=["step", "id"], name="arm_event_to_fold"),
        ),
        migrations.AddIndex(
            model_name="armevent",
            index=models.Index(fields=["step", "kind", "arm", "id"], name="arm_event_of_kind"),
        ),
        migrations.RunPython(protect, unprotect),
    ]
