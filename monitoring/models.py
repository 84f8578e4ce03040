"""Rows of monitoring: what images were like when the line rose, and how far they have moved since."""

from django.db import models
from django.db.models import Q

from inspection.models import Line, User
from inspection.models.fields import TimeOrderedModel
from monitoring.alarm_models import Alarm, AlarmChange, AlarmThreshold
from monitoring.metric_models import GatherMark, MetricWindow
from monitoring.notice_models import Channel, Notice
from review.audit_models import Watch

__all__ = [
    "Alarm",
    "AlarmChange",
    "AlarmThreshold",
    "Baseline",
    "Channel",
    "DriftMark",
    "DriftWindow",
    "EmbeddingTest",
    "GatherMark",
    "MetricWindow",
    "Notice",
]


class Baseline(models.Model):
    """The reference of a line's images, frozen when it rose or by a lead's signature. One in force per line.

    `metrics` holds mean, sd, threshold and values of each. `cursor` is the last image that was looked at. Pictures and
    embeddings of the reference are kept by sample: they are shown, and compared with, when images have long gone.
    """

    line = models.ForeignKey(Line, on_delete=models.PROTECT, related_name="+")
    watch = models.ForeignKey(Watch, on_delete=models.PROTECT, related_name="baselines")
    metrics = models.JSONField()
    images = models.PositiveIntegerField()
    shifts = models.PositiveIntegerField()
    reason = models.CharField(max_length=300)
    taken_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    taken_at = models.DateTimeField()
    replaced_at = models.DateTimeField(null=True)
    ends_with = models.UUIDField(help_text="the last image of the reference")
    cursor = models.UUIDField(help_text="the last image that notices have looked at")
    window_after = models.UUIDField(help_text="the last image of the last window")
    window_began_at = models.DateTimeField()
    shown = models.JSONField(default=list, help_text="images that stand for the reference on pages")
    embeddings = models.BinaryField(null=True, help_text="of a sample, one after the other, half precision")
    certify_again_by = models.DateField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["line"], condition=Q(replaced_at=None), name="baseline_one_in_force_per_line"
            ),
        ]


class DriftWindow(models.Model):
    """How far one window of images lay from the reference, in its spreads, by metric. Written once."""

    baseline = models.ForeignKey(Baseline, on_delete=models.PROTECT, related_name="windows")
    images = models.PositiveIntegerField()
    distances = models.JSONField()
    over = models.JSONField(help_text="metrics beyond their threshold")
    after = models.UUIDField(null=True, help_text="the last image before the window")
    until = models.UUIDField(null=True, help_text="the last image of the window")
    estimates = models.JSONField(null=True, help_text="accuracy and escape rate without labels: never evidence")
    began_at = models.DateTimeField()
    closed_at = models.DateTimeField()


class EmbeddingTest(TimeOrderedModel):
    """How well a classifier told new pictures from those of the reference, and which looked least like them."""

    baseline = models.ForeignKey(Baseline, on_delete=models.PROTECT, related_name="embedding_tests")
    auc = models.FloatField()
    images = models.PositiveIntegerField()
    alike = models.JSONField(help_text="images that looked most like drift, the farthest first")
    tested_at = models.DateTimeField()


class DriftMark(TimeOrderedModel):
    """One entry of the time line: a notice, an alarm, or the fall after a drift that went on. Written once."""

    NOTICE, ALARM, SUSTAINED = "notice", "alarm", "sustained"

    baseline = models.ForeignKey(Baseline, on_delete=models.PROTECT, related_name="marks")
    kind = models.CharField(max_length=10, choices=[(k, k) for k in (NOTICE, ALARM, SUSTAINED)])
    metric = models.CharField(max_length=20)
    sds = models.FloatField(help_text="how far, in spreads of the reference")
    item = models.UUIDField(help_text="the newest image when it was seen")
    marked_at = models.DateTimeField()
