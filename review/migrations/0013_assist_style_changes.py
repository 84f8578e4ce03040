import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from inspection import sql

TABLES = ("review_assiststylechange",)


def protect(apps, schema_editor):
    sql.protect(TABLES)


def unprotect(apps, schema_editor):
    sql.unprotect(TABLES)


class Migration(migrations.Migration):

    dependencies = [
        ('inspection', '0008_what_is_due'),
        ('review', '0012_rulings_held_and_asked'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='AssistStyleChange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('from_style', models.CharField(choices=[('reveal', 'reveal'), ('alongside', 'alongside')], max_length=20)),
                ('to_style', models.CharField(choices=[('reveal', 'reveal'), ('alongside', 'alongside')], max_length=20)),
                ('reason', models.CharField(max_length=300)),
                ('changed_at', models.DateTimeField()),
                ('changed_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('line', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='assist_style_changes', to='inspection.line')),
            ],
            options={
                'indexes': [models.Index(fields=['line', '-changed_at'], name='assist_style_newest_first')],
                'constraints': [
                    models.CheckConstraint(condition=models.Q(('from_style', models.F('to_style')), _negated=True), name='assist_style_change_changes'),
                    models.CheckConstraint(condition=models.Q(('reason', ''), _negated=True), name='assist_style_change_has_a_reason'),
                    models.CheckConstraint(condition=models.Q(('to_style__in', ['reveal', 'alongside'])), name='assist_style_change_to_known'),
                ],
            },
        ),
        migrations.RunPython(protect, unprotect),
    ]
