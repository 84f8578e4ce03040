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
    "GatherMark",
    "MetricWindow",
    "Notice",
]


class Baseline(models.Model):
    """The reference of a line's images, frozen when it rose or by a lead's signature. One in force per line.

    `metrics` holds mean, sd, threshold and values of each. `cursor` is the last image that was looked at.
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
    began_at = models.DateTimeField()
    closed_at = models.DateTimeField()


class DriftMark(TimeOrderedModel):
    """One entry of the time line: a notice, an alarm, or the fall after a drift that went on. Written once."""

    NOTICE, ALARM, SUSTAINED = "notice", "alarm", "sustained"

    baseline = models.ForeignKey(Baseline, on_delete=models.PROTECT, related_name="marks")
    kind = models.CharField(max_length=10, choices=[(k, k) for k in (NOTICE, ALARM, SUSTAINED)])
    metric = models.CharField(max_length=20)
    sds = models.FloatField(help_text="how far, in spreads of the reference")
    item = models.UUIDField(help_text="the newest image when it was seen")
    marked_at = models.DateTimeField()
