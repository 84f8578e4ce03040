from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('inspection', '0017_switch_approved'),
    ]

    operations = [
        migrations.AddField(
            model_name='line',
            name='loop_golden',
            field=models.CharField(choices=[('panel', 'panel'), ('side', 'side'), ('blink', 'blink')], default='panel', max_length=20),
        ),
        migrations.AddField(
            model_name='line',
            name='loop_zoom',
            field=models.CharField(choices=[('kept', 'kept'), ('fit', 'fit'), ('actual', 'actual')], default='kept', max_length=20),
        ),
        migrations.AddField(
            model_name='line',
            name='practice_aim',
            field=models.FloatField(default=0.95),
        ),
        migrations.AddField(
            model_name='line',
            name='practice_size',
            field=models.PositiveSmallIntegerField(default=50),
        ),
        migrations.AddConstraint(
            model_name='line',
            constraint=models.CheckConstraint(condition=models.Q(('loop_golden__in', ['panel', 'side', 'blink'])), name='line_loop_golden_known'),
        ),
        migrations.AddConstraint(
            model_name='line',
            constraint=models.CheckConstraint(condition=models.Q(('loop_zoom__in', ['kept', 'fit', 'actual'])), name='line_loop_zoom_known'),
        ),
        migrations.AddConstraint(
            model_name='line',
            constraint=models.CheckConstraint(condition=models.Q(('practice_size__gte', 6)), name='line_practice_has_both_kinds'),
        ),
        migrations.AddConstraint(
            model_name='line',
            constraint=models.CheckConstraint(condition=models.Q(('practice_aim__gte', 0), ('practice_aim__lte', 1)), name='line_practice_aim_is_a_share'),
        ),
    ]
