"""Evidence is written, never edited: the database itself refuses UPDATE and DELETE."""

from django.db import migrations

from inspection import sql


def protect(apps, schema_editor):
    sql.protect(sql.APPEND_ONLY)


def unprotect(apps, schema_editor):
    sql.unprotect(sql.APPEND_ONLY)


class Migration(migrations.Migration):
    dependencies = [("review", "0001_initial"), ("inspection", "0004_views_and_batches")]

    operations = [migrations.RunPython(protect, unprotect)]
