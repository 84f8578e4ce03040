"""Rows of calls whose lease had ended when they came: notes beside the readings. Written once; nothing counts them."""

from django.db import models

from inspection.models import User
from inspection.models.fields import word_check, word_field
from inspection.rules.words import Label, Phase


class LateCall(models.Model):
    """What a person said of an image that was no longer theirs. Its id is that of the decision it did not become."""

    id = models.UUIDField(primary_key=True)
    task = models.ForeignKey("review.ReviewTask", on_delete=models.PROTECT, related_name="late_calls")
    person = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    phase = word_field(Phase)
    label = word_field(Label)
    defect_class = models.CharField(max_length=40, blank=True)
    regions = models.JSONField(default=list)
    comment = models.TextField(blank=True)
    blind = models.BooleanField()
    decided_at = models.DateTimeField()
    kept_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["task", "person", "phase"], name="late_call_once_per_person"),
            word_check("label", Label, name="late_call_label_known"),
        ]
