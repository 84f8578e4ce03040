from django.db import migrations

from inspection import sql


def fix(apps, schema_editor):
    sql.fix_roles()


def unfix(apps, schema_editor):
    sql.unfix_roles()


class Migration(migrations.Migration):
    """A role is given and taken away, never rewritten: on SQLite a later change of the table must fix it again."""

    dependencies = [("inspection", "0003_audit_receipts")]

    operations = [migrations.RunPython(fix, unfix)]
