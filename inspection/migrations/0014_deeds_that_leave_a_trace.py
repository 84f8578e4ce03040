import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from inspection import sql


def unfix(apps, schema_editor):
    sql.unfix_roles()


def fix_as_before(apps, schema_editor):
    sql.fix_roles()


def fix(apps, schema_editor):
    sql.fix_roles(("revoked_at", "revoked_by_id"))


class Migration(migrations.Migration):

    dependencies = [
        ('inspection', '0009_limit_pictures'),
    ]

    operations = [
        # SQLite copies a table whose constraint changes, and leaves its trigger behind.
        migrations.RunPython(unfix, fix_as_before),
        migrations.AddField(
            model_name='membership',
            name='revoked_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddConstraint(
            model_name='membership',
            constraint=models.CheckConstraint(condition=models.Q(('revoked_by', None), ('revoked_at__isnull', False), _connector='OR'), name='membership_taken_away_at_a_moment'),
        ),
        migrations.RunPython(fix, unfix),
    ]
