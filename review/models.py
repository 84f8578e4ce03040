"""Rows of review: readings asked for and given, rulings, truth, and the counts that gates read."""

from datetime import datetime

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from uuid_utils.compat import uuid7

from inspection.models import Bands, Epoch, Item, Line, Run, User
from inspection.models.fields import TimeOrderedModel, word_check, word_field
from inspection.rules.words import AssistStyle, Label, Level, Phase, Purpose, Stream, TruthSource
from review.audit_models import AuditFinding, AuditLot, MissResult, Watch, WatchChart
from review.band_models import BandsChange, Certification
from review.bank_models import BankDefect, BankImage, BankScore
from review.chain_models import ChainCheck
from review.challenge_models import ChallengeCalendar, ChallengePart, ChallengeRound, ChallengeShowing
from review.containment_models import ContainedRun, Containment, ContainmentReach
from review.download_models import Download
from review.export_models import Export
from review.finding_models import AmendmentDue, PhysicalFinding
from review.gold_models import GaugeItem, GaugeStudy, GoldRule, GoldShowing, PlantedCall, SessionEnd
from review.late_models import LateCall
from review.practice_models import PracticeItem, PracticeSet
from review.retro_models import RetroScore, RetroTrial
from review.rules.adjudication import Cause
from review.training_models import HeldBack, RetrainingRule, Snapshot, SnapshotImage, Training

__all__ = [
    "Adjudication",
    "AmendmentDue",
    "AuditFinding",
    "AuditLot",
    "BandsChange",
    "BankDefect",
    "BankImage",
    "BankScore",
    "Certification",
    "ChainCheck",
    "ChallengeCalendar",
    "ChallengePart",
    "ChallengeRound",
    "ChallengeShowing",
    "Chart",
    "ContainedRun",
    "Containment",
    "ContainmentReach",
    "Count",
    "CountDelta",
    "Decision",
    "DecisionFate",
    "Download",
    "Export",
    "GaugeItem",
    "GaugeStudy",
    "GoldRule",
    "GoldShowing",
    "HeldBack",
    "HeldRuling",
    "LateCall",
    "MissResult",
    "PendingDecision",
    "PhysicalFinding",
    "PlantedCall",
    "PracticeItem",
    "PracticeSet",
    "RetrainingRule",
    "RetroScore",
    "RetroTrial",
    "ReviewTask",
    "SessionEnd",
    "Snapshot",
    "SnapshotImage",
    "Training",
    "Truth",
    "Watch",
    "WatchChart",
    "newest_truths",
]


class ReviewTask(TimeOrderedModel):
    """One reading asked for. Its id is the image's address, so that no two readers share one.

    `queue_rank` is set only while the task waits (smaller comes first); a lease takes it away.
    """

    line = models.ForeignKey(Line, on_delete=models.PROTECT, related_name="review_tasks")
    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="review_tasks")
    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="review_tasks")
    purpose = word_field(Purpose)
    level = word_field(Level)
    assist_style = word_field(AssistStyle, default=AssistStyle.REVEAL.value)
    is_control = models.BooleanField(default=False)
    queue_rank = models.BigIntegerField(null=True)
    not_for = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    only_for = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    lease_holder = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="leases")
    lease_tab = models.CharField(max_length=64, blank=True)
    lease_until = models.DateTimeField(null=True)
    lease_token = models.PositiveIntegerField(default=0)
    due_at = models.DateTimeField()
    created_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["item", "purpose"], name="review_task_once_per_purpose"),
            word_check("purpose", Purpose, name="review_task_purpose_known"),
            models.CheckConstraint(
                condition=Q(closed_at=None) | Q(queue_rank=None, lease_holder=None), name="review_task_closed_is_free"
            ),
            models.CheckConstraint(
                condition=Q(lease_holder=None, lease_until=None)
                | Q(lease_holder__isnull=False, lease_until__isnull=False, queue_rank=None),
                name="review_task_leased_is_whole",
            ),
        ]
        indexes = [
            models.Index(
                fields=["line", "queue_rank"], condition=Q(queue_rank__isnull=False), name="review_task_waiting"
            ),
            models.Index(
                fields=["lease_holder"], condition=Q(lease_holder__isnull=False), name="review_task_by_holder"
            ),
            models.Index(fields=["lease_until"], condition=Q(lease_until__isnull=False), name="review_task_lease_ends"),
            # A second reading is not for the first reader: their count of waiting tasks leaves it out.
            models.Index(
                fields=["line", "not_for"],
                condition=Q(queue_rank__isnull=False, not_for__isnull=False),
                name="review_task_waiting_not_for",
            ),
            # And a gold item waits for one person alone.
            models.Index(
                fields=["line", "only_for"],
                condition=Q(queue_rank__isnull=False, only_for__isnull=False),
                name="review_task_waiting_only_for",
            ),
        ]


class Decision(models.Model):
    """A person's call on one task. Never updated: DecisionFate says whether it became final or was undone."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    task = models.ForeignKey(ReviewTask, on_delete=models.PROTECT, related_name="decisions")
    person = models.ForeignKey(User, on_delete=models.PROTECT, related_name="decisions")
    round = models.PositiveSmallIntegerField(default=1)
    phase = word_field(Phase)
    label = word_field(Label)
    defect_class = models.CharField(max_length=40, blank=True)
    regions = models.JSONField(default=list)
    comment = models.TextField(blank=True)
    shown_at = models.DateTimeField()
    decided_at = models.DateTimeField()
    view_ms = models.PositiveIntegerField()
    page = models.JSONField(default=dict, help_text="tool use, viewport, prefetch hit")
    level = word_field(Level)
    blind = models.BooleanField()
    reveal_asked = models.BooleanField(default=False)
    revealed_at = models.DateTimeField(null=True)
    recorded_at = models.DateTimeField()
    final_at = models.DateTimeField()

    class Meta:
        verbose_name = _("decision")
        verbose_name_plural = _("decisions")
        constraints = [
            models.UniqueConstraint(fields=["task", "person", "phase", "round"], name="decision_once_per_round"),
            word_check("label", Label, name="decision_label_known"),
            models.CheckConstraint(
                condition=(Q(label="defect") & ~Q(defect_class="")) | (~Q(label="defect") & Q(defect_class="")),
                name="decision_defect_has_a_class",
            ),
            models.CheckConstraint(
                condition=Q(blind=True) | Q(phase="final") | Q(revealed_at__isnull=False),
                name="decision_initial_is_blind",
            ),
        ]
        indexes = [
            # With the phase in it, a month of somebody's readings is told without a look at the rows.
            models.Index(fields=["person", "-recorded_at", "phase"], name="decision_newest_of_person"),
            models.Index(fields=["-recorded_at"], name="decision_newest"),
        ]


class DecisionFate(models.Model):
    """What became of a decision. The one row is the race between undo and the finaliser: first insert wins."""

    FINAL, UNDONE, AMENDED = "final", "undone", "amended"

    decision = models.OneToOneField(Decision, on_delete=models.PROTECT, primary_key=True, related_name="fate")
    fate = models.CharField(max_length=8, choices=[(f, f) for f in (FINAL, UNDONE, AMENDED)])
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["-at"], condition=Q(fate="amended"), name="decision_fate_amended")]


class PendingDecision(models.Model):
    """A decision inside its undo window: the finaliser's work list. Deleted when the fate is written."""

    decision = models.OneToOneField(Decision, on_delete=models.CASCADE, primary_key=True, related_name="pending")
    final_at = models.DateTimeField(db_index=True)


class Adjudication(TimeOrderedModel):
    """One image that needs a ruling. Drawn checks and disagreements look alike to the adjudicator."""

    line = models.ForeignKey(Line, on_delete=models.PROTECT, related_name="adjudications")
    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="adjudications")
    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="adjudications")
    cause = models.CharField(
        max_length=16,
        choices=[(cause.value, cause.value) for cause in Cause],
    )
    first = models.ForeignKey(Decision, on_delete=models.PROTECT, related_name="+")
    second = models.ForeignKey(Decision, on_delete=models.PROTECT, null=True, related_name="+")
    swapped = models.BooleanField(help_text="show the second reading as A")
    opened_at = models.DateTimeField()
    asked_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    asked_for = models.TextField(blank=True, help_text="why somebody who knew all of it asked; never told to who rules")
    label = models.CharField(max_length=16, blank=True, choices=[(word.value, word.value) for word in Label])
    defect_class = models.CharField(max_length=40, blank=True)
    reason = models.TextField(blank=True)
    ruled_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="rulings")
    ruled_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("adjudication")
        verbose_name_plural = _("adjudications")
        constraints = [
            models.UniqueConstraint(fields=["item"], condition=Q(ruled_at=None), name="adjudication_one_open_per_item"),
            models.CheckConstraint(
                condition=Q(ruled_at=None, ruled_by=None, label="")
                | (Q(ruled_at__isnull=False, ruled_by__isnull=False) & ~Q(label="")),
                name="adjudication_ruled_is_whole",
            ),
            models.CheckConstraint(
                condition=(Q(asked_by=None, asked_for="") & ~Q(cause="question"))
                | (Q(asked_by__isnull=False, cause="question") & ~Q(asked_for="")),
                name="adjudication_asked_is_whole",
            ),
        ]
        indexes = [
            models.Index(fields=["line", "opened_at"], condition=Q(ruled_at=None), name="adjudication_open"),
            models.Index(fields=["-opened_at"], name="adjudication_newest"),
            models.Index(fields=["line", "-ruled_at"], name="adjudication_newest_ruled"),
            models.Index(
                fields=["line", "-opened_at"], condition=Q(asked_by__isnull=False), name="adjudication_newest_asked"
            ),
        ]


class HeldRuling(TimeOrderedModel):
    """A ruling inside its undo window. Nothing follows from it before it is given; who gave it may take it back."""

    GIVEN, UNDONE, OVERTAKEN = "given", "undone", "overtaken"

    case = models.ForeignKey(Adjudication, on_delete=models.PROTECT, related_name="held")
    label = word_field(Label)
    defect_class = models.CharField(max_length=40, blank=True)
    reason = models.TextField(blank=True)
    ruled_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    held_at = models.DateTimeField()
    final_at = models.DateTimeField()
    end = models.CharField(max_length=9, blank=True, choices=[(e, e) for e in (GIVEN, UNDONE, OVERTAKEN)])
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["case"], condition=Q(ended_at=None), name="held_ruling_one_per_case"),
            models.CheckConstraint(
                condition=Q(ended_at=None, end="") | (Q(ended_at__isnull=False) & ~Q(end="")),
                name="held_ruling_end_is_whole",
            ),
        ]
        indexes = [models.Index(fields=["final_at"], condition=Q(ended_at=None), name="held_ruling_due")]

    def close(self, end: str, *, now: datetime) -> bool:
        """Say how it ended, once: the first of undo and the finaliser wins. False where it had ended."""
        mine = type(self).objects.filter(pk=self.pk, ended_at=None)
        return bool(mine.update(end=end, ended_at=now))


class Truth(models.Model):
    """The reference label of one item, in versions. The highest `n` stands."""

    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="truths")
    n = models.PositiveSmallIntegerField()
    label = word_field(Label)
    defect_class = models.CharField(max_length=40, blank=True)
    source = word_field(TruthSource)
    person = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    adjudication = models.ForeignKey(Adjudication, on_delete=models.PROTECT, null=True, related_name="truths")
    finding = models.ForeignKey(PhysicalFinding, on_delete=models.PROTECT, null=True, related_name="truths")
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = _("reference label")
        verbose_name_plural = _("reference labels")
        constraints = [
            models.UniqueConstraint(fields=["item", "n"], name="truth_version_once"),
            word_check("source", TruthSource, name="truth_source_known"),
        ]
        indexes = [models.Index(fields=["-created_at"], name="truth_newest")]


class CountDelta(models.Model):
    """What one final decision or ruling adds to a stream. Written once; folded into Count each second.

    `s` and `f` may be negative: a ruling takes back what the open disagreement counted as a failure.
    The four cells count row x column: model (or first reader) x reference, p = pass, d = defect.
    Only streams of the policy have `bands`, and only its detection a `defect_class`.
    """

    line = models.ForeignKey(Line, on_delete=models.PROTECT, related_name="+")
    epoch = models.ForeignKey(Epoch, on_delete=models.PROTECT, related_name="+")
    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="count_deltas")
    stream = word_field(Stream)
    cause = models.CharField(max_length=60, help_text="decision:<id>, ruling:<id> or finding:<id>")
    shift = models.CharField(max_length=24, help_text="shift instance: local date/name")
    person = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    bands = models.ForeignKey(Bands, on_delete=models.PROTECT, null=True, related_name="+")
    defect_class = models.CharField(max_length=40, blank=True)
    s = models.SmallIntegerField(default=0)
    f = models.SmallIntegerField(default=0)
    pp = models.SmallIntegerField(default=0)
    pd = models.SmallIntegerField(default=0)
    dp = models.SmallIntegerField(default=0)
    dd = models.SmallIntegerField(default=0)
    created_at = models.DateTimeField()
    folded_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["run", "stream", "cause", "shift", "person", "bands", "defect_class"],
                name="count_delta_once",
                nulls_distinct=False,
            ),
        ]
        indexes = [
            # As wide as reports group: they would go through the whole history for its order otherwise.
            models.Index(
                fields=["epoch", "stream", "shift", "person"], condition=Q(folded_at=None), name="count_delta_tail"
            ),
            models.Index(fields=["id"], condition=Q(folded_at=None), name="count_delta_to_fold"),
            models.Index(fields=["epoch", "stream", "created_at"], name="count_delta_history"),
        ]


class Count(models.Model):
    """Folded sums of the deltas of one place: stream, shift instance, person, bands and class. The folder's alone."""

    line = models.ForeignKey(Line, on_delete=models.PROTECT, related_name="+")
    epoch = models.ForeignKey(Epoch, on_delete=models.PROTECT, related_name="counts")
    stream = word_field(Stream)
    shift = models.CharField(max_length=24)
    person = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    bands = models.ForeignKey(Bands, on_delete=models.PROTECT, null=True, related_name="+")
    defect_class = models.CharField(max_length=40, blank=True)
    s = models.IntegerField(default=0)
    f = models.IntegerField(default=0)
    pp = models.IntegerField(default=0)
    pd = models.IntegerField(default=0)
    dp = models.IntegerField(default=0)
    dd = models.IntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["epoch", "stream", "shift", "person", "bands", "defect_class"],
                name="count_once",
                nulls_distinct=False,
            ),
        ]


class Chart(models.Model):
    """State of one sequential chart (CUSUM) of an epoch: W and how many items it has seen."""

    DISAGREEMENT = "disagreement"

    epoch = models.ForeignKey(Epoch, on_delete=models.PROTECT, related_name="charts")
    name = models.CharField(max_length=20)
    w = models.FloatField(default=0.0)
    n = models.PositiveIntegerField(default=0)
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["epoch", "name"], name="chart_once_per_epoch"),
            models.CheckConstraint(condition=Q(n__gte=0), name="chart_n_not_negative"),
        ]


def newest_truths(items: models.QuerySet) -> models.QuerySet:
    """Return the standing truth of each of the items: the row with the highest version."""
    newest = Truth.objects.filter(item=models.OuterRef("item")).order_by("-n").values("n")[:1]
    return Truth.objects.filter(item__in=items, n=models.Subquery(newest))
