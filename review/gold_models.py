"""Rows of gold items: how many a line gives, which stored image was put before whom, and when people were told."""

from django.db import models
from django.db.models import Q

from inspection.models import Item, Line, ModelVersion, User
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


class GaugeStudy(models.Model):
    """A study of how well people and the model measure: the same stored images before each, several times, unknown."""

    line = models.ForeignKey(Line, on_delete=models.PROTECT, related_name="gauge_studies")
    model_version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, null=True, related_name="+")
    call_threshold = models.FloatField()
    trials = models.PositiveSmallIntegerField()
    appraisers = models.ManyToManyField(User, related_name="+")
    started_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    started_at = models.DateTimeField()
    stopped_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    stopped_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["line"], condition=Q(stopped_at=None), name="gauge_study_one_open_per_line"
            ),
        ]


class GaugeItem(models.Model):
    """One image of a study with its standard."""

    study = models.ForeignKey(GaugeStudy, on_delete=models.PROTECT, related_name="items")
    source = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="+")
    defect = models.ForeignKey(BankDefect, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["study", "source"], name="gauge_item_once")]


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
    study = models.ForeignKey(GaugeStudy, on_delete=models.PROTECT, null=True, related_name="showings")
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
