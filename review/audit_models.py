"""Rows of the audit: what watches a line that decides by itself, and what was found. `review.models` names them too."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from inspection.models import Epoch, Line, Run
from inspection.models.fields import word_check, word_field
from inspection.rules.words import Level
from review.rules.auditing import Kind

WATCH_STATES = ("reduced", "normal", "tightened", "discontinued")


class Watch(models.Model):
    """One unbroken stretch of a line on one rung with one model: charts and switching start anew with each.

    References are frozen when it opens: the share that the bands pass, the rate of defect calls, the ppm target.
    """

    line = models.ForeignKey(Line, on_delete=models.PROTECT, related_name="watches")
    epoch = models.ForeignKey(Epoch, on_delete=models.PROTECT, related_name="watches")
    level = word_field(Level)
    opened_at = models.DateTimeField()
    shift = models.CharField(max_length=24, help_text="the shift instance that runs")
    shift_began_at = models.DateTimeField()
    state = models.CharField(max_length=12, choices=[(s, s) for s in WATCH_STATES])
    switched_at = models.DateTimeField(help_text="lots closed after it count toward the next switch")
    target_ppm = models.FloatField()
    auto_pass_share = models.FloatField()
    call_rate = models.FloatField(null=True)

    class Meta:
        indexes = [models.Index(fields=["line", "-id"], name="watch_newest_first")]


class WatchChart(models.Model):
    """State of one chart of a watch: limits, W, and how far it has come.

    `first` and `cursor` bound the items it has seen: audit findings and results by id, calls by sequence.
    A chart that placed a hold begins anew, in another row, once a person has lifted it.
    """

    ESCAPE, MISS, SILENCE, CALL_RATE, CALL_FALL = "escape", "miss", "silence", "call_rate", "call_fall"

    watch = models.ForeignKey(Watch, on_delete=models.PROTECT, related_name="charts")
    name = models.CharField(max_length=12, choices=[(n, n) for n in (ESCAPE, MISS, SILENCE, CALL_RATE, CALL_FALL)])
    p0 = models.FloatField()
    p1 = models.FloatField()
    warn = models.FloatField()
    act = models.FloatField()
    w = models.FloatField(default=0.0)
    n = models.PositiveIntegerField(default=0)
    bad = models.PositiveIntegerField(default=0)
    first = models.PositiveBigIntegerField(default=0)
    cursor = models.PositiveBigIntegerField(default=0)
    opened_at = models.DateTimeField()
    warned_at = models.DateTimeField(null=True)
    acted_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("chart of automatic decisions")
        verbose_name_plural = _("charts of automatic decisions")
        constraints = [
            models.UniqueConstraint(
                fields=["watch", "name"], condition=Q(closed_at=None), name="watch_chart_one_open_per_name"
            ),
            models.CheckConstraint(condition=Q(bad__lte=models.F("n")), name="watch_chart_bad_within_n"),
        ]


class AuditFinding(models.Model):
    """What one audited part showed once all its readings and rulings were final. Written once.

    A part that first looked right and turns out wrong later has two rows; the chart hears the second one too.
    """

    line = models.ForeignKey(Line, on_delete=models.PROTECT, related_name="audit_findings")
    watch = models.ForeignKey(Watch, on_delete=models.PROTECT, related_name="findings")
    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="audit_findings")
    kind = word_field(Kind)
    is_bad = models.BooleanField()
    defect_class = models.CharField(max_length=40, blank=True)
    is_critical = models.BooleanField(default=False)
    found_at = models.DateTimeField()

    class Meta:
        verbose_name = _("audit finding")
        verbose_name_plural = _("audit findings")
        constraints = [
            models.UniqueConstraint(fields=["run", "is_bad"], name="audit_finding_once"),
            word_check("kind", Kind, name="audit_finding_kind_known"),
            models.CheckConstraint(condition=Q(is_critical=False) | Q(is_bad=True), name="audit_finding_critical_bad"),
        ]


class MissResult(models.Model):
    """Whether one known defect (bank or challenge part) was passed automatically. Written once for each showing."""

    line = models.ForeignKey(Line, on_delete=models.PROTECT, related_name="miss_results")
    watch = models.ForeignKey(Watch, on_delete=models.PROTECT, related_name="miss_results")
    source = models.CharField(max_length=80, help_text="what was shown: its kind and id, unique on the line")
    is_missed = models.BooleanField()
    shown_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["line", "source"], name="miss_result_once")]


class AuditLot(models.Model):
    """The audits of one shift of a watch: how many were due, read, and found bad, and what followed."""

    watch = models.ForeignKey(Watch, on_delete=models.PROTECT, related_name="lots")
    shift = models.CharField(max_length=24)
    rate = models.FloatField()
    decided = models.PositiveIntegerField()
    drawn = models.PositiveIntegerField()
    closed = models.PositiveIntegerField()
    escapes = models.PositiveIntegerField()
    is_starved = models.BooleanField()
    state = models.CharField(max_length=12, choices=[(s, s) for s in WATCH_STATES], help_text="after this lot")
    closed_at = models.DateTimeField()

    class Meta:
        verbose_name = _("audit lot")
        verbose_name_plural = _("audit lots")
        constraints = [
            models.UniqueConstraint(fields=["watch", "shift"], name="audit_lot_once_per_shift"),
            models.CheckConstraint(condition=Q(escapes__lte=models.F("closed")), name="audit_lot_escapes_closed"),
        ]
