"""Rows of the training loop: data sets that never change, and trainings from the wish to the candidate."""

from typing import Any

from django.db import models
from django.db.models import Q

from inspection.models import Item, Line, ModelVersion, Rollout, User
from inspection.models.fields import word_check, word_field
from inspection.rules.words import Label
from review.rules.trainings import Cause, Split, State


class Snapshot(models.Model):
    """A data set to learn from, as it was taken: its images stand in SnapshotImage. Written once, never edited."""

    line = models.ForeignKey(Line, on_delete=models.PROTECT, related_name="snapshots")
    number = models.PositiveIntegerField()
    query = models.CharField(max_length=400, blank=True, help_text="the search of the data page; empty: all labels")
    sha256 = models.CharField(max_length=64, help_text="review.rules.manifests.hash_of its images")
    images = models.PositiveIntegerField()
    defects = models.PositiveIntegerField()
    left_out = models.JSONField(help_text="reason -> labels that were left out for it")
    taken_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    taken_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["line", "number"], name="snapshot_number_once"),
            models.CheckConstraint(condition=Q(defects__lte=models.F("images")), name="snapshot_defects_within_images"),
        ]

    def __str__(self) -> str:
        return f"s-{self.number}"


class SnapshotImage(models.Model):
    """One image of a data set with the label as it stood. Written once, never edited."""

    snapshot = models.ForeignKey(Snapshot, on_delete=models.PROTECT, related_name="members")
    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="snapshots")
    sha256 = models.CharField(max_length=64)
    group = models.CharField(max_length=64, help_text="hash of the part: never on two sides of a split")
    label = word_field(Label)
    defect_class = models.CharField(max_length=40, blank=True)
    split = word_field(Split)
    people = models.JSONField(help_text="whose readings made the label; empty for a ruling")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["snapshot", "sha256"], name="snapshot_image_once"),
            word_check("split", Split, name="snapshot_image_split_known"),
            models.CheckConstraint(
                condition=Q(label="pass", defect_class="") | (Q(label="defect") & ~Q(defect_class="")),
                name="snapshot_image_label_is_whole",
            ),
        ]


class Training(models.Model):
    """One wish for a model, and what became of it. One runs at a time; the row is the work order and the progress."""

    snapshot = models.ForeignKey(Snapshot, on_delete=models.PROTECT, related_name="trainings")
    architecture = models.CharField(max_length=40)
    minutes = models.PositiveSmallIntegerField()
    cause = word_field(Cause)
    parent = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, null=True, related_name="+")
    asked_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    asked_at = models.DateTimeField()
    state = word_field(State, default=State.WAITING.value)
    stage = models.CharField(max_length=12, blank=True)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    curve = models.JSONField(default=list, help_text="[loss while learning, loss on validation images] an epoch")
    started_at = models.DateTimeField(null=True)
    seen_at = models.DateTimeField(null=True, help_text="last sign of life of the worker")
    ended_at = models.DateTimeField(null=True)
    cancelled_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    message = models.CharField(max_length=300, blank=True)
    version = models.OneToOneField(ModelVersion, on_delete=models.PROTECT, null=True, related_name="training")
    rollout = models.ForeignKey(Rollout, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            word_check("state", State, name="training_state_known"),
            word_check("cause", Cause, name="training_cause_known"),
            models.UniqueConstraint(fields=["state"], condition=Q(state="running"), name="training_one_at_a_time"),
            models.CheckConstraint(
                condition=Q(state="done", version__isnull=False) | (~Q(state="done") & Q(version=None)),
                name="training_done_has_a_version",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["waiting", "running"], ended_at=None)
                | (~Q(state__in=["waiting", "running"]) & Q(ended_at__isnull=False)),
                name="training_ended_is_whole",
            ),
        ]
        indexes = [models.Index(fields=["snapshot", "-asked_at"], name="training_newest")]

    @property
    def line(self) -> Line:
        return self.snapshot.line

    @property
    def is_open(self) -> bool:
        return self.state in (State.WAITING, State.RUNNING)

    def move(self, *, to: State, **facts: Any) -> bool:
        """Take it from an open state into another by one conditional update. False when it is over already."""
        moved = Training.objects.filter(pk=self.pk, state__in=(State.WAITING.value, State.RUNNING.value)).update(
            state=to.value, **facts
        )
        if moved:
            self.refresh_from_db()
        return bool(moved)


class HeldBack(models.Model):
    """What a version said of an image of its snapshot that it did not learn from. Written once, never edited."""

    training = models.ForeignKey(Training, on_delete=models.PROTECT, related_name="held_back")
    member = models.ForeignKey(SnapshotImage, on_delete=models.PROTECT, related_name="+")
    probability = models.FloatField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["training", "member"], name="held_back_once"),
            models.CheckConstraint(condition=Q(probability__gte=0, probability__lte=1), name="held_back_probability"),
        ]


class RetrainingRule(models.Model):
    """When a line trains by itself. Written once; the newest stands. What comes of it only ever watches in shadow."""

    line = models.ForeignKey(Line, on_delete=models.PROTECT, related_name="retraining_rules")
    is_on = models.BooleanField()
    every_days = models.PositiveSmallIntegerField(null=True)
    on_drift = models.BooleanField(default=False)
    architecture = models.CharField(max_length=40)
    minutes = models.PositiveSmallIntegerField()
    set_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    set_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(is_on=False) | Q(on_drift=True) | Q(every_days__gte=1),
                name="retraining_rule_has_an_occasion",
            ),
        ]
