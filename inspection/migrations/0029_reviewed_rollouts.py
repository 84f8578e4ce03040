from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("inspection", "0028_folded_counts"),
    ]

    operations = [
        migrations.AddField(
            model_name="rollout",
            name="paused_for",
            field=models.CharField(
                blank=True,
                choices=[("more", "more"), ("fewer", "fewer")],
                default="",
                db_default="",
                help_text="the other call rate for which the guardrail last paused it",
                max_length=20,
            ),
        ),
        migrations.AddField(
            model_name="rollout",
            name="more_calls_reviewed_at",
            field=models.DateTimeField(
                null=True, help_text="when a person answered that the candidate calls defects more often"
            ),
        ),
        migrations.AddField(
            model_name="rollout",
            name="fewer_calls_reviewed_at",
            field=models.DateTimeField(
                null=True, help_text="when a person answered that the candidate calls defects less often"
            ),
        ),
    ]
