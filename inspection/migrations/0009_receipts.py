"""Receipts and the head of each line's chain; the database refuses to change a receipt."""

import django.db.models.deletion
from django.db import migrations, models

from inspection import sql

TABLES = ("inspection_receipt",)
KINDS = ["run", "level", "hold", "lift", "proposal", "deployment"]


def protect(apps, schema_editor):
    sql.protect(TABLES)


def unprotect(apps, schema_editor):
    sql.unprotect(TABLES)


class Migration(migrations.Migration):
    dependencies = [("inspection", "0008_waiver")]

    operations = [
        migrations.CreateModel(
            name="Receipt",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("n", models.PositiveBigIntegerField()),
                ("kind", models.CharField(choices=[(kind, kind) for kind in KINDS], max_length=20)),
                ("subject", models.CharField(max_length=40)),
                ("body", models.TextField()),
                ("previous", models.CharField(max_length=64)),
                ("hash", models.CharField(max_length=64)),
                ("sealed_at", models.DateTimeField()),
                (
                    "line",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="receipts", to="inspection.line"
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="receipts",
                        to="inspection.run",
                    ),
                ),
            ],
        ),
        migrations.AddConstraint(
            model_name="receipt",
            constraint=models.UniqueConstraint(fields=("line", "n"), name="receipt_numbered_once"),
        ),
        migrations.AddConstraint(
            model_name="receipt",
            constraint=models.UniqueConstraint(fields=("line", "kind", "subject"), name="receipt_once_per_subject"),
        ),
        migrations.AddConstraint(
            model_name="receipt",
            constraint=models.CheckConstraint(condition=models.Q(("kind__in", KINDS)), name="receipt_kind_known"),
        ),
        migrations.AddConstraint(
            model_name="receipt",
            constraint=models.CheckConstraint(condition=models.Q(("n__gte", 1)), name="receipt_counts_from_one"),
        ),
        migrations.CreateModel(
            name="ReceiptHead",
            fields=[
                (
                    "line",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="receipt_head",
                        serialize=False,
                        to="inspection.line",
                    ),
                ),
                ("n", models.PositiveBigIntegerField(default=0)),
                ("hash", models.CharField(default="0" * 64, max_length=64)),
                (
                    "sequence",
                    models.PositiveBigIntegerField(
                        default=0, help_text="the last disposition that has its receipt"
                    ),
                ),
            ],
        ),
        migrations.RunPython(protect, unprotect),
    ]
