from django.db import migrations, models

from inspection import sql

TABLES = ("inspection_modelversion",)


def protect(apps, schema_editor):
    sql.protect(TABLES)


def unprotect(apps, schema_editor):
    sql.unprotect(TABLES)


def unfix(apps, schema_editor):
    sql.unfix_roles()


def fix(apps, schema_editor):
    sql.fix_roles(("revoked_at", "revoked_by_id", "revoked_reason"), also=("reason",))


class Migration(migrations.Migration):

    dependencies = [
        ('inspection', '0023_order_of_views'),
    ]

    operations = [
        migrations.AlterField(
            model_name='goldenreference',
            name='state',
            field=models.CharField(choices=[('preparing', 'preparing'), ('ready', 'ready'), ('unreadable', 'unreadable')], db_default='ready', default='ready', max_length=20),
        ),
        migrations.AlterField(
            model_name='line',
            name='loop_golden',
            field=models.CharField(choices=[('panel', 'panel'), ('side', 'side'), ('blink', 'blink')], db_default='panel', default='panel', max_length=20),
        ),
        migrations.AlterField(
            model_name='line',
            name='loop_zoom',
            field=models.CharField(choices=[('kept', 'kept'), ('fit', 'fit'), ('actual', 'actual')], db_default='kept', default='kept', max_length=20),
        ),
        migrations.AlterField(
            model_name='line',
            name='practice_aim',
            field=models.FloatField(db_default=0.95, default=0.95),
        ),
        migrations.AlterField(
            model_name='line',
            name='practice_size',
            field=models.PositiveSmallIntegerField(db_default=50, default=50),
        ),
        migrations.AlterField(
            model_name='line',
            name='second_opinion',
            field=models.BooleanField(db_default=False, default=False),
        ),
        # SQLite copies a table whose columns change, and leaves its triggers behind.
        migrations.RunPython(unfix, fix),
        migrations.AlterField(
            model_name='membership',
            name='reason',
            field=models.CharField(blank=True, db_default='', default='', max_length=300),
        ),
        migrations.AlterField(
            model_name='membership',
            name='revoked_reason',
            field=models.CharField(blank=True, db_default='', default='', max_length=300),
        ),
        migrations.RunPython(fix, unfix),
        migrations.RunPython(unprotect, protect),
        migrations.AlterField(
            model_name='modelversion',
            name='origin',
            field=models.CharField(blank=True, choices=[('command', 'command'), ('training', 'training'), ('upload', 'upload'), ('set_up', 'set_up')], db_default='', default='', max_length=20),
        ),
        migrations.RunPython(protect, unprotect),
    ]
