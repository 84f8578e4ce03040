import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('inspection', '0016_who_registered'),
    ]

    operations = [
        migrations.AddField(
            model_name='rollout',
            name='approved_by',
            field=models.ForeignKey(help_text='who approved a blue-green switch: another person than who started it', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddConstraint(
            model_name='rollout',
            constraint=models.CheckConstraint(condition=models.Q(('approved_by', None), ('opened_by', None), models.Q(('approved_by', models.F('opened_by')), _negated=True), _connector='OR'), name='rollout_switch_approved_by_another'),
        ),
    ]
