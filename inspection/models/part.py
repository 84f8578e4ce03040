"""Parts, their runs through the line, and the items (images) that show them."""

from django.db import models
from django.db.models import Q

from inspection.models.fields import TimeOrderedModel
from inspection.models.line import Epoch, Line
from inspection.models.station import Station


class Salt(models.Model):
    """The secret of a line's draws for a while. Old ones stay, so that every draw can be recomputed."""

    line = models.ForeignKey(Line, on_delete=models.PROTECT, related_name="salts")
    secret = models.CharField(max_length=64)
    created_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["line", "-created_at"], name="salt_newest_first")]


class Lot(models.Model):
    """Parts that a plant releases together."""

    line = models.ForeignKey(Line, on_delete=models.PROTECT, related_name="lots")
    code = models.CharField(max_length=100)
    created_at = models.DateTimeField()
    released_at = models.DateTimeField(null=True, blank=True)
    released_by = models.ForeignKey("User", on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["line", "code"], name="lot_once_per_line")]


class PartQuerySet(models.QuerySet["Part"]):
    def real(self) -> "PartQuerySet":
        """Those that came by the line: no staged ones."""
        return self.filter(is_staged=False)


class RunQuerySet(models.QuerySet["Run"]):
    def real(self) -> "RunQuerySet":
        """Those of parts that came by the line."""
        return self.filter(part__is_staged=False)

    def natural(self) -> "RunQuerySet":
        """Those of parts that the line made: neither staged, nor sent through as a challenge."""
        return self.real().filter(part__is_challenge=False)


class ItemQuerySet(models.QuerySet["Item"]):
    def real(self) -> "ItemQuerySet":
        """Those that a camera or a person brought in: no stored image shown again."""
        return self.filter(run__part__is_staged=False)


class Part(TimeOrderedModel):
    """A physical unit: a line and a serial.

    Once rejected or held it is never passed automatically again, whatever a later run shows. A staged part never
    was on the line: a stored image is shown to people under its invented serial, and nothing counts it. A challenge
    part is a known defect that is sent through on purpose: it gets its verdict, and feeds no evidence of the line.
    """

    line = models.ForeignKey(Line, on_delete=models.PROTECT, related_name="parts")
    serial = models.CharField(max_length=100)
    lot = models.ForeignKey(Lot, on_delete=models.PROTECT, null=True, blank=True, related_name="parts")
    ever_rejected_or_held = models.BooleanField(default=False)
    is_staged = models.BooleanField(default=False)
    is_challenge = models.BooleanField(default=False)

    objects = PartQuerySet.as_manager()

    class Meta:
        constraints = [
            # An invented serial stands in nobody's way when the real part of that name comes.
            models.UniqueConstraint(
                fields=["line", "serial"], condition=Q(is_staged=False), name="part_serial_once_per_line"
            ),
            models.CheckConstraint(condition=~Q(is_staged=True, is_challenge=True), name="part_staged_or_challenge"),
        ]


class Run(TimeOrderedModel):
    """One entry of a part; rework makes the next.

    The draws are made at intake, before model and person, from the run's id and the salt, and never change.
    """

    part = models.ForeignKey(Part, on_delete=models.PROTECT, related_name="runs")
    line = models.ForeignKey(Line, on_delete=models.PROTECT, related_name="runs")
    epoch = models.ForeignKey(Epoch, on_delete=models.PROTECT, related_name="runs")
    n = models.PositiveIntegerField()
    opened_at = models.DateTimeField()
    model_due_at = models.DateTimeField()
    review_due_at = models.DateTimeField()
    views_expected = models.JSONField()
    is_open = models.BooleanField(default=True, help_text="images of this serial still join it")
    is_settled = models.BooleanField(default=False, help_text="it has its disposition")
    is_showing_due = models.BooleanField(
        default=False, help_text="a challenge part of which is still to be noted how it fared"
    )

    salt = models.ForeignKey(Salt, on_delete=models.PROTECT, related_name="+")
    shares = models.JSONField(help_text="the shares in force when the draws were made")
    drawn_truth = models.BooleanField()
    drawn_overlap = models.BooleanField()
    drawn_audit = models.BooleanField()
    drawn_control = models.BooleanField()
    drawn_check_defect = models.BooleanField()
    drawn_second_look = models.BooleanField()
    canary_position = models.FloatField()

    objects = RunQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["part", "n"], name="run_once_per_part"),
            models.UniqueConstraint(fields=["part"], condition=Q(is_open=True), name="run_one_open_per_part"),
            models.CheckConstraint(condition=Q(is_open=False) | Q(is_settled=False), name="run_settled_is_shut"),
        ]
        indexes = [
            # A run that rework overtook is shut but still owed its disposition.
            models.Index(fields=["review_due_at"], condition=Q(is_settled=False), name="run_owed_by_deadline"),
            models.Index(fields=["model_due_at"], condition=Q(is_settled=False), name="run_owed_by_model"),
            models.Index(fields=["opened_at"], condition=Q(is_showing_due=True), name="run_showing_due"),
            models.Index(fields=["line", "opened_at"], name="run_by_line_and_time"),
        ]


class Item(TimeOrderedModel):
    """One inspected image. Written once at acceptance, never updated."""

    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="items")
    line = models.ForeignKey(Line, on_delete=models.PROTECT, related_name="items")
    station = models.ForeignKey(Station, on_delete=models.PROTECT, null=True, related_name="items")
    view = models.CharField(max_length=40)
    captured_at = models.DateTimeField()
    received_at = models.DateTimeField()
    sha256 = models.CharField(max_length=64, db_index=True)
    size_bytes = models.PositiveIntegerField()
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    content_type = models.CharField(max_length=20)
    has_exif = models.BooleanField(null=True, help_text="the camera's own notes stand in the file")
    incumbent_verdict = models.CharField(
        max_length=6, blank=True, choices=[("pass", "pass"), ("reject", "reject")], default=""
    )
    duplicate_of = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="+")
    meta = models.JSONField(default=dict)

    objects = ItemQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "view"], name="item_once_per_view"),
            models.CheckConstraint(
                condition=Q(incumbent_verdict__in=["", "pass", "reject"]), name="item_incumbent_known"
            ),
        ]
        indexes = [
            models.Index(fields=["line", "received_at"], name="item_by_line_and_time"),
            models.Index(fields=["line", "id"], name="item_by_line_in_order"),
        ]


class IngestKey(models.Model):
    """An idempotency key and what it was used for. Kept 30 days."""

    station = models.ForeignKey(Station, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)
    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="+")
    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["station", "key"], name="ingest_key_once_per_station")]
