"""What every process must see at once and nobody needs for long."""

from django.db import models


class SharedValue(models.Model):
    """A value under a key for a while: sign-in codes that were used, attempts that were made. None keeps it."""

    key = models.CharField(max_length=250, primary_key=True)
    value = models.JSONField()
    ends_at = models.DateTimeField(null=True, db_index=True)
