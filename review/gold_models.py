"""Rows of gold items: how many a line gives, which stored image was put before whom, and when people were told."""

from django.db import models
from django.db.models import Q

from inspection.models import Item, Line, User
from inspection.models.fields import word_field
from inspection.rules.words import Call
from review.bank_models import BankDefect


class GoldRule(models.Model):
    """Whether a line gives gold items, and the share it wishes for. Written once; the newest stands."""

    line = models.ForeignKey(Line, on_delete=models.PROTECT, related_name="gold_rules")
    is_on = models.BooleanField()
    wanted_share = models.FloatField()
    set_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    set_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(wanted_share__gt=0, wanted_share__lte=0.05), name="gold_rule_share"),
        ]


class SessionEnd(models.Model):
    """A person ended a session on a line, and was told which known defects they had missed in it."""

    line = models.ForeignKey(Line, on_delete=models.PROTECT, related_name="+")
    person = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    readings = models.PositiveIntegerField()
    ended_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["person", "line", "-ended_at"], name="session_end_newest")]


class GoldShowing(models.Model):
    """A stored image of known truth, put before one person as if it had just come. Their answer is the task's."""

    task = models.OneToOneField("ReviewTask", on_delete=models.PROTECT, primary_key=True, related_name="gold")
    line = models.ForeignKey(Line, on_delete=models.PROTECT, related_name="gold_showings")
    person = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    source = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="gold_showings")
    defect = models.ForeignKey(BankDefect, on_delete=models.PROTECT, null=True, related_name="+")
    label = word_field(Call)
    defect_class = models.CharField(max_length=40, blank=True)
    staged_at = models.DateTimeField()
    told_in = models.ForeignKey(SessionEnd, on_delete=models.PROTECT, null=True, related_name="showings")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=(Q(label="defect", defect__isnull=False) & ~Q(defect_class=""))
                | Q(label="pass", defect=None, defect_class=""),
                name="gold_showing_truth_is_whole",
            ),
        ]
        indexes = [
            models.Index(fields=["person", "line", "-staged_at"], name="gold_showing_newest"),
            models.Index(fields=["line", "staged_at"], name="gold_showing_by_line"),
        ]
