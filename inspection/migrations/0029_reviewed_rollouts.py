from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("inspection", "0028_folded_counts"),
    ]

    operations = [
        migrations.AddField(
            model_name="rollout",
            name="reviewed_at",
            field=models.DateTimeField(
                null=True, help_text="when a person last went on although a guardrail that pauses stood breached"
            ),
        ),
    ]
