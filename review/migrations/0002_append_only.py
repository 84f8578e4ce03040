"""Evidence is written, never edited: the database itself refuses UPDATE and DELETE."""

from django.db import migrations

from inspection import sql

# The tables of that day; later ones are protected by the migration that makes them.
TABLES = (
    "inspection_item",
    "inspection_routing",
    "inspection_prediction",
    "inspection_modelversion",
    "inspection_bands",
    "inspection_deploymentchange",
    "inspection_gateevaluation",
    "inspection_levelchange",
    "inspection_viewverdict",
    "review_decision",
    "review_decisionfate",
    "review_truth",
)


def protect(apps, schema_editor):
    sql.protect(TABLES)


def unprotect(apps, schema_editor):
    sql.unprotect(TABLES)


class Migration(migrations.Migration):
    dependencies = [("review", "0001_initial"), ("inspection", "0004_views_and_batches")]

    operations = [migrations.RunPython(protect, unprotect)]
