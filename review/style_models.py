"""Rows of the assist style: when a line began to show predictions at another moment, by whom and why. Written once."""

from django.db import models
from django.db.models import F, Q

from inspection.models import Line, User
from inspection.models.fields import word_check, word_field
from inspection.rules.words import AssistStyle


class AssistStyleChange(models.Model):
    """From when on inspectors of a line see predictions in another way. The line itself says what stands."""

    line = models.ForeignKey(Line, on_delete=models.PROTECT, related_name="assist_style_changes")
    from_style = word_field(AssistStyle)
    to_style = word_field(AssistStyle)
    reason = models.CharField(max_length=300)
    changed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(from_style=F("to_style")), name="assist_style_change_changes"),
            models.CheckConstraint(condition=~Q(reason=""), name="assist_style_change_has_a_reason"),
            word_check("to_style", AssistStyle, name="assist_style_change_to_known"),
        ]
        indexes = [models.Index(fields=["line", "-changed_at"], name="assist_style_newest_first")]
