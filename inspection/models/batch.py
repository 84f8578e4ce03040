"""Many images in one upload, taken in by a worker one after another."""

from django.db import models
from django.db.models import F, Q

from inspection.models.fields import TimeOrderedModel
from inspection.models.line import Line
from inspection.models.station import Station


class Batch(TimeOrderedModel):
    """One upload of several images and how far a worker has come with it.

    `cursor` counts the members that are through the door or refused at it; a worker that takes over goes on there.
    """

    line = models.ForeignKey(Line, on_delete=models.PROTECT, related_name="batches")
    station = models.ForeignKey(Station, on_delete=models.PROTECT, related_name="+")
    sent_by = models.ForeignKey("User", on_delete=models.PROTECT, null=True, related_name="+")
    sha256 = models.CharField(max_length=64, help_text="of the stored archive")
    members = models.JSONField(default=list, help_text="fields of inspection.batches.Member, in order")
    total = models.PositiveIntegerField()
    cursor = models.PositiveIntegerField(default=0)
    accepted = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)
    refusals = models.JSONField(default=list, help_text="the first refusals: position and code")
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(cursor=F("accepted") + F("refused"), cursor__lte=F("total")), name="batch_adds_up"
            ),
        ]
