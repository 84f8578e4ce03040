"""Rows of files with data that somebody took away. Written once; `review.models` names them too."""

from django.db import models

from inspection.models import Line, User


class Download(models.Model):
    """Somebody took data of a line away as a file: which, and what it was asked for."""

    line = models.ForeignKey(Line, on_delete=models.PROTECT, related_name="downloads")
    file = models.CharField(max_length=120)
    query = models.CharField(max_length=400, blank=True)
    taken_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    taken_at = models.DateTimeField()
