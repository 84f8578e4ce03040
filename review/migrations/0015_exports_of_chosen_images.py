from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('review', '0013_assist_style_changes'),
    ]

    operations = [
        migrations.AddField(
            model_name='export',
            name='chosen',
            field=models.JSONField(default=list, help_text='the only images to take of what is found; none: all of them'),
        ),
    ]
