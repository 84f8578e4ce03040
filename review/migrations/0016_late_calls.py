import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from inspection import sql

TABLES = ("review_latecall",)


def protect(apps, schema_editor):
    sql.protect(TABLES)


def unprotect(apps, schema_editor):
    sql.unprotect(TABLES)


class Migration(migrations.Migration):

    dependencies = [
        ('review', '0015_exports_of_chosen_images'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='LateCall',
            fields=[
                ('id', models.UUIDField(primary_key=True, serialize=False)),
                ('phase', models.CharField(choices=[('initial', 'initial'), ('final', 'final')], max_length=20)),
                ('label', models.CharField(choices=[('pass', 'pass'), ('defect', 'defect'), ('cannot_judge', 'cannot_judge')], max_length=20)),
                ('defect_class', models.CharField(blank=True, max_length=40)),
                ('regions', models.JSONField(default=list)),
                ('comment', models.TextField(blank=True)),
                ('blind', models.BooleanField()),
                ('decided_at', models.DateTimeField()),
                ('kept_at', models.DateTimeField()),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('task', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='late_calls', to='review.reviewtask')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('task', 'person', 'phase'), name='late_call_once_per_person'), models.CheckConstraint(condition=models.Q(('label__in', ['pass', 'defect', 'cannot_judge'])), name='late_call_label_known')],
            },
        ),
        migrations.RunPython(protect, unprotect),
    ]
