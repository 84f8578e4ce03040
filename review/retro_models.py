"""Rows of retro-evidence: which version was tried on the sealed archive of a line, and the one word it got."""

from django.db import models
from django.db.models import Q

from inspection.models import Item, Line, ModelVersion, Product, User


class RetroTrial(models.Model):
    """One attempt of a version on the archive. The answer is open or shut and nothing else: what was missed is sealed.

    A version is known by what it computes (`fingerprint`): registered anew it gets its old answer, and the
    attempt counter goes on over everything that was ever tried.
    """

    OPEN, SHUT, LEAKED = "open", "shut", "leaked"

    line = models.ForeignKey(Line, on_delete=models.PROTECT, related_name="retro_trials")
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="+")
    model_version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="+")
    fingerprint = models.CharField(max_length=64)
    attempt = models.PositiveIntegerField()
    alphas = models.JSONField(help_text="stream -> the alpha of this attempt")
    closes_at = models.DateTimeField(help_text="parts that entered before it are the archive of this attempt")
    asked_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    answer = models.CharField(max_length=8, blank=True, choices=[(a, a) for a in (OPEN, SHUT, LEAKED)])
    parts = models.PositiveIntegerField(default=0)
    answered_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["line", "product", "attempt"], name="retro_attempt_once"),
            models.UniqueConstraint(fields=["line", "product", "fingerprint"], name="retro_version_once"),
            models.CheckConstraint(
                condition=Q(answer="", answered_at=None) | (~Q(answer="") & Q(answered_at__isnull=False)),
                name="retro_answer_is_whole",
            ),
        ]


class RetroScore(models.Model):
    """What a tried version said about one archived image. No page and no API ever shows it."""

    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="+")
    model_version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="+")
    probability = models.FloatField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["item", "model_version"], name="retro_score_once")]
