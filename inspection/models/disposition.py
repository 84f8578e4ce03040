"""What happens to a run."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from inspection.models.fields import word_check, word_field
from inspection.models.line import Line
from inspection.models.part import Item, Part, Run
from inspection.models.prediction import ModelVersion
from inspection.rules.words import DecidedBy, Level, Verdict


class AlreadySettled(Exception):
    """The run has its disposition; a second one would contradict what the line was told."""


class DispositionQuerySet(models.QuerySet["Disposition"]):
    def settle(
        self,
        runs: Collection[UUID],
        *,
        verdict: Verdict,
        decided_by: DecidedBy,
        level: Level,
        reason: str,
        at: datetime,
        model_version: ModelVersion | None = None,
        missing_views: list[str] | None = None,
    ) -> None:
        """Close these runs, all alike. Closing one twice is a bug in the caller, so it fails (AlreadySettled)."""
        closed = self.filter(run__in=runs, settled_at=None).update(
            verdict=verdict.value,
            decided_by=decided_by.value,
            level=level.value,
            reason=reason,
            settled_at=at,
            model_version=model_version,
            missing_views=missing_views or [],
        )
        if closed != len(runs):
            raise AlreadySettled(f"{len(runs) - closed} of these runs have a final disposition: {list(runs)}.")
        Run.objects.filter(pk__in=runs).update(is_open=False, is_settled=True)
        if verdict != Verdict.PASS:
            parts = Part.objects.filter(runs__in=runs, ever_rejected_or_held=False)
            parts.update(ever_rejected_or_held=True)


class Disposition(models.Model):
    """What happens to one run of a part: the worst of its views.

    Opened with the run, settled once, then given its place in the line's gap-free sequence by the finaliser.
    """

    run = models.OneToOneField(Run, on_delete=models.PROTECT, primary_key=True, related_name="disposition")
    line = models.ForeignKey(Line, on_delete=models.PROTECT, related_name="dispositions")
    verdict = models.CharField(max_length=6, null=True, choices=[(v.value, v.value) for v in Verdict])  # noqa: DJ001
    decided_by = models.CharField(max_length=8, blank=True, choices=[(d.value, d.value) for d in DecidedBy])
    level = models.CharField(max_length=8, blank=True, choices=[(v.value, v.value) for v in Level])
    model_version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, null=True, related_name="+")
    reason = models.CharField(max_length=100, blank=True)
    missing_views = models.JSONField(default=list)
    final_at = models.DateTimeField(null=True, help_text="when a provisional verdict that stands now becomes final")
    settled_at = models.DateTimeField(null=True)
    sequence = models.PositiveBigIntegerField(null=True)
    sequenced_at = models.DateTimeField(null=True)

    objects = DispositionQuerySet.as_manager()

    class Meta:
        verbose_name = _("disposition")
        verbose_name_plural = _("dispositions")
        constraints = [
            models.CheckConstraint(
                condition=Q(verdict=None, settled_at=None, decided_by="")
                | (Q(verdict__isnull=False, settled_at__isnull=False) & ~Q(decided_by="")),
                name="disposition_settled_is_whole",
            ),
            models.CheckConstraint(
                condition=Q(sequence=None) | Q(settled_at__isnull=False), name="disposition_sequenced_is_settled"
            ),
            models.CheckConstraint(
                condition=Q(verdict=None) | Q(verdict__in=[v.value for v in Verdict]), name="disposition_verdict_known"
            ),
            models.UniqueConstraint(fields=["line", "sequence"], name="disposition_sequence_once"),
        ]
        indexes = [
            models.Index(
                fields=["settled_at"],
                condition=Q(sequence=None) & Q(settled_at__isnull=False),
                name="disposition_to_be_sequenced",
            ),
        ]


class ViewVerdict(models.Model):
    """The final verdict on one image. A run takes the worst of its views; one that comes late is kept all the same."""

    item = models.OneToOneField(Item, on_delete=models.PROTECT, primary_key=True, related_name="view_verdict")
    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="view_verdicts")
    verdict = word_field(Verdict)
    decided_by = word_field(DecidedBy)
    level = word_field(Level)
    model_version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, null=True, related_name="+")
    reason = models.CharField(max_length=100)
    given_at = models.DateTimeField()

    class Meta:
        constraints = [
            word_check("verdict", Verdict, name="view_verdict_known"),
            word_check("decided_by", DecidedBy, name="view_verdict_by_known"),
        ]


class DispositionSequence(models.Model):
    """The last place given on a line. One row per line, touched by the single finaliser only."""

    line = models.OneToOneField(Line, on_delete=models.PROTECT, primary_key=True, related_name="+")
    last = models.PositiveBigIntegerField(default=0)
