from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('review', '0017_newest_readings_of_person'),
    ]

    operations = [
        migrations.AlterField(
            model_name='export',
            name='chosen',
            field=models.JSONField(db_default=[], default=list, help_text='the only images to take of what is found; none: all of them'),
        ),
    ]
