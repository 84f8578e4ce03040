"""Rows of metrics: windows in tiers, and how far each source has been read."""

from django.db import models
from django.db.models import Q

from inspection.models import Line
from monitoring.rules.summaries import Summary, packed, unpacked

MINUTE, HOUR, DAY = "minute", "hour", "day"
TIERS = (MINUTE, HOUR, DAY)


class MetricWindow(models.Model):
    """One metric of one line (of the installation without a line) over one minute, hour or day, mergeable."""

    line = models.ForeignKey(Line, on_delete=models.PROTECT, null=True, related_name="metric_windows")
    metric = models.CharField(max_length=40)
    tier = models.CharField(max_length=6, choices=[(tier, tier) for tier in TIERS])
    began_at = models.DateTimeField()
    n = models.PositiveIntegerField()
    total = models.FloatField()
    low = models.FloatField()
    high = models.FloatField()
    last = models.FloatField()
    sketch = models.BinaryField(null=True, help_text="mergeable quantiles, squeezed")
    is_rolled = models.BooleanField(default=False, help_text="the next tier holds what stands here")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["line", "metric", "tier", "began_at"],
                condition=Q(line__isnull=False),
                name="metric_window_once",
            ),
            models.UniqueConstraint(
                fields=["metric", "tier", "began_at"], condition=Q(line=None), name="metric_window_once_of_all"
            ),
            models.CheckConstraint(condition=Q(n__gt=0), name="metric_window_holds_something"),
        ]
        indexes = [
            models.Index(fields=["tier", "began_at"], name="metric_window_by_time"),
            models.Index(fields=["tier", "began_at"], condition=Q(is_rolled=False), name="metric_window_to_roll"),
        ]

    @property
    def summary(self) -> Summary:
        return Summary(self.n, self.total, self.low, self.high, self.last, unpacked(self.sketch))

    def hold(self, summary: Summary) -> None:
        """Take a summary's values; the caller saves."""
        self.n, self.total, self.last = summary.n, summary.total, summary.last
        self.low, self.high, self.sketch = summary.low, summary.high, packed(summary.sketch)
        self.is_rolled = False


class GatherMark(models.Model):
    """How far a source has been read: each fact is counted once, also after a kill."""

    source = models.CharField(max_length=60, primary_key=True)
    place = models.PositiveBigIntegerField(default=0)
    read_at = models.DateTimeField()
