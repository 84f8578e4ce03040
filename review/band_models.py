"""Rows of certification: what was tried on which scores, and which bands stood when. Written once."""

from django.db import models
from django.db.models import F, Q

from inspection.models import Bands, Epoch, Line, ModelVersion, Rollout, User
from inspection.models.fields import word_field
from inspection.rules.words import Level


class Certification(models.Model):
    """One attempt to certify bands, with everything that makes it repeatable: each spends its own chance of error.

    `rollout` is set where a candidate was certified before it served: then `outcome` beyond the bands stays sealed.
    """

    line = models.ForeignKey(Line, on_delete=models.PROTECT, related_name="certifications")
    epoch = models.ForeignKey(Epoch, on_delete=models.PROTECT, related_name="certifications")
    model_version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="+")
    rollout = models.ForeignKey(Rollout, on_delete=models.PROTECT, null=True, related_name="certifications")
    n = models.PositiveIntegerField()
    reason = models.CharField(max_length=20)
    inputs = models.JSONField(help_text="scores, labels, known defects, risk classes, threshold and limits")
    inputs_hash = models.CharField(max_length=64)
    outcome = models.JSONField()
    code_version = models.CharField(max_length=40)
    bands = models.OneToOneField(Bands, on_delete=models.PROTECT, null=True, related_name="certification")
    made_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    made_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["epoch", "n"], name="certification_once")]


class BandsChange(models.Model):
    """Which bands a version had on a line from when: the last row before a moment. Where it decides, two people sign.

    Rows of before candidates could be certified name no version: it is that of their bands.
    """

    line = models.ForeignKey(Line, on_delete=models.PROTECT, related_name="bands_changes")
    model_version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, null=True, related_name="+")
    bands = models.ForeignKey(Bands, on_delete=models.PROTECT, null=True, related_name="+")
    level = word_field(Level)
    certified_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    put_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=300, blank=True)
    forecast = models.JSONField(null=True, help_text="a usual shift under the bands, as it was promised when signed")
    put_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(bands=None)
                | ~Q(level__in=["partial", "full"])
                | (Q(certified_by__isnull=False) & ~Q(put_by=F("certified_by"))),
                name="bands_change_two_people_where_it_decides",
            ),
        ]
        indexes = [models.Index(fields=["line", "-put_at"], name="bands_change_newest_first")]
