from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("inspection", "0022_signed_rises"),
    ]

    operations = [
        migrations.AddField(
            model_name="line",
            name="view_order",
            field=models.JSONField(blank=True, help_text="in which the loop takes the views; none: as they are listed", null=True),
        ),
    ]
