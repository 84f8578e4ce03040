import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('inspection', '0024_columns_left_out'),
    ]

    operations = [
        migrations.AddField(
            model_name='deployment',
            name='kept_bands',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='inspection.bands'),
        ),
    ]
