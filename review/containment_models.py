"""Rows of containment: parts passed automatically since the last good audit. `review.models` names them too."""

from datetime import datetime, timedelta

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from inspection.models import Line, ModelVersion, Run, User
from inspection.models.fields import word_field
from inspection.rules.words import Level
from review.rules.containment import Found


class Containment(models.Model):
    """Everything that a line passed by itself since its audits were last good, until a person has closed each part.

    `since` is the end of the last accepted audit lot, or the beginning of the watch where there was none. With a
    `model_version`, which was rolled back, it is only what that one passed since its rollout began.
    """

    line = models.ForeignKey(Line, on_delete=models.PROTECT, related_name="containments")
    model_version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, null=True, related_name="+")
    cause = models.CharField(max_length=300)
    level = word_field(Level)
    since = models.DateTimeField()
    opened_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    opened_at = models.DateTimeField()
    listed_at = models.DateTimeField(null=True, help_text="when the list was found whole")
    closed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    closed_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("containment")
        verbose_name_plural = _("containments")
        constraints = [
            models.UniqueConstraint(fields=["line"], condition=Q(closed_at=None), name="containment_one_open_per_line"),
            models.CheckConstraint(condition=Q(since__lte=models.F("opened_at")), name="containment_since_before"),
        ]

    def __str__(self) -> str:
        return f"C-{self.pk}"

    def covers(self, reach: "ContainmentReach") -> bool:
        """Say whether the containment still lists all that the reach asked for. Widening never takes anything away."""
        is_long_enough = self.since <= reach.since and reach.asked_at <= self.opened_at
        return is_long_enough and self.model_version_id in (None, reach.model_version_id)


# A verdict that was on its way when the line fell may arrive a little later.
STRAGGLERS = timedelta(seconds=60)


class ContainmentReach(models.Model):
    """How far back a containment reaches since somebody or a rule asked for it: its opening, and each widening."""

    containment = models.ForeignKey(Containment, on_delete=models.PROTECT, related_name="reaches")
    line = models.ForeignKey(Line, on_delete=models.PROTECT, related_name="+")
    model_version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, null=True, related_name="+")
    cause = models.CharField(max_length=300)
    since = models.DateTimeField()
    asked_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    asked_at = models.DateTimeField()
    listed_at = models.DateTimeField(null=True, help_text="when the list was found whole")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(since__lte=models.F("asked_at")), name="containment_reach_since_before"),
        ]

    @property
    def ends_at(self) -> datetime:
        return self.asked_at + STRAGGLERS


class ContainedRun(models.Model):
    """One part on the list, and what a person found out about it."""

    containment = models.ForeignKey(Containment, on_delete=models.PROTECT, related_name="runs")
    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="contained")
    passed_at = models.DateTimeField()
    found = models.CharField(max_length=8, blank=True, choices=[(f.value, f.value) for f in Found])
    note = models.CharField(max_length=200, blank=True)
    requeued_at = models.DateTimeField(null=True)
    closed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    closed_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("contained part")
        verbose_name_plural = _("contained parts")
        constraints = [
            models.UniqueConstraint(fields=["containment", "run"], name="contained_run_once"),
            models.CheckConstraint(
                condition=Q(found="", closed_by=None, closed_at=None)
                | (~Q(found="") & Q(closed_by__isnull=False, closed_at__isnull=False)),
                name="contained_run_closed_is_whole",
            ),
            models.CheckConstraint(
                condition=Q(found__in=["", *(f.value for f in Found)]), name="contained_run_found_known"
            ),
        ]
        indexes = [
            models.Index(fields=["containment"], condition=Q(closed_at=None), name="contained_run_open"),
        ]
