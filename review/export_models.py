"""Rows of exports. `review.models` names them too."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from inspection.models import Epoch, Line, User
from inspection.models.fields import TimeOrderedModel, word_check, word_field
from review.rules.exporting import Failure, State


class Export(TimeOrderedModel):
    """Somebody asked for what a search finds as one file. The row stays; the file goes after a day."""

    line = models.ForeignKey(Line, on_delete=models.PROTECT, related_name="exports")
    epoch = models.ForeignKey(Epoch, on_delete=models.PROTECT, related_name="+")
    query = models.CharField(max_length=400, blank=True)
    chosen = models.JSONField(
        default=list, db_default=[], help_text="the only images to take of what is found; none: all of them"
    )
    with_images = models.BooleanField()
    asked_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    state = word_field(State, default=State.WAITING.value)
    failure = models.CharField(max_length=20, blank=True, choices=[(one.value, one.value) for one in Failure])
    total = models.PositiveIntegerField(default=0, help_text="images selected; 0 until they are counted")
    done = models.PositiveIntegerField(default=0)
    missing = models.PositiveIntegerField(default=0, help_text="images whose file was gone or damaged")
    sha256 = models.CharField(max_length=64, blank=True)
    size_bytes = models.PositiveBigIntegerField(default=0)
    finished_at = models.DateTimeField(null=True)
    dropped_at = models.DateTimeField(null=True, help_text="when the file was removed")

    class Meta:
        verbose_name = _("export")
        verbose_name_plural = _("exports")
        constraints = [
            word_check("state", State, name="export_state_known"),
            models.CheckConstraint(condition=Q(done__lte=F("total"), missing__lte=F("done")), name="export_adds_up"),
            models.CheckConstraint(
                condition=(Q(state="ready", finished_at__isnull=False) & ~Q(sha256=""))
                | (~Q(state="ready") & Q(sha256="")),
                name="export_ready_is_whole",
            ),
            models.CheckConstraint(
                condition=(Q(state="failed") & ~Q(failure="")) | (~Q(state="failed") & Q(failure="")),
                name="export_failed_says_why",
            ),
        ]
        indexes = [models.Index(fields=["line", "-asked_at"], name="export_newest_of_line")]
