import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from inspection import sql

TABLES = ("inspection_personchange",)
DEEDS = ["invited", "link-given", "factor-removed", "disabled", "enabled"]


def protect(apps, schema_editor):
    sql.protect(TABLES)


def unprotect(apps, schema_editor):
    sql.unprotect(TABLES)


def unfix(apps, schema_editor):
    sql.unfix_roles()


def fix_as_before(apps, schema_editor):
    sql.fix_roles(("revoked_at", "revoked_by_id"))


def fix(apps, schema_editor):
    sql.fix_roles(("revoked_at", "revoked_by_id", "revoked_reason"), also=("reason",))


class Migration(migrations.Migration):

    dependencies = [
        ("inspection", "0018_how_the_loop_opens"),
    ]

    operations = [
        migrations.AddField(
            model_name="user",
            name="let_in_at",
            field=models.DateTimeField(editable=False, help_text="when an administrator last opened a way into an account that was in use", null=True),
        ),
        # SQLite copies a table that gets a column with a default, and leaves its trigger behind.
        migrations.RunPython(unfix, fix_as_before),
        migrations.AddField(
            model_name="membership",
            name="reason",
            field=models.CharField(blank=True, default="", max_length=300),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="membership",
            name="revoked_reason",
            field=models.CharField(blank=True, default="", max_length=300),
            preserve_default=False,
        ),
        migrations.RunPython(fix, unfix),
        migrations.CreateModel(
            name="PersonChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("deed", models.CharField(choices=[(deed, deed) for deed in DEEDS], max_length=20)),
                ("reason", models.CharField(blank=True, max_length=300)),
                ("done_at", models.DateTimeField()),
                ("done_by", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
                ("user", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="changes", to=settings.AUTH_USER_MODEL)),
            ],
            options={
                "indexes": [models.Index(fields=["user", "-done_at"], name="person_change_newest")],
                "constraints": [models.CheckConstraint(condition=models.Q(("deed__in", DEEDS)), name="person_change_deed_known")],
            },
        ),
        migrations.RunPython(protect, unprotect),
    ]
