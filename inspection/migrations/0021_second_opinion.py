from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("inspection", "0020_shared_values"),
    ]

    operations = [
        migrations.AddField(
            model_name="line",
            name="second_opinion",
            field=models.BooleanField(default=False),
        ),
    ]
